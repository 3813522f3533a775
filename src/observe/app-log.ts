import { formatLine, noticeLine } from './line.ts'
import { LogReader } from './log-reader.ts'
import { type NumberedLine, type Rotation, Segments } from './segments.ts'

const DAY = 24 * 60 * 60 * 1000

export const DEFAULT_ROTATION: Rotation = { fileBytes: 10 * 1024 * 1024, files: 5, ageMs: 30 * DAY }

/** What waits to be written; beyond it, lines are dropped and counted. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024
/** A line may be told as much later than it was, to keep the order; a clock that was set back stays set back. */
const MOST_NUDGE_MICROS = 1_000_000

/**
 * The log of one app. Lines are written behind the caller's back, in order; once written they are there for readers, each
 * at its own pace: the files are the buffer, so that a slow reader costs no memory and holds nobody up.
 */
export class AppLog {
  readonly #segments: Segments
  #waiting: string[] = []
  #waitingBytes = 0
  #dropped = 0
  #droppedSince = 0
  #lastMicros = 0
  #writing: Promise<void> = Promise.resolve()
  #removed = false
  readonly #waiters = new Set<() => void>()

  constructor(directory: string, rotation: Rotation) {
    this.#segments = new Segments(directory, rotation)
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
      if (this.#dropped === 0) this.#droppedSince = Date.now()
      this.#dropped += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingBytes += line.length
  }

  /** Resolves once everything added so far is in the files. Rejects when the disk refuses; those lines are lost and counted. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#write())
  }

  /** The last lines that pass, oldest first, and the number that the next line of the log will have. */
  async last(
    count: number,
    wants: (line: string) => boolean,
  ): Promise<{ readonly lines: NumberedLine[]; readonly next: number }> {
    await this.flush()
    await this.#segments.open()
    const next = this.#segments.next
    const found: NumberedLine[] = []
    if (count === 0) return { lines: found, next }
    for await (const line of this.#segments.backwards()) {
      if (line.number < next && wants(line.line)) found.push(line)
      if (found.length >= count) break
    }
    return { lines: found.reverse(), next }
  }

  /** Reads from the line with that number on; without one, from the next that comes. */
  reader(from?: number): LogReader {
    return new LogReader(this.#segments, from, (number, signal) => this.#await(number, signal))
  }

  /** Removes files that are older than wanted. */
  expire(now: number): Promise<void> {
    return this.#inTurn(() => this.#segments.expire(now))
  }

  /** For good: readers end. */
  async remove(): Promise<void> {
    this.#removed = true
    this.#waiting = []
    await this.#inTurn(() => this.#segments.remove())
    this.#tell()
  }

  /** Resolves once there is a line of that number: true, or false when there never will be, or `signal` is aborted. */
  async #await(number: number, signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted && !this.#removed) {
      if (this.#segments.next > number) return true
      await this.#change(signal)
    }
    return false
  }

  #change(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const done = () => {
      this.#waiters.delete(done)
      signal.removeEventListener('abort', done)
      resolve()
    }
    this.#waiters.add(done)
    signal.addEventListener('abort', done)
    return promise
  }

  #tell(): void {
    for (const waiter of this.#waiters) waiter()
  }

  /** One after the other. Whoever asked is told of a failure; the next one only waits for the end. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#writing.then(work)
    this.#writing = turn.catch(() => undefined)
    return turn
  }

  async #write(): Promise<void> {
    const lines = this.#take()
    if (lines.length === 0) return
    try {
      await this.#segments.append(lines)
    } catch (error) {
      if (this.#dropped === 0) this.#droppedSince = Date.now()
      this.#dropped += lines.length
      throw error
    }
    this.#tell()
  }

  #take(): string[] {
    const lines = this.#waiting
    if (this.#dropped > 0 && this.#waitingBytes <= MOST_WAITING_BYTES) {
      const notice = noticeLine(this.timeOf(Date.now()), 'L12', this.#dropped, this.#droppedSince)
      lines.push(formatLine(notice))
      this.#dropped = 0
    }
    this.#waiting = []
    this.#waitingBytes = 0
    return lines
  }
}
