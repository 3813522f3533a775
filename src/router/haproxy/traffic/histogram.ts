/** Below this, each ms has a bucket of its own; above, each bucket is 2 % wider than the one before: error ≤ 1 %. */
const EXACT = 64
const GROWTH = Math.log(1.02)

/** A log-scaled histogram of ms: small, mergeable, with percentiles that are right to 1 % (1 ms at the low end). */
export class Histogram {
  readonly #buckets = new Map<number, number>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(ms: number): void {
    this.#addTo(bucketOf(ms), 1)
  }

  merge(other: Histogram): void {
    for (const [bucket, count] of other.#buckets) this.#addTo(bucket, count)
  }

  /** The value that `share` (0 to 1) of the values do not exceed; null when empty. */
  percentile(share: number): number | null {
    if (this.#count === 0) return null
    let left = Math.ceil(this.#count * share)
    for (const bucket of [...this.#buckets.keys()].sort((a, b) => a - b)) {
      left -= this.#buckets.get(bucket) ?? 0
      if (left <= 0) return midOf(bucket)
    }
    return null
  }

  toJSON(): [number, number][] {
    return [...this.#buckets]
  }

  static from(entries: readonly (readonly [number, number])[]): Histogram {
    const histogram = new Histogram()
    for (const [bucket, count] of entries) histogram.#addTo(bucket, count)
    return histogram
  }

  #addTo(bucket: number, count: number): void {
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + count)
    this.#count += count
  }
}

function bucketOf(ms: number): number {
  if (ms < EXACT) return Math.max(0, Math.round(ms))
  return EXACT + Math.floor(Math.log(ms / EXACT) / GROWTH)
}

/** The middle of a bucket, by ratio. */
function midOf(bucket: number): number {
  if (bucket < EXACT) return bucket
  return Math.round(EXACT * Math.exp((bucket - EXACT + 0.5) * GROWTH))
}
