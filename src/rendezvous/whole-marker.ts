import { Transform, type TransformCallback } from 'node:stream'

/**
 * `heroku run --exit-code` has the shell write U+FFFF and a sentence with the exit status at the end, and looks for both
 * in one piece of what it receives.
 */
const MARK = Buffer.from('\uFFFF')
/** Longest line that begins with the mark, bytes. */
const MOST_LINE = 80
/** What might become such a line is held back for so long, ms. */
const HOLD_MS = 200
const NEW_LINE = 0x0a

/** Passes bytes on, and a line that begins with the mark as a piece of its own that is never cut. */
export class WholeMarker extends Transform {
  #held: Buffer = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    clearTimeout(this.#timer)
    const all = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk
    const at = markIn(all)
    const rest = all.subarray(at)
    if (at > 0) this.push(all.subarray(0, at))
    this.#held = rest
    if (isWhole(rest)) this.#letGo()
    else this.#timer = setTimeout(() => this.#letGo(), HOLD_MS)
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#letGo()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    done(error)
  }

  #letGo(): void {
    clearTimeout(this.#timer)
    if (this.#held.length > 0) this.push(this.#held)
    this.#held = Buffer.alloc(0)
  }
}

/** Where the last mark, or what may be the beginning of one at the end, begins; the length when there is none. */
function markIn(bytes: Buffer): number {
  const whole = bytes.lastIndexOf(MARK)
  if (whole >= 0) return whole
  const partial = [2, 1].find((length) => bytes.subarray(-length).equals(MARK.subarray(0, length)))
  return bytes.length - (partial ?? 0)
}

/** Nothing that could still come belongs to it. */
function isWhole(line: Buffer): boolean {
  return line.length === 0 || line.includes(NEW_LINE) || line.length > MOST_LINE
}
