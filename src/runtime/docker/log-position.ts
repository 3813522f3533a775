import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceId } from '../../domain/instance.ts'
import { readIfThere } from '../process/files.ts'
import type { LogEntry } from './log-frames.ts'

/** How far a container's log has been taken over, on disk: the time of the last entry, and how many there were of that time. */
export class LogPosition {
  readonly #path: string
  #at = ''
  #entries = 0

  constructor(data: string, id: InstanceId) {
    const directory = join(data, 'docker', 'log-positions')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#path = join(directory, id)
    const [at, entries] = (readIfThere(this.#path) ?? '').trim().split(' ')
    if (at && entries) [this.#at, this.#entries] = [at, Number(entries)]
  }

  /** From when on the log is to be asked for, as Docker takes it: seconds and nanoseconds. Undefined: from its beginning. */
  get since(): string | undefined {
    if (this.#at === '') return undefined
    const nanoseconds = /\.(\d+)/.exec(this.#at)?.[1] ?? ''
    return `${Math.floor(Date.parse(this.#at) / 1000)}.${nanoseconds.padEnd(9, '0')}`
  }

  /** Of what comes from `since` on: those that have not been taken over. To be made anew for each time it is asked for. */
  unread(): (entry: LogEntry) => boolean {
    const last = this.#at
    let again = this.#entries
    return ({ at }) => {
      if (at !== last) return true
      again -= 1
      return again < 0
    }
  }

  advance(entries: readonly LogEntry[]): void {
    for (const { at } of entries) {
      this.#entries = at === this.#at ? this.#entries + 1 : 1
      this.#at = at
    }
    writeFileSync(this.#path, `${this.#at} ${this.#entries}\n`.padEnd(48), { mode: 0o600 })
  }

  erase(): void {
    rmSync(this.#path, { force: true })
  }
}
