import type { ServiceLog } from './context.ts'

/** What is done by the clock. A round that fails is told of and done again at its next time. */
export class Schedule {
  readonly #log: ServiceLog
  readonly #timers: NodeJS.Timeout[] = []
  readonly #running = new Set<Promise<void>>()

  constructor(log: ServiceLog) {
    this.#log = log
  }

  every(ms: number, what: string, job: () => Promise<unknown>): void {
    let busy = false
    const round = async () => {
      if (busy) return
      busy = true
      await job().catch((error: unknown) => this.#log.error({ error: String(error) }, `${what} failed`))
      busy = false
    }
    this.#timers.push(setInterval(() => this.#keep(round()), ms).unref())
  }

  /** No more rounds; resolves when those under way have ended. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#running)
  }

  #keep(round: Promise<void>): void {
    this.#running.add(round)
    void round.finally(() => this.#running.delete(round))
  }
}
