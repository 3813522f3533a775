import type { Fate } from './classify.ts'
import type { LogLine } from './parse.ts'
import { WindowCounts } from './window.ts'

/** Seconds that are remembered of each backend. */
export const HISTORY_SECONDS = 60

/** What one address answered: the requests, and those of them that it broke off or never answered. */
export class AddressCounts {
  readonly window = new WindowCounts()
  cut = 0

  add(line: LogLine, fate: Fate): void {
    this.window.add(line.status, line.active)
    if (line.status < 500 && (fate === 'cut' || fate === 'no_response')) this.cut++
  }

  merge(other: AddressCounts): void {
    this.window.merge(other.window)
    this.cut += other.cut
  }
}

type Slot = Map<string, AddressCounts>

/** The last minute of each backend by second and address; seconds without requests cost nothing. */
export class History {
  readonly #seconds = new Map<string, Map<number, Slot>>()
  #oldest = Number.POSITIVE_INFINITY

  /** UTC ms from which on something is known. */
  get oldest(): number {
    return this.#oldest
  }

  add(key: string, line: LogLine, fate: Fate): void {
    this.#oldest = Math.min(this.#oldest, line.endedAt)
    const seconds = getOr(this.#seconds, key, () => new Map<number, Slot>())
    const slot = getOr(seconds, Math.floor(line.endedAt / 1000), () => new Map<string, AddressCounts>())
    getOr(slot, line.address ?? '', () => new AddressCounts()).add(line, fate)
  }

  /** Calls back for each address and second that ended at or after `from`; the first second counts whole. */
  since(key: string, from: number, visit: (address: string, counts: AddressCounts) => void): void {
    for (const [second, slot] of this.#seconds.get(key) ?? []) {
      if (second < Math.floor(from / 1000)) continue
      for (const [address, counts] of slot) visit(address, counts)
    }
  }

  prune(now: number): void {
    const first = Math.floor(now / 1000) - HISTORY_SECONDS
    this.#oldest = Math.max(this.#oldest, first * 1000)
    for (const [key, seconds] of this.#seconds) {
      for (const second of seconds.keys()) if (second < first) seconds.delete(second)
      if (seconds.size === 0) this.#seconds.delete(key)
    }
  }
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
