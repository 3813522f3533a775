import { createReadStream } from 'node:fs'
import { appendFile, mkdir, open, readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { isGone } from './gone.ts'
import { linesFromEnd } from './tail.ts'

export interface Rotation {
  /** Bytes of one file. */
  readonly fileBytes: number
  /** Files of one app. */
  readonly files: number
  /** ms that a file is kept after its last line. */
  readonly ageMs: number
}

/** A line with its number: each line of a log has the next one, for ever. */
export interface NumberedLine {
  readonly number: number
  readonly line: string
}

/** Where a reader stands: before the line of that number, at that byte of the file that begins with line `file`. */
export interface Place {
  readonly number: number
  readonly file: number
  readonly offset: number
}

interface Segment {
  /** Number of its first line. */
  readonly first: number
  /** Whole lines, in bytes. */
  bytes: number
}

const NAME = /^(\d{15})\.log$/
const NEW_LINE = 0x0a

/**
 * The lines of a log in files, each named by the number of its first line, so that a number is a place that outlives
 * restarts, and what rotation took away can be counted. One writer; readers come and go.
 */
export class Segments {
  readonly #directory: string
  readonly #rotation: Rotation
  #files: Segment[] = []
  #next = 1
  #opened: Promise<void> | null = null

  constructor(directory: string, rotation: Rotation) {
    this.#directory = directory
    this.#rotation = rotation
  }

  /** Finds out what is there. A line that was torn when its writer died is cut off. */
  open(): Promise<void> {
    this.#opened ??= this.#open().catch((error) => {
      this.#opened = null
      throw error
    })
    return this.#opened
  }

  /** Number that the next line will have. */
  get next(): number {
    return this.#next
  }

  /** Number of the oldest line that is kept. */
  get first(): number {
    return this.#files[0]?.first ?? this.#next
  }

  get end(): Place {
    const newest = this.#files.at(-1)
    return { number: this.#next, file: newest?.first ?? this.#next, offset: newest?.bytes ?? 0 }
  }

  /** Adds lines. When the disk refuses, none of them counts. */
  async append(lines: readonly string[]): Promise<void> {
    await this.open()
    const bytes = Buffer.from(`${lines.join('\n')}\n`)
    const newest = this.#files.at(-1)
    const file = newest && newest.bytes < this.#rotation.fileBytes ? newest : await this.#begin()
    try {
      await appendFile(this.#path(file), bytes, { mode: 0o600 })
    } catch (error) {
      this.#opened = null
      throw error
    }
    file.bytes += bytes.length
    this.#next += lines.length
  }

  /** About `mostBytes` of whole lines from that place on, how many before them are no longer kept, and the next place. */
  async read(
    place: Place,
    mostBytes: number,
  ): Promise<{ readonly missed: number; readonly lines: string[]; readonly next: Place }> {
    await this.open()
    const index = this.#files.findIndex((file) => file.first === place.file)
    if (index === -1) return this.#readOldest(place, mostBytes)
    const file = this.#files[index]!
    const following = this.#files[index + 1]
    if (place.offset >= file.bytes)
      return following
        ? this.read({ number: place.number, file: following.first, offset: 0 }, mostBytes)
        : { missed: 0, lines: [], next: place }
    const bytes = await this.#bytes(file, place.offset, mostBytes)
    if (bytes === null) return this.#readOldest(place, mostBytes)
    const used = bytes.lastIndexOf(NEW_LINE) + 1
    // A line longer than that: rare enough to begin again with more.
    if (used === 0) return this.read(place, mostBytes * 4)
    const lines = bytes.toString('utf8', 0, used - 1).split('\n')
    const next = { number: place.number + lines.length, file: place.file, offset: place.offset + used }
    return { missed: 0, lines, next }
  }

  /** The place before that line, or as near to it as is kept. */
  async placeOf(number: number): Promise<Place> {
    await this.open()
    if (number >= this.#next) return this.end
    const file = this.#files.findLast((one) => one.first <= number)
    if (!file) return { number, file: -1, offset: 0 }
    const offset = await offsetAfter(this.#path(file), number - file.first)
    return { number, file: file.first, offset }
  }

  /** All lines from the newest to the oldest, read only as far as they are taken. */
  async *backwards(): AsyncGenerator<NumberedLine> {
    await this.open()
    const files = this.#files.map((file) => ({ ...file }))
    let number = this.#next
    for (const file of files.reverse())
      for await (const line of linesFromEnd(this.#path(file), file.bytes)) {
        number -= 1
        yield { number, line }
      }
  }

  /** Removes files whose last line is older than wanted. The numbers go on. */
  async expire(now: number): Promise<void> {
    await this.open()
    const old: Segment[] = []
    for (const file of this.#files.filter(({ bytes }) => bytes > 0))
      if ((await this.#age(file, now)) > this.#rotation.ageMs) old.push(file)
    if (old.length === 0) return
    if (old.includes(this.#files.at(-1)!)) await this.#begin()
    await this.#delete(old)
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
    this.#files = []
    this.#next = 1
    this.#opened = null
  }

  async #open(): Promise<void> {
    const names = await readdir(this.#directory).catch((error) =>
      isGone(error) ? [] : Promise.reject(error),
    )
    const numbers = names.flatMap((name: string) => NAME.exec(name)?.[1] ?? []).map(Number)
    const files: Segment[] = []
    for (const first of numbers.sort((a: number, b: number) => a - b))
      files.push({ first, bytes: (await stat(this.#path({ first }))).size })
    const newest = files.at(-1)
    if (newest) {
      const { lines, bytes } = await wholeLines(this.#path(newest))
      if (bytes < newest.bytes) await truncate(this.#path(newest), bytes)
      newest.bytes = bytes
      this.#next = newest.first + lines
    }
    this.#files = files
  }

  async #begin(): Promise<Segment> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const file = { first: this.#next, bytes: 0 }
    await appendFile(this.#path(file), '', { mode: 0o600 })
    if (this.#files.at(-1)?.first === file.first) return this.#files.at(-1)!
    this.#files.push(file)
    await this.#delete(this.#files.slice(0, Math.max(0, this.#files.length - this.#rotation.files)))
    return file
  }

  async #delete(files: readonly Segment[]): Promise<void> {
    this.#files = this.#files.filter((file) => !files.includes(file))
    for (const file of files) await rm(this.#path(file), { force: true })
  }

  #readOldest(place: Place, mostBytes: number) {
    const oldest = this.#files.find((file) => file.first > place.file) ?? this.#files.at(-1)
    const missed = Math.max(0, (oldest?.first ?? this.#next) - place.number)
    if (!oldest || oldest.first <= place.file)
      return Promise.resolve({ missed, lines: [] as string[], next: this.end })
    return this.read({ number: place.number + missed, file: oldest.first, offset: 0 }, mostBytes).then(
      (read) => ({ ...read, missed: missed + read.missed }),
    )
  }

  /** Null when rotation has taken the file away in this moment. */
  async #bytes(file: Segment, offset: number, most: number): Promise<Buffer | null> {
    const handle = await open(this.#path(file)).catch((error) =>
      isGone(error) ? null : Promise.reject(error),
    )
    if (handle === null) return null
    try {
      const buffer = Buffer.allocUnsafe(Math.min(most, file.bytes - offset))
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  async #age(file: Segment, now: number): Promise<number> {
    return now - (await stat(this.#path(file))).mtimeMs
  }

  #path({ first }: Pick<Segment, 'first'>): string {
    return join(this.#directory, `${String(first).padStart(15, '0')}.log`)
  }
}

/** The number of whole lines in a file, and their bytes. */
async function wholeLines(path: string): Promise<{ lines: number; bytes: number }> {
  let lines = 0
  let bytes = 0
  let before = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(NEW_LINE); at !== -1; at = chunk.indexOf(NEW_LINE, at + 1)) {
      lines += 1
      bytes = before + at + 1
    }
    before += chunk.length
  }
  return { lines, bytes }
}

/** The byte after that many lines of a file. */
async function offsetAfter(path: string, lines: number): Promise<number> {
  let left = lines
  let before = 0
  if (left === 0) return 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(NEW_LINE); at !== -1; at = chunk.indexOf(NEW_LINE, at + 1)) {
      left -= 1
      if (left === 0) return before + at + 1
    }
    before += chunk.length
  }
  return before
}
