/** How many calls may be made at once, and how many more come to be allowed in a minute. */
export interface Allowance {
  readonly most: number
  readonly perMinute: number
}

interface Bucket {
  left: number
  at: number
}

/** Whoever has not called for longest is forgotten first; their bucket has filled up since, or soon will. */
const MOST_KEPT = 20_000
const MINUTE_MS = 60_000
/** So that what adds up to a whole call is one. */
const ROUNDING = 1e-9

/** A bucket of calls for each caller: each call takes one out, time fills it again. */
export class TokenBuckets {
  readonly #allowance: Allowance
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  /** `now`: ms. */
  constructor(allowance: Allowance, now: () => number) {
    this.#allowance = allowance
    this.#now = now
  }

  /** Takes one out; false when there is none. */
  take(key: string): boolean {
    const left = this.#leftNow(key)
    if (left < 1) return false
    this.#buckets.delete(key)
    this.#buckets.set(key, { left: left - 1, at: this.#now() })
    if (this.#buckets.size > MOST_KEPT) this.#buckets.delete(this.#buckets.keys().next().value!)
    return true
  }

  /** Whole calls that may be made now. */
  left(key: string): number {
    return Math.floor(this.#leftNow(key))
  }

  /** ms until there is a call to be made again. */
  waitMs(key: string): number {
    const missing = 1 - this.#leftNow(key)
    return missing <= 0 ? 0 : Math.ceil((missing / this.#allowance.perMinute) * MINUTE_MS)
  }

  #leftNow(key: string): number {
    const { most, perMinute } = this.#allowance
    const bucket = this.#buckets.get(key)
    if (!bucket) return most
    return Math.min(most, bucket.left + ((this.#now() - bucket.at) / MINUTE_MS) * perMinute + ROUNDING)
  }
}
