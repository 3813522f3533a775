import type { LogLine } from './parse.ts'
import { Sequence, type SequenceState } from './sequence.ts'

/** Where the reading of one worker's log stands, as it lies on disk. */
export interface PositionState {
  readonly pid: number
  /** Start of the process in the system's own ticks: with the pid it names the worker for ever. */
  readonly start: string
  /** The last line that was counted, as HAProxy wrote it. */
  readonly last: string | null
  readonly sequences: Readonly<Record<string, SequenceState>>
}

/** Lines of two threads may overtake each other by a few places. */
const DISORDER = 256

/**
 * Follows one worker's log over several connections. A new connection gets everything that the worker's ring still
 * holds, so the lines that were counted before are recognised by the last of them and passed over.
 */
export class Position {
  readonly pid: number
  readonly start: string
  #last: string | null
  readonly #sequences: Map<string, Sequence>
  #seeking = false
  /** Until the first connection of this process has caught up, what was counted before is new to its memory. */
  #restored: boolean
  #held: { text: string; line: LogLine }[] = []

  constructor(state: PositionState) {
    this.pid = state.pid
    this.start = state.start
    this.#last = state.last
    this.#restored = state.last !== null
    this.#sequences = new Map(
      Object.entries(state.sequences).map(([frontend, sequence]) => [frontend, new Sequence(sequence)]),
    )
  }

  /** Names the worker: a process id comes back, one with its start does not. */
  get worker(): string {
    return `${this.pid}@${this.start}`
  }

  /** A new connection begins: what comes may have been counted before. */
  reconnected(): void {
    this.#seeking = this.#last !== null
    this.#held = []
  }

  /** Takes a line as it comes; calls `fresh` for those to be counted and `past` for those counted before. */
  take(text: string, line: LogLine, fresh: (line: LogLine) => void, past: (line: LogLine) => void): void {
    if (!this.#seeking) this.#count(text, line, fresh)
    else if (text === this.#last) this.#found(line, past)
    else {
      this.#held.push({ text, line })
      if (line.seq > this.#sequence(line).to + DISORDER) this.#giveUp(fresh)
    }
  }

  /** Lines written by the worker and never read. */
  get missing(): number {
    return [...this.#sequences.values()].reduce((sum, sequence) => sum + sequence.missing, 0)
  }

  toJSON(): PositionState {
    return {
      pid: this.pid,
      start: this.start,
      last: this.#last,
      sequences: Object.fromEntries(
        [...this.#sequences].map(([name, sequence]) => [name, sequence.toJSON()]),
      ),
    }
  }

  #found(line: LogLine, past: (line: LogLine) => void): void {
    this.#seeking = false
    if (this.#restored) for (const held of [...this.#held, { line }]) past(held.line)
    this.#restored = false
    this.#held = []
  }

  /** The last counted line has been overwritten: all that is younger is fresh, and the numbers show the gap. */
  #giveUp(fresh: (line: LogLine) => void): void {
    this.#seeking = false
    const seen = new Map([...this.#sequences].map(([name, sequence]) => [name, sequence.to]))
    for (const { text, line } of this.#held)
      if (line.seq > (seen.get(nameOf(line)) ?? -1)) this.#count(text, line, fresh)
    this.#held = []
  }

  #count(text: string, line: LogLine, fresh: (line: LogLine) => void): void {
    this.#last = text
    this.#sequence(line).add(line.seq)
    fresh(line)
  }

  #sequence(line: LogLine): Sequence {
    const found = this.#sequences.get(nameOf(line))
    if (found) return found
    const made = Sequence.startingAt(line.seq)
    this.#sequences.set(nameOf(line), made)
    return made
  }
}

/** HAProxy counts by frontend, with and without TLS together. */
function nameOf(line: LogLine): string {
  return line.frontend.endsWith('~') ? line.frontend.slice(0, -1) : line.frontend
}
