import { randomBytes } from 'node:crypto'

export const TEXT = 1
export const CLOSE = 8
export const PING = 9
export const PONG = 10

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** A masked frame, as a client has to send it. Payload: at most 125 bytes. */
export function encodeFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const frame = Buffer.alloc(6 + payload.length)
  frame[0] = 0x80 | opcode
  frame[1] = 0x80 | payload.length
  mask.copy(frame, 2)
  for (let at = 0; at < payload.length; at++) frame[6 + at] = payload[at]! ^ mask[at % 4]!
  return frame
}

/** Takes frames of a server (not masked, not fragmented) out of what arrives. */
export class FrameReader {
  #buffer: Buffer = Buffer.alloc(0)

  push(chunk: Buffer): Frame[] {
    this.#buffer = Buffer.concat([this.#buffer, chunk])
    const frames: Frame[] = []
    for (let frame = this.#take(); frame; frame = this.#take()) frames.push(frame)
    return frames
  }

  #take(): Frame | null {
    if (this.#buffer.length < 2) return null
    const short = this.#buffer[1]! & 0x7f
    if (short === 127 || this.#buffer[1]! & 0x80) throw new Error('a frame that the client does not expect')
    const start = short === 126 ? 4 : 2
    if (this.#buffer.length < start) return null
    const length = short === 126 ? this.#buffer.readUInt16BE(2) : short
    if (this.#buffer.length < start + length) return null
    const frame = { opcode: this.#buffer[0]! & 0x0f, payload: this.#buffer.subarray(start, start + length) }
    this.#buffer = this.#buffer.subarray(start + length)
    return frame
  }
}
