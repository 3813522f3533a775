import type { ServiceDeps } from './context.ts'

/** How long an answer is kept for who asks again, ms. */
export const REPLAY_MS = 5 * 60_000

/** Answers that outlive the control plane that gave them, for who lost the connection with it. */
export class ReplayService {
  readonly #deps: Pick<ServiceDeps, 'store' | 'log'>

  constructor(deps: Pick<ServiceDeps, 'store' | 'log'>) {
    this.#deps = deps
  }

  /** What was kept under that key; null for nothing. */
  find(key: string): Promise<string | null> {
    return this.#deps.store.tables.replays.get(key)
  }

  /** Durable when it resolves. Never rejects: what was done is done, also when this can not be kept. */
  async keep(key: string, answer: string): Promise<void> {
    try {
      await this.#deps.store.tables.replays.put(key, answer, Date.now())
    } catch (error) {
      this.#deps.log.warn({ error: String(error) }, 'An answer could not be kept for who asks again')
    }
  }

  /** Forgets what nobody asks for any more. */
  collect(now: number): Promise<void> {
    return this.#deps.store.tables.replays.forget(now - REPLAY_MS)
  }
}
