import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { InstanceId } from '../../domain/instance.ts'
import { readIfThere } from '../process/files.ts'
import type { LogEntry } from './log-frames.ts'

const SECOND = 1_000_000_000n
/** Two streams are timed apart and logged together: their times may be out of order by less than this, ns. */
const SLACK = 10_000_000n

/**
 * How far a container's log has been taken over, on disk: a time, and how many entries of that time and later were read. The
 * log is asked for from that time on, and as many are passed over.
 */
export class LogPosition {
  readonly #path: string
  #since = 0n
  #read = 0
  /** Of the entries since then. */
  #times: bigint[] = []

  constructor(data: string, id: InstanceId) {
    const directory = join(data, 'docker', 'log-positions')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.#path = join(directory, id)
    const [since, read] = (readIfThere(this.#path) ?? '').trim().split(' ')
    if (since && read) [this.#since, this.#read] = [BigInt(since), Number(read)]
  }

  /** From when on the log is to be asked for, as Docker takes it: seconds and nanoseconds. Undefined: from its beginning. */
  get since(): string | undefined {
    if (this.#since === 0n) return undefined
    return `${this.#since / SECOND}.${String(this.#since % SECOND).padStart(9, '0')}`
  }

  /** Of what comes from `since` on: those that have not been taken over. To be made anew for each time it is asked for. */
  unread(): (entry: LogEntry) => boolean {
    let again = this.#read
    this.#times = []
    return ({ at }) => {
      again -= 1
      if (again >= 0) this.#times.push(nanoseconds(at))
      return again < 0
    }
  }

  /** These have been taken over, too. */
  advance(entries: readonly LogEntry[]): void {
    if (entries.length === 0) return
    for (const { at } of entries) this.#times.push(nanoseconds(at))
    const last = this.#times.reduce((latest, time) => (time > latest ? time : latest), 0n)
    if (last - SLACK > this.#since) this.#since = last - SLACK
    this.#times = this.#times.filter((time) => time >= this.#since)
    this.#read = this.#times.length
    writeFileSync(this.#path, `${this.#since} ${this.#read}\n`.padEnd(48), { mode: 0o600 })
  }

  erase(): void {
    rmSync(this.#path, { force: true })
  }
}

function nanoseconds(at: string): bigint {
  const fraction = /\.(\d+)/.exec(at)?.[1] ?? ''
  return BigInt(Math.floor(Date.parse(at) / 1000)) * SECOND + BigInt(fraction.padEnd(9, '0'))
}
