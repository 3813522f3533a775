/** Longest burst made up for after the process was held up: a second's worth would be no steady load. */
const MOST_BEHIND_MS = 1_000
const TICK_MS = 2

/** Calls `due` at a constant rate whatever becomes of the calls before, with the time at which each was due. */
export class Pace {
  readonly #timer: NodeJS.Timeout

  constructor(perSecond: number, due: (at: number) => void) {
    const gap = 1_000 / perSecond
    // A random phase, so that several paces do not beat together.
    let next = performance.now() + Math.random() * gap
    this.#timer = setInterval(() => {
      const now = performance.now()
      next = Math.max(next, now - MOST_BEHIND_MS)
      for (; next <= now; next += gap) due(next)
    }, TICK_MS)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
