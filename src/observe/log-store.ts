import { mkdirSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppLog, DEFAULT_ROTATION } from './app-log.ts'
import { formatLine, type LogFilter, type LogLine, noticeLine, wanted } from './line.ts'
import type { LogReader } from './log-reader.ts'
import type { NumberedLine, Rotation } from './segments.ts'
import { pieces } from './split.ts'

export interface LogStoreOptions {
  /** Directory that holds one directory per app. */
  readonly directory: string
  readonly rotation?: Rotation
  readonly log: { error(details: object, text: string): void }
}

/** Lines wait that long to be written together. */
const FLUSH_MS = 20
const EXPIRE_MS = 60 * 60 * 1000
/** What one who follows holds in memory at most. */
const FOLLOW_BYTES = 64 * 1024

/** The logs of all apps: on disk, rotated by size and age, and live for those who follow. Adding a line never waits. */
export class LogStore {
  readonly #options: LogStoreOptions
  readonly #apps = new Map<string, AppLog>()
  readonly #expiry: NodeJS.Timeout
  #flushing: NodeJS.Timeout | null = null

  constructor(options: LogStoreOptions) {
    this.#options = options
    mkdirSync(options.directory, { recursive: true, mode: 0o700 })
    this.#expiry = setInterval(() => void this.#expire().catch(this.#failed), EXPIRE_MS).unref()
  }

  /** A line longer than 10,000 bytes becomes several. */
  append(appId: string, line: LogLine): void {
    const app = this.#app(appId)
    for (const text of pieces(line.text)) app.add(formatLine({ ...line, text, at: app.timeOf(line.at) }))
    this.#flushing ??= setTimeout(() => this.#flushAll(), FLUSH_MS)
  }

  /** The last lines that pass the filter, oldest first, also those appended a moment ago; and the number of the next line. */
  async last(
    appId: string,
    count: number,
    filter: LogFilter = {},
  ): Promise<{ readonly lines: NumberedLine[]; readonly next: number }> {
    return this.#app(appId).last(count, wanted(filter))
  }

  /**
   * Each line that passes from the one with that number on, until `signal`, or until the log is removed. One who takes
   * them too slowly is told how many were gone before they could be taken.
   */
  async *from(
    appId: string,
    number: number,
    filter: LogFilter,
    signal: AbortSignal,
  ): AsyncGenerator<NumberedLine> {
    const reader = this.reader(appId, number)
    const wants = wanted(filter)
    let taken = Date.now()
    for (;;) {
      const piece = await reader.next(FOLLOW_BYTES, signal)
      if (piece === null) return
      if (piece.missed > 0) yield missing(piece.first - 1, piece.missed, taken)
      for (const [index, line] of piece.lines.entries())
        if (wants(line)) yield { number: piece.first + index, line }
      taken = Date.now()
    }
  }

  /** For one who takes lines in bulk; without a number from the next line that comes. */
  reader(appId: string, from?: number): LogReader {
    return this.#app(appId).reader(from)
  }

  /** Resolves once every line of the app so far is in its file. */
  async flush(appId: string): Promise<void> {
    await this.#app(appId).flush()
  }

  /** Forgets an app's log, for good. */
  async remove(appId: string): Promise<void> {
    await this.#app(appId).remove()
    this.#apps.delete(appId)
  }

  /** Writes what waits. */
  async close(): Promise<void> {
    clearInterval(this.#expiry)
    if (this.#flushing) clearTimeout(this.#flushing)
    await Promise.all([...this.#apps.values()].map((app) => app.flush()))
  }

  #app(appId: string): AppLog {
    const known = this.#apps.get(appId)
    if (known) return known
    const { directory, rotation } = this.#options
    const app = new AppLog(join(directory, appId), rotation ?? DEFAULT_ROTATION)
    this.#apps.set(appId, app)
    return app
  }

  #flushAll(): void {
    this.#flushing = null
    for (const app of this.#apps.values()) if (app.hasWaiting) app.flush().catch(this.#failed)
  }

  async #expire(): Promise<void> {
    for (const appId of await readdir(this.#options.directory)) await this.#app(appId).expire(Date.now())
  }

  readonly #failed = (error: unknown): void => {
    this.#options.log.error({ err: error }, 'a log could not be written')
  }
}

function missing(number: number, lines: number, since: number): NumberedLine {
  return { number, line: formatLine(noticeLine(Date.now(), 'L11', lines, since)) }
}
