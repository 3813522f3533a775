import { type BackendCount, NO_COUNT, responseIndex, sum, unlogged } from './counters.ts'

interface Entry {
  /** Where the counters stood at the begin; null until the first reading. */
  base: BackendCount | null
  last: BackendCount
  /** Lines read since the begin, by status like `BackendCount.responses`. */
  lines: number[]
  /** Unlogged requests already reported. */
  told: number
  /** The worker has ended; nothing changes any more. */
  ended: boolean
}

export type BalanceState = Readonly<Record<string, Readonly<Entry>>>

/** Backends' counters of each worker against the lines read: what the log does not show, and what was not read. */
export class WorkerBalance {
  readonly #entries: Map<string, Entry>

  constructor(state: BalanceState) {
    this.#entries = new Map(Object.entries(structuredClone(state)) as [string, Entry][])
  }

  line(worker: string, backend: string, status: number): void {
    const { lines } = this.#entry(worker, backend)
    const index = responseIndex(status)
    lines[index] = (lines[index] ?? 0) + 1
  }

  /** Where a backend stood when the receipt began (`NO_COUNT` for a worker that began later). Told once. */
  base(worker: string, backend: string, count: BackendCount): void {
    const entry = this.#entry(worker, backend)
    if (entry.base !== null) return
    entry.base = count
    entry.last = count
  }

  /** Takes a reading; returns how many unlogged requests it shows that were not told before. */
  read(worker: string, backend: string, count: BackendCount): number {
    const entry = this.#entry(worker, backend)
    entry.last = count
    entry.base ??= count
    return this.#tell(entry, unlogged(count, entry.base))
  }

  /** The worker ended in good order, after its last reading. */
  end(worker: string): void {
    for (const [key, entry] of this.#entries) if (key.startsWith(`${worker} `)) entry.ended = true
  }

  /** The worker was gone of a sudden: how many requests of each backend it had taken, by its last reading, that got no line. */
  lose(worker: string): Map<string, number> {
    const lost = new Map<string, number>()
    for (const [key, entry] of this.#entries) {
      if (!key.startsWith(`${worker} `)) continue
      const { base, last, lines, ended } = entry
      entry.ended = true
      if (ended || base === null) continue
      const came = last.sessions - base.sessions + base.current
      lost.set(key.slice(worker.length + 1), this.#tell(entry, came - sum(lines)))
    }
    return lost
  }

  /** Lines that the counters know of and nobody read, by status as in `BackendCount.responses`. */
  unread(): number[] {
    const missing = NO_COUNT.responses.map(() => 0)
    for (const { base, last, lines } of this.#entries.values()) {
      if (base === null) continue
      for (const [index, count] of last.responses.entries()) {
        const unread = count - (base.responses[index] ?? 0) - (lines[index] ?? 0)
        missing[index] = (missing[index] ?? 0) + Math.max(0, unread)
      }
    }
    return missing
  }

  /** How many more requests of these backends are open now than at the begin. */
  growth(backends: readonly string[]): number {
    let growth = 0
    for (const [key, { base, last, ended }] of this.#entries) {
      if (base !== null && backends.includes(key.slice(key.indexOf(' ') + 1)))
        growth += (ended ? 0 : last.current) - base.current
    }
    return growth
  }

  toJSON(): BalanceState {
    return Object.fromEntries(this.#entries)
  }

  #tell(entry: Entry, found: number): number {
    const fresh = Math.max(0, found - entry.told)
    entry.told += fresh
    return fresh
  }

  #entry(worker: string, backend: string): Entry {
    const key = `${worker} ${backend}`
    const found = this.#entries.get(key)
    if (found) return found
    const made = { base: null, last: NO_COUNT, lines: [0, 0, 0, 0, 0, 0], told: 0, ended: false }
    this.#entries.set(key, made)
    return made
  }
}
