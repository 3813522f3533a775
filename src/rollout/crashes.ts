/** The first crash is followed by a start at once, then pauses grow: 1 s, 2 s, 4 s … up to five minutes. */
export function pauseAfter(crashes: number): number {
  if (crashes <= 1) return 0
  return Math.min(1000 * 2 ** (crashes - 2), 300_000)
}

/** After this long without a crash the count begins anew, ms. */
const FORGIVEN_AFTER_MS = 600_000

/** What was there already, and crashes within this long of the crash that was counted, counts once with it, ms. */
const TOGETHER_MS = 1000

/** Counts crashes by generation and type, so that a new release begins with a clean slate. */
export class Crashes {
  readonly #counts = new Map<string, { generation: number; type: string; count: number; at: number }>()

  /** `since`: from when on the instance has been there; what never came to be has been there since now. */
  record(generation: number, type: string, now: number, since = now): void {
    const key = `${generation} ${type}`
    const before = this.#counts.get(key)
    if (before && since < before.at && now - before.at < TOGETHER_MS) return
    const count = before && now - before.at < FORGIVEN_AFTER_MS ? before.count + 1 : 1
    this.#counts.set(key, { generation, type, count, at: now })
  }

  /** Type → ms to wait still, for those of that generation that must wait. */
  pauses(generation: number | null, now: number): Map<string, number> {
    const result = new Map<string, number>()
    for (const crash of this.#counts.values()) {
      const left = crash.at + pauseAfter(crash.count) - now
      if (crash.generation === generation && left > 0) result.set(crash.type, left)
    }
    return result
  }

  /** Forgets generations below; they can not come back. */
  forgetBelow(generation: number): void {
    for (const [key, crash] of this.#counts) if (crash.generation < generation) this.#counts.delete(key)
  }
}
