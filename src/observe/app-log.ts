import { mkdirSync } from 'node:fs'
import { appendFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { droppedLine } from './follower.ts'
import { isGone } from './gone.ts'
import { formatLine } from './line.ts'
import { linesFromEnd } from './tail.ts'

export interface Rotation {
  /** Bytes of one file. */
  readonly fileBytes: number
  /** Files of one app. */
  readonly files: number
  /** ms that a file is kept after its last line. */
  readonly ageMs: number
}

const DAY = 24 * 60 * 60 * 1000

export const DEFAULT_ROTATION: Rotation = { fileBytes: 10 * 1024 * 1024, files: 5, ageMs: 30 * DAY }

/** What waits to be written; beyond it, lines are dropped and counted. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024
/** A line may be told as much later than it was, to keep the order; a clock that was set back stays set back. */
const MOST_NUDGE_MICROS = 1_000_000
const CURRENT = 'current.log'

/** The log of one app on disk: a file that grows, and older ones. Written behind the caller's back, in order. */
export class AppLog {
  readonly #directory: string
  readonly #rotation: Rotation
  #waiting: string[] = []
  #waitingBytes = 0
  #dropped = 0
  #lastMicros = 0
  #size: number | null = null
  #writing: Promise<void> = Promise.resolve()

  constructor(directory: string, rotation: Rotation) {
    this.#directory = directory
    this.#rotation = rotation
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** A time for a line that comes now: later than all before it, so that no two lines are ever the same. */
  timeOf(at: number): number {
    const wanted = Math.floor(at * 1000)
    const late = this.#lastMicros - wanted
    this.#lastMicros = late >= 0 && late < MOST_NUDGE_MICROS ? this.#lastMicros + 1 : wanted
    return this.#lastMicros / 1000
  }

  add(line: string): void {
    if (this.#waitingBytes > MOST_WAITING_BYTES) {
      this.#dropped += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
  }

  /** Resolves once everything added so far is in the file. Rejects when the disk refuses; those lines are lost and counted. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#write())
  }

  /** The last lines that pass, oldest first. */
  async last(count: number, wants: (line: string) => boolean): Promise<string[]> {
    await this.flush()
    const found: string[] = []
    for (const file of await this.#filesNewestFirst()) {
      for await (const line of linesFromEnd(file)) {
        if (found.length >= count) return found.reverse()
        if (wants(line)) found.push(line)
      }
    }
    return found.reverse()
  }

  /** Removes files that are older than wanted. */
  expire(now: number): Promise<void> {
    return this.#inTurn(() => this.#expire(now))
  }

  async remove(): Promise<void> {
    await this.#inTurn(() => rm(this.#directory, { recursive: true, force: true }))
    this.#size = null
  }

  /** One after the other. Whoever asked is told of a failure; the next one only waits for the end. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(work)
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  async #expire(now: number): Promise<void> {
    for (const file of await this.#filesNewestFirst())
      if (now - (await modified(file)) > this.#rotation.ageMs) await rm(file, { force: true })
    this.#size = null
  }

  async #write(): Promise<void> {
    const lines = this.#take()
    if (lines.length === 0) return
    const text = `${lines.join('\n')}\n`
    try {
      await this.#append(text)
    } catch (error) {
      this.#dropped += lines.length
      this.#size = null
      throw error
    }
  }

  #take(): string[] {
    const lines = this.#waiting
    if (this.#dropped > 0 && this.#waitingBytes <= MOST_WAITING_BYTES) {
      lines.push(formatLine(droppedLine(Date.now(), `${this.#dropped} lines`)))
      this.#dropped = 0
    }
    this.#waiting = []
    this.#waitingBytes = 0
    return lines
  }

  async #append(text: string): Promise<void> {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    const current = join(this.#directory, CURRENT)
    this.#size ??= await sizeOf(current)
    if (this.#size >= this.#rotation.fileBytes) await this.#rotate(current)
    await appendFile(current, text, { mode: 0o600 })
    this.#size += Buffer.byteLength(text)
  }

  async #rotate(current: string): Promise<void> {
    const newest = (await this.#numbers())[0] ?? 0
    await rename(current, join(this.#directory, `${newest + 1}.log`))
    this.#size = 0
    const tooOld = (await this.#numbers()).slice(this.#rotation.files - 1)
    for (const number of tooOld) await rm(join(this.#directory, `${number}.log`), { force: true })
  }

  async #filesNewestFirst(): Promise<string[]> {
    const older = (await this.#numbers()).map((number) => `${number}.log`)
    return [CURRENT, ...older].map((name) => join(this.#directory, name))
  }

  /** Numbers of the older files, newest first. */
  async #numbers(): Promise<number[]> {
    const names = await readdir(this.#directory).catch((error) =>
      isGone(error) ? [] : Promise.reject(error),
    )
    const numbers = names.flatMap((name: string) => /^(\d+)\.log$/.exec(name)?.[1] ?? []).map(Number)
    return numbers.sort((a: number, b: number) => b - a)
  }
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    (error) => (isGone(error) ? 0 : Promise.reject(error)),
  )
}

async function modified(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    (error) => (isGone(error) ? Number.POSITIVE_INFINITY : Promise.reject(error)),
  )
}
