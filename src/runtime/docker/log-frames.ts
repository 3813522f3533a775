import { Transform, type TransformCallback } from 'node:stream'

/** One entry of a container's log. */
export interface LogEntry {
  /** 1 for standard output, 2 for standard error. */
  readonly stream: number
  /** When it was written, by the host's clock, as Docker has it: to the nanosecond. */
  readonly at: string
  /** With its line end; without one where a long line goes on in the next entry. */
  readonly text: Buffer
}

interface Frame {
  readonly stream: number
  readonly content: Buffer
}

const HEADER = 8
const BLANK = 0x20

/** Cuts what Docker sends of a container without a terminal into frames. What is not whole yet waits for the next piece. */
export class Frames {
  #rest: Buffer = Buffer.alloc(0)

  push(piece: Buffer): Frame[] {
    let rest = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const frames: Frame[] = []
    for (let size = wholeFrame(rest); size !== null; size = wholeFrame(rest)) {
      frames.push({ stream: rest[0]!, content: rest.subarray(HEADER, HEADER + size) })
      rest = rest.subarray(HEADER + size)
    }
    this.#rest = rest
    return frames
  }
}

/** Bytes of the first frame's content; null when not all of it is there. */
function wholeFrame(bytes: Buffer): number | null {
  if (bytes.length < HEADER) return null
  const size = bytes.readUInt32BE(4)
  return bytes.length < HEADER + size ? null : size
}

/** A frame of a log that was asked for with times. */
export function logEntry({ stream, content }: Frame): LogEntry {
  const blank = content.indexOf(BLANK)
  return { stream, at: content.toString('latin1', 0, blank), text: content.subarray(blank + 1) }
}

/** Standard output and error as one stream, without the frames. */
export class Unframed extends Transform {
  readonly #frames = new Frames()

  override _transform(piece: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (const { content } of this.#frames.push(piece)) this.push(content)
    done()
  }
}
