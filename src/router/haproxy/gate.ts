/**
 * Lets operations on different keys run side by side, those on one key one after the other,
 * and a change of everything (a reload) alone.
 */
export class Gate {
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #running = new Set<Promise<unknown>>()
  #alone: Promise<unknown> | null = null

  /** Runs after everything of the same key that came earlier, and never beside `alone`. */
  shared<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(() => this.#enter(run))
    const tail = mine.catch(ignored)
    this.#tails.set(key, tail)
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    return mine
  }

  /** Waits for what runs, then runs with nothing else beside it. */
  alone<T>(run: () => Promise<T>): Promise<T> {
    const before = this.#alone ?? Promise.resolve()
    const mine = before.then(() => Promise.all(this.#running)).then(run)
    const tail = mine.catch(ignored)
    this.#alone = tail
    void tail.then(() => {
      if (this.#alone === tail) this.#alone = null
    })
    return mine
  }

  async #enter<T>(run: () => Promise<T>): Promise<T> {
    while (this.#alone) await this.#alone
    const work = run()
    const tail = work.catch(ignored)
    this.#running.add(tail)
    void tail.then(() => this.#running.delete(tail))
    return work
  }
}

/** The caller gets the error; whoever waits in line only needs the end. */
const ignored = () => undefined
