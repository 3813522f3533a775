import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { giveBack } from './give-back.ts'
import { isGone } from './gone.ts'
import { splitLines } from './split.ts'

/** Read in one step, so that a noisy instance leaves time for others. */
const STEP_BYTES = 256 * 1024
/** An instance that writes faster than it can be read loses what is older than this, and that is said. */
const MOST_BEHIND_BYTES = 64 * 1024 * 1024
/** Kept on disk behind the reader, for error messages that show the last lines. */
const KEPT_BYTES = 64 * 1024
const GIVE_BACK_BYTES = 1024 * 1024
const PAGE = 4096

export interface Step {
  readonly lines: readonly string[]
  /** Bytes that were passed over unread. */
  readonly skipped: number
  /** More can be read at once. */
  readonly more: boolean
}

const NOTHING: Step = { lines: [], skipped: 0, more: false }

/** The output of one instance, which it appends to a file, read piece by piece. Where it was read to is kept beside it. */
export class RawFile {
  readonly path: string
  readonly #mostBehind: number
  #offset: number | null = null
  #saved = -1
  #givenBack = 0

  constructor(path: string, mostBehind = MOST_BEHIND_BYTES) {
    this.path = path
    this.#mostBehind = mostBehind
  }

  /** What has come since. `last`: the instance is gone, so that a line without an end is one too. */
  read(last: boolean): Step {
    if (!last && this.#offset !== null && sizeOf(this.path) === this.#offset) return NOTHING
    const file = openIfThere(this.path)
    if (file === null) return NOTHING
    try {
      return this.#step(file, last)
    } finally {
      closeSync(file)
    }
  }

  /** To be called when the lines read so far are safe: they are not read again, also after a restart. */
  async settle(): Promise<void> {
    if (this.#offset === null || this.#offset === this.#saved) return
    writeFileSync(offsetPath(this.path), `${this.#offset}\n`.padEnd(24), { mode: 0o600 })
    this.#saved = this.#offset
    await this.#free()
  }

  delete(): void {
    for (const path of [this.path, offsetPath(this.path)]) rmSync(path, { force: true })
  }

  #step(file: number, last: boolean): Step {
    const { size, blocks } = fstatSync(file)
    const wanted = this.#start(size, blocks * 512)
    const start = Math.max(wanted, size - this.#mostBehind)
    const buffer = Buffer.alloc(Math.min(size - start, STEP_BYTES))
    const bytes = buffer.subarray(0, readSync(file, buffer, 0, buffer.length, start))
    const atEnd = start + bytes.length >= size
    const hole = leadingZeros(bytes)
    const { lines, used } = splitLines(bytes.subarray(hole), last && atEnd)
    this.#offset = start + hole + used
    return { lines, skipped: start - wanted, more: !atEnd && hole + used > 0 }
  }

  /** Where it was read to; a file that has become shorter begins anew, and a hole at its beginning was read long ago. */
  #start(size: number, allocated: number): number {
    this.#offset ??= savedOffset(this.path)
    if (this.#offset > size) {
      this.#offset = 0
      this.#givenBack = 0
    }
    const hole = size - allocated
    return Math.max(this.#offset, hole > PAGE * 16 ? hole - PAGE * 16 : 0)
  }

  async #free(): Promise<void> {
    const until = Math.floor((this.#offset! - KEPT_BYTES) / PAGE) * PAGE
    if (until - this.#givenBack < GIVE_BACK_BYTES) return
    this.#givenBack = until
    if (await giveBack(this.path, until, this.#offset!)) this.#offset = 0
  }
}

/** What has been given back to the disk reads as zeros. */
function leadingZeros(bytes: Buffer): number {
  if (bytes[0] !== 0) return 0
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? bytes.length : first
}

/** Name of the file beside a raw log that says how far it was read. */
function offsetPath(path: string): string {
  return `${path}.read`
}

function savedOffset(path: string): number {
  try {
    return Number.parseInt(readFileSync(offsetPath(path), 'utf8'), 10) || 0
  } catch (error) {
    if (isGone(error)) return 0
    throw error
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isGone(error)) return null
    throw error
  }
}
