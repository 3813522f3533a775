import { NO_TRAFFIC } from '../../../src/domain/testing/traffic.ts'
import type { TrafficReport } from '../../../src/domain/traffic.ts'
import type { BackendKey, Traffic, TrafficSample } from '../../../src/rollout/ports.ts'
import type { SimClock } from '../core/clock.ts'

const BUCKET_MS = 500
const KEPT_BUCKETS = 130

interface Bucket {
  requests: number
  errors: number
}

/** Counts what instances answered, as the request log tells it. */
export class SimTraffic implements Traffic {
  readonly #clock: SimClock
  readonly #buckets = new Map<string, Map<number, Bucket>>()
  readonly #open = new Map<string, { requests: number; errors: number }>()
  #requests = 0
  #errors = 0

  constructor(clock: SimClock) {
    this.#clock = clock
  }

  answered(instance: string, fine: boolean): void {
    this.#requests += 1
    if (!fine) this.#errors += 1
    const at = Math.floor(this.#clock.monotonic() / BUCKET_MS)
    let own = this.#buckets.get(instance)
    if (!own) {
      own = new Map()
      this.#buckets.set(instance, own)
    }
    let bucket = own.get(at)
    if (!bucket) {
      bucket = { requests: 0, errors: 0 }
      own.set(at, bucket)
      own.delete(at - KEPT_BUCKETS)
    }
    bucket.requests += 1
    if (!fine) bucket.errors += 1
  }

  forget(instance: string): void {
    this.#buckets.delete(instance)
  }

  async open(rollout: string): Promise<void> {
    if (!this.#open.has(rollout)) this.#open.set(rollout, { requests: this.#requests, errors: this.#errors })
  }

  async switched(): Promise<void> {
    // The world does not tell the windows of a receipt apart.
  }

  async close(rollout: string): Promise<TrafficReport> {
    const from = this.#open.get(rollout) ?? { requests: this.#requests, errors: this.#errors }
    const requests = this.#requests - from.requests
    const errors = this.#errors - from.errors
    const byStatus = { ...NO_TRAFFIC.during.byStatus, '2xx': requests - errors, '5xx': errors }
    return { ...NO_TRAFFIC, during: { ...NO_TRAFFIC.during, requests, byStatus } }
  }

  async sample(_key: BackendKey, instances: readonly string[], since: number): Promise<TrafficSample> {
    let requests = 0
    let serverErrors = 0
    for (const id of instances)
      for (const [at, bucket] of this.#buckets.get(id) ?? []) {
        if ((at + 1) * BUCKET_MS <= since) continue
        requests += bucket.requests
        serverErrors += bucket.errors
      }
    return { requests, serverErrors, p95: requests === 0 ? null : 10 }
  }
}
