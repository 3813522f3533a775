import type { Fate } from './classify.ts'
import type { LogLine } from './parse.ts'
import { WindowCounts } from './window.ts'

/** How much is remembered of each backend, and how finely, in ms. */
export const HISTORY_MS = 60_000
const SLOT_MS = 250

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

/** The last minute of each backend by quarter of a second and address; times without requests cost nothing. */
export class History {
  readonly #slots = new Map<string, Map<number, Slot>>()
  #oldest = Number.POSITIVE_INFINITY

  /** UTC ms from which on something is known. */
  get oldest(): number {
    return this.#oldest
  }

  add(key: string, line: LogLine, fate: Fate): void {
    this.#oldest = Math.min(this.#oldest, line.endedAt)
    const slots = getOr(this.#slots, key, () => new Map<number, Slot>())
    const slot = getOr(slots, slotOf(line.endedAt), () => new Map<string, AddressCounts>())
    getOr(slot, line.address ?? '', () => new AddressCounts()).add(line, fate)
  }

  /** Calls back with each address's counts from `from` on; the quarter of a second that `from` lies in counts whole. */
  since(key: string, from: number, visit: (address: string, counts: AddressCounts) => void): void {
    for (const [index, slot] of this.#slots.get(key) ?? []) {
      if (index < slotOf(from)) continue
      for (const [address, counts] of slot) visit(address, counts)
    }
  }

  prune(now: number): void {
    const first = slotOf(now - HISTORY_MS)
    this.#oldest = Math.max(this.#oldest, first * SLOT_MS)
    for (const [key, slots] of this.#slots) {
      for (const index of slots.keys()) if (index < first) slots.delete(index)
      if (slots.size === 0) this.#slots.delete(key)
    }
  }
}

function slotOf(at: number): number {
  return Math.floor(at / SLOT_MS)
}

function getOr<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key)
  if (found !== undefined) return found
  const made = make()
  map.set(key, made)
  return made
}
