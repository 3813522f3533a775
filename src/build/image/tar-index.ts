import { createHash, type Hash } from 'node:crypto'

/** Where an entry of a tar archive lies in it, with what stands before it on its behalf. */
export interface TarEntry {
  /** Offsets in bytes; the end is the first that does not belong to it. */
  readonly start: number
  readonly end: number
  /** `sha256:…` of its content. */
  readonly digest: string
}

const BLOCK = 512
const SIZE_AT = 124
const SIZE_BYTES = 12
const TYPE_AT = 156
/** Entries that say something of the next one: long names and the like. */
const ABOUT_NEXT = new Set(['x', 'g', 'L', 'K'])

/** Notes where the entries of an archive lie while its bytes pass by. */
export class TarIndex {
  readonly entries: TarEntry[] = []
  readonly #header = Buffer.alloc(BLOCK)
  #inHeader = 0
  #body = 0
  #padding = 0
  #offset = 0
  #start = 0
  #hash: Hash = createHash('sha256')
  #belongsToNext = false

  take(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#body > 0) at += this.#takeBody(chunk.subarray(at))
      else if (this.#padding > 0) at += this.#takePadding(chunk.length - at)
      else at += this.#takeHeader(chunk.subarray(at))
    }
  }

  #takeHeader(bytes: Uint8Array): number {
    const taken = Math.min(BLOCK - this.#inHeader, bytes.length)
    this.#header.set(bytes.subarray(0, taken), this.#inHeader)
    this.#inHeader += taken
    this.#offset += taken
    if (this.#inHeader === BLOCK) this.#begin()
    return taken
  }

  /** Two empty blocks are the end; they are no entry. */
  #begin(): void {
    this.#inHeader = 0
    if (this.#header.every((byte) => byte === 0)) {
      this.#start = this.#offset
      return
    }
    const size = sizeIn(this.#header.subarray(SIZE_AT, SIZE_AT + SIZE_BYTES))
    this.#body = size
    this.#padding = (BLOCK - (size % BLOCK)) % BLOCK
    this.#belongsToNext = ABOUT_NEXT.has(String.fromCharCode(this.#header[TYPE_AT]!))
    this.#hash = createHash('sha256')
    if (this.#body === 0) this.#end()
  }

  #takeBody(bytes: Uint8Array): number {
    const taken = Math.min(this.#body, bytes.length)
    this.#hash.update(bytes.subarray(0, taken))
    this.#body -= taken
    this.#offset += taken
    if (this.#body === 0 && this.#padding === 0) this.#end()
    return taken
  }

  #takePadding(bytes: number): number {
    const taken = Math.min(this.#padding, bytes)
    this.#padding -= taken
    this.#offset += taken
    if (this.#padding === 0) this.#end()
    return taken
  }

  #end(): void {
    if (this.#belongsToNext) return
    const digest = `sha256:${this.#hash.digest('hex')}`
    this.entries.push({ start: this.#start, end: this.#offset, digest })
    this.#start = this.#offset
  }
}

/** Octal digits, or, for what they have no room for, a number of as many bytes with the highest bit set. */
function sizeIn(field: Buffer): number {
  if ((field[0]! & 0x80) === 0)
    return Number.parseInt(field.toString('latin1').replace(/[\0 ]+$/, ''), 8) || 0
  return Number(BigInt(`0x${field.subarray(1).toString('hex')}`))
}
