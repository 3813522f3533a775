/** Lets jobs on one key run one after the other, those on different keys side by side. */
export class Turns {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs after everything of the same key that came earlier, however that ended. */
  take<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve()
    const mine = before.then(job)
    const tail = mine.then(ended, ended)
    this.#tails.set(key, tail)
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    })
    return mine
  }

  /** Resolves when nothing is left of what was asked for so far. */
  async quiet(): Promise<void> {
    await Promise.all(this.#tails.values())
  }
}

function ended(): undefined {
  return undefined
}
