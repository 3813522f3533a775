/** Runs jobs at most `most` at once, and those of one key one after the other, in the order in which they came. */
export class KeyedQueue {
  readonly #most: number
  readonly #waiting: { key: string; job: () => Promise<void> }[] = []
  readonly #running = new Map<string, Promise<void>>()

  constructor(most: number) {
    this.#most = most
  }

  /** `job` must not throw. */
  add(key: string, job: () => Promise<void>): void {
    this.#waiting.push({ key, job })
    this.#next()
  }

  /** Forgets what has not begun, and waits for what has. */
  async drain(): Promise<void> {
    this.#waiting.length = 0
    await Promise.all(this.#running.values())
  }

  #next(): void {
    if (this.#running.size >= this.#most) return
    const index = this.#waiting.findIndex(({ key }) => !this.#running.has(key))
    if (index < 0) return
    const [{ key, job }] = this.#waiting.splice(index, 1) as [{ key: string; job: () => Promise<void> }]
    const run = job().finally(() => {
      this.#running.delete(key)
      this.#next()
    })
    this.#running.set(key, run)
    this.#next()
  }
}
