import type { Clock } from '../../src/rollout/ports.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Time that passes only when nothing else is left to do. */
export class SimClock implements Clock {
  #now = 0
  #order = 0
  readonly #timers = new Set<Timer>()

  monotonic(): number {
    return this.#now
  }

  wall(): number {
    return 1_700_000_000_000 + this.#now
  }

  timer(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.timer(ms, resolve))
  }

  /** Lets time pass until `done`, or until `limit` ms have gone by; says which. */
  async runUntil(done: () => boolean, limit: number): Promise<boolean> {
    const end = this.#now + limit
    for (;;) {
      await settled()
      if (done()) return true
      const next = this.#earliest()
      if (!next || next.at > end) {
        this.#now = end
        return done()
      }
      this.#timers.delete(next)
      this.#now = next.at
      next.run()
    }
  }

  #earliest(): Timer | null {
    let best: Timer | null = null
    for (const timer of this.#timers) {
      if (!best || timer.at < best.at || (timer.at === best.at && timer.order < best.order)) best = timer
    }
    return best
  }
}

/** Resolves when every promise that could go on has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
