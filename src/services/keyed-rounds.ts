import { setImmediate as turn } from 'node:timers/promises'
import type { ServiceLog } from './context.ts'

const MOST_WAIT_MS = 60_000
const AFTER_FAILURE_MS = 5000

/**
 * Sees to what waits under a key: one round of a key at a time, and what is asked for meanwhile makes another. A round says
 * in how many ms it is to be held again by itself, or null; one that throws is held again a little later.
 */
export class KeyedRounds {
  readonly #round: (key: string) => Promise<number | null>
  readonly #log: ServiceLog
  readonly #what: string
  readonly #busy = new Map<string, { again: boolean; done: Promise<void> }>()
  readonly #timers = new Map<string, NodeJS.Timeout>()
  #state: 'new' | 'started' | 'stopped' = 'new'

  /** `what` fails, for the log: "Sending reports". */
  constructor(what: string, log: ServiceLog, round: (key: string) => Promise<number | null>) {
    this.#what = what
    this.#log = log
    this.#round = round
  }

  /** Rounds are to end soon: no other will be held. */
  get stopped(): boolean {
    return this.#state === 'stopped'
  }

  start(keys: readonly string[]): void {
    this.#state = 'started'
    for (const key of keys) this.poke(key)
  }

  /** Resolves when the rounds under way have ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped'
    for (const timer of this.#timers.values()) clearTimeout(timer)
    await Promise.all([...this.#busy.values()].map(({ done }) => done))
  }

  /** Something waits. Before `start`, and after `stop`, nothing happens. */
  poke(key: string): void {
    if (this.#state !== 'started') return
    const running = this.#busy.get(key)
    if (running) running.again = true
    else this.#begin(key)
  }

  #begin(key: string): void {
    this.#forget(key)
    const entry = { again: false, done: Promise.resolve() }
    this.#busy.set(key, entry)
    entry.done = this.#hold(key).then((wait) => {
      this.#busy.delete(key)
      if (this.#state !== 'started') return
      if (entry.again) this.#begin(key)
      else if (wait !== null) this.#later(key, wait)
    })
  }

  async #hold(key: string): Promise<number | null> {
    try {
      // What comes together is seen to together.
      await turn()
      return await this.#round(key)
    } catch (error) {
      this.#log.error({ key, error: String(error) }, `${this.#what} failed; again soon`)
      return AFTER_FAILURE_MS
    }
  }

  #later(key: string, ms: number): void {
    const timer = setTimeout(() => this.poke(key), Math.min(ms, MOST_WAIT_MS)).unref()
    this.#timers.set(key, timer)
  }

  #forget(key: string): void {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
  }
}
