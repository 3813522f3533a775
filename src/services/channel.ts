/** A queue between one that pushes when it likes and one that reads when it can; ends with its signal. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #queue: T[] = []
  readonly #signal: AbortSignal
  #ended = false
  #wake: (() => void) | null = null

  constructor(signal: AbortSignal) {
    this.#signal = signal
    signal.addEventListener('abort', () => this.end(), { once: true })
    if (signal.aborted) this.end()
  }

  /** What waits to be read. */
  get size(): number {
    return this.#queue.length
  }

  push(item: T): void {
    if (this.#ended) return
    this.#queue.push(item)
    this.#wake?.()
  }

  /** What was pushed before is still read. */
  end(): void {
    this.#ended = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    while (!this.#signal.aborted) {
      const next = this.#queue.shift()
      if (next !== undefined) yield next
      else if (this.#ended) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
