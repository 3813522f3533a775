import { Transform, type TransformCallback } from 'node:stream'

const EOT = 0x04
/** An EOT that nothing follows for so long was the last of the input, ms. */
const QUIET_MS = 100

/**
 * What a client without a terminal sends, for a program without one: the client says that its input has ended by an EOT
 * in a piece of its own, which is the last that it sends. Anywhere else, EOT is a byte like all others.
 */
export class EndOfInput extends Transform {
  #timer: NodeJS.Timeout | undefined

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    if (this.#timer !== undefined) this.push(Buffer.of(EOT))
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (chunk.length === 1 && chunk[0] === EOT) this.#timer = setTimeout(() => this.push(null), QUIET_MS)
    else this.push(chunk)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    done(error)
  }
}
