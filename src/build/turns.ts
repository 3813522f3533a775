/** Lets one task at a time run for each key, in the order in which they came. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Runs the task when its turn has come; rejects with the signal's reason when that is aborted while it waits. */
  async take<Result>(key: string, signal: AbortSignal, task: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(key) ?? Promise.resolve()
    const turn = first(before, signal).then(task)
    // Whoever comes next also waits for those before a task that gave up its place.
    const over = Promise.allSettled([before, turn])
    this.#last.set(key, over)
    over.then(() => {
      if (this.#last.get(key) === over) this.#last.delete(key)
    })
    return turn
  }
}

/** Waits for `before`, unless the signal is aborted first. */
async function first(before: Promise<unknown>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    await Promise.race([before, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
