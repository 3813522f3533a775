import type { LogFilter, LogLine } from './line.ts'
import { formatLine, wanted } from './line.ts'

/** Takes a line. When it returns a promise, the next line waits for that. */
export type Listen = (line: string) => void | Promise<void>

const MOST_WAITING = 1_000

/** Somebody who reads along. What comes faster than it is taken is dropped, counted, and said; nobody waits for it. */
export class Follower {
  readonly #listen: Listen
  readonly #wants: (line: string) => boolean
  readonly #waiting: string[] = []
  readonly #failed: (error: unknown) => void
  #dropped = 0
  #busy = false
  #stopped = false

  constructor(filter: LogFilter, listen: Listen, failed: (error: unknown) => void) {
    this.#wants = wanted(filter)
    this.#listen = listen
    this.#failed = failed
  }

  offer(line: string): void {
    if (this.#stopped || !this.#wants(line)) return
    if (this.#dropped > 0 || this.#waiting.length >= MOST_WAITING) this.#dropped += 1
    else this.#waiting.push(line)
    if (!this.#busy) void this.#deliver()
  }

  stop(): void {
    this.#stopped = true
    this.#waiting.length = 0
  }

  async #deliver(): Promise<void> {
    this.#busy = true
    try {
      for (let line = this.#next(); line !== undefined && !this.#stopped; line = this.#next()) {
        const taken = this.#listen(line)
        if (taken) await taken
      }
    } catch (error) {
      this.stop()
      this.#failed(error)
    }
    this.#busy = false
  }

  /** Said where the gap is: after what had been kept when it came about. */
  #next(): string | undefined {
    const line = this.#waiting.shift()
    if (line !== undefined || this.#dropped === 0) return line
    const dropped = this.#dropped
    this.#dropped = 0
    return formatLine(droppedLine(Date.now(), `${dropped} lines`))
  }
}

/** What is said in place of what could not be kept, with Heroku's code for it. */
export function droppedLine(at: number, what: string): LogLine {
  return { at, source: 'tasuki', dyno: 'logs', text: `Error L10 (output buffer overflow): ${what} dropped` }
}
