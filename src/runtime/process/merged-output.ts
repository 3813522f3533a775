import type { Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** After the end of a run, a pipe that a stray still holds open is read until nothing has come for this long. */
const QUIET_MS = 1_000

/** Standard output and error in one stream. Whoever reads it slowly slows both. */
export class MergedOutput {
  readonly stream = new PassThrough()
  /** Resolves when both have been closed. */
  readonly closed: Promise<unknown>
  readonly #outputs: readonly Socket[]

  constructor(outputs: readonly Socket[]) {
    this.#outputs = outputs
    this.closed = Promise.all(outputs.map((output) => new Promise((done) => output.once('close', done))))
    for (const output of outputs) {
      // A pipe that breaks is closed too.
      output.on('error', () => output.destroy())
      output.pipe(this.stream, { end: false })
    }
    this.stream.once('close', () => this.#letGo())
  }

  /** The program has ended: what the pipes still hold is passed on, then the stream ends. */
  async finish(): Promise<void> {
    while (!(await this.#isQuiet()));
    this.#letGo()
    if (!this.stream.destroyed) this.stream.end()
  }

  /** Both are at their end, or nobody is kept from reading and nothing comes. */
  async #isQuiet(): Promise<boolean> {
    const before = this.#read()
    const closed = await Promise.race([this.closed.then(() => true), delay(QUIET_MS, false, { ref: false })])
    return closed || this.stream.destroyed || (this.#read() === before && !this.stream.writableNeedDrain)
  }

  #read(): number {
    return this.#outputs.reduce((sum, { bytesRead }) => sum + bytesRead, 0)
  }

  #letGo(): void {
    for (const output of this.#outputs) output.destroy()
  }
}
