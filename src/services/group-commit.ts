import { setImmediate as turn } from 'node:timers/promises'
import type { Store } from '../store/open.ts'
import type { Tables } from '../store/tables.ts'

/** Jobs in one transaction: others want to write in between. */
const AT_ONCE = 100

interface Waiting {
  readonly job: (tables: Tables) => Promise<void>
  readonly reject: (error: unknown) => void
  readonly settle: () => void
}

/**
 * Writes of many callers, those that come at the same time in one transaction: a commit waits for the disk, however little
 * is in it. A job that throws takes those of its transaction with it.
 */
export class GroupCommit {
  readonly #store: Pick<Store, 'transaction'>
  readonly #waiting: Waiting[] = []
  #running = false

  constructor(store: Pick<Store, 'transaction'>) {
    this.#store = store
  }

  /** Durable when it resolves, with what the job returned. */
  run<T>(job: (tables: Tables) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: { readonly value: T } | null = null
      this.#waiting.push({
        job: async (tables) => {
          result = { value: await job(tables) }
        },
        settle: () => resolve(result!.value),
        reject,
      })
      if (!this.#running) void this.#runAll()
    })
  }

  async #runAll(): Promise<void> {
    this.#running = true
    while (this.#waiting.length > 0) {
      // All that has arrived by now is read before this goes on: a commit holds up everybody.
      await turn()
      await this.#commit(this.#waiting.splice(0, AT_ONCE))
    }
    this.#running = false
  }

  async #commit(jobs: readonly Waiting[]): Promise<void> {
    try {
      await this.#store.transaction(async (tables) => {
        for (const { job } of jobs) await job(tables)
      })
      for (const { settle } of jobs) settle()
    } catch (error) {
      for (const { reject } of jobs) reject(error)
    }
  }
}
