/** The first crash is followed by a start at once, then pauses grow: 1 s, 2 s, 4 s … up to five minutes. */
export function pauseAfter(crashes: number): number {
  if (crashes <= 1) return 0
  return Math.min(1000 * 2 ** (crashes - 2), 300_000)
}

/** What could not be started for want of room is tried again this soon at the latest: room comes without anybody saying so, ms. */
const NO_ROOM_MS = 15_000

/** After this long without a crash the count begins anew, ms. */
const FORGIVEN_AFTER_MS = 600_000

/** What was there already, and crashes within this long of the crash that was counted, counts once with it, ms. */
const TOGETHER_MS = 1000

interface Count {
  readonly generation: number
  readonly type: string
  readonly count: number
  readonly at: number
  readonly longestMs: number
}

/** Counts crashes by generation and type, so that a new release begins with a clean slate. */
export class Crashes {
  readonly #counts = new Map<string, Count>()

  /** `since`: from when on the instance has been there. */
  record(generation: number, type: string, now: number, since = now): void {
    this.#record(generation, type, now, since, Number.POSITIVE_INFINITY)
  }

  /** Something could not be started at all. */
  recordNoStart(generation: number, type: string, now: number): void {
    this.#record(generation, type, now, now, NO_ROOM_MS)
  }

  #record(generation: number, type: string, now: number, since: number, longestMs: number): void {
    const key = `${generation} ${type}`
    const before = this.#counts.get(key)
    if (before && since < before.at && now - before.at < TOGETHER_MS) return
    const count = before && now - before.at < FORGIVEN_AFTER_MS ? before.count + 1 : 1
    this.#counts.set(key, { generation, type, count, at: now, longestMs })
  }

  /** Type → ms to wait still, for those of that generation that must wait. */
  pauses(generation: number | null, now: number): Map<string, number> {
    const result = new Map<string, number>()
    for (const crash of this.#counts.values()) {
      const left = crash.at + Math.min(pauseAfter(crash.count), crash.longestMs) - now
      if (crash.generation === generation && left > 0) result.set(crash.type, left)
    }
    return result
  }

  /** Forgets generations below; they can not come back. */
  forgetBelow(generation: number): void {
    for (const [key, crash] of this.#counts) if (crash.generation < generation) this.#counts.delete(key)
  }
}
