import type { Claim, Death, Ended, Span } from './books.ts'
import { Timeline } from './timeline.ts'

/** A rollout that has ended, whole. */
export interface EndedRollout extends Ended {
  readonly id: string
  readonly number: number
  /** What was asked for. */
  readonly command: string
  readonly strategy: string
  readonly reason: string | null
  readonly claim: Claim
  readonly complete: boolean
  readonly gaps: readonly string[]
}

/** Everything that one run of chaos writes down. */
export class Ledger {
  readonly timeline = new Timeline()
  readonly deaths: Death[] = []
  readonly outages: Span[] = []
  /** While no control plane could see anything. */
  readonly absences: Span[] = []
  readonly rollouts: EndedRollout[] = []
  /** Faults that were carried out, by kind. */
  readonly faults: Record<string, number> = {}
  /** Commands that were carried out. */
  commands = 0
  /** What must not be, in sentences. */
  readonly findings: string[] = []
  readonly #tell: (rollout: EndedRollout) => void

  /** `tell` is called for each rollout as it ends. */
  constructor(tell: (rollout: EndedRollout) => void) {
    this.#tell = tell
  }

  /**
   * Since when something that was seen then may have been so: what happens in an absence, or too shortly before it, is seen
   * after it.
   */
  since(seen: number, afterMs: number): number {
    const blind = this.absences.filter(({ from, to }) => from <= seen && to + afterMs >= seen)
    return Math.min(seen, ...blind.map(({ from }) => from)) - afterMs
  }

  fault(kind: string, note: string): void {
    this.faults[kind] = (this.faults[kind] ?? 0) + 1
    this.timeline.note(note)
  }

  find(what: string): void {
    this.findings.push(what)
    this.timeline.note(`FOUND: ${what}`)
  }

  ended(rollout: Omit<EndedRollout, 'number'>): void {
    const numbered = { ...rollout, number: this.rollouts.length + 1 }
    this.rollouts.push(numbered)
    const { app, command, outcome, reason } = numbered
    this.timeline.note(`${app}: ${command} ${outcome}${reason === null ? '' : `: ${reason}`}`, numbered.to)
    this.#tell(numbered)
  }
}
