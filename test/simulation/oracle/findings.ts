/** A rule that was broken. */
export interface Violation {
  readonly rule: string
  readonly what: string
  /** ms of the simulated clock. */
  readonly at: number
}

/** What the oracles found; the first one ends the run. */
export class Findings {
  readonly #now: () => number
  readonly #stop: () => void
  readonly violations: Violation[] = []

  constructor(now: () => number, stop: () => void) {
    this.#now = now
    this.#stop = stop
  }

  add(rule: string, what: string): void {
    this.violations.push({ rule, what, at: this.#now() })
    this.#stop()
  }
}
