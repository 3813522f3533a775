import type { TrafficWindow } from '../../../domain/traffic.ts'
import { Histogram } from './histogram.ts'

const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const
type StatusClass = (typeof CLASSES)[number]

/** What one window counts, as it is kept on disk. */
export interface WindowState {
  readonly byStatus: Record<StatusClass, number>
  readonly max: number
  readonly times: readonly (readonly [number, number])[]
}

/** Counts of requests by status, and how long they took. */
export class WindowCounts {
  readonly #byStatus: Record<StatusClass, number>
  readonly #times: Histogram
  #max: number

  constructor(state?: WindowState) {
    this.#byStatus = state
      ? { ...state.byStatus }
      : { none: 0, '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0 }
    this.#times = Histogram.from(state?.times ?? [])
    this.#max = state?.max ?? 0
  }

  get requests(): number {
    return CLASSES.reduce((sum, name) => sum + this.#byStatus[name], 0)
  }

  get serverErrors(): number {
    return this.#byStatus['5xx']
  }

  get timed(): number {
    return this.#times.count
  }

  add(status: number, ms: number): void {
    this.#byStatus[classOf(status)]++
    this.#times.add(ms)
    if (ms > this.#max) this.#max = ms
  }

  /** Counts requests of which only the status is known. */
  addUntimed(status: number, count: number): void {
    this.#byStatus[classOf(status)] += count
  }

  merge(other: WindowCounts): void {
    for (const name of CLASSES) this.#byStatus[name] += other.#byStatus[name]
    this.#times.merge(other.#times)
    this.#max = Math.max(this.#max, other.#max)
  }

  percentile(share: number): number | null {
    const value = this.#times.percentile(share)
    return value === null ? null : Math.min(value, this.#max)
  }

  report(ms: number): TrafficWindow {
    return {
      ms,
      requests: this.requests,
      byStatus: { ...this.#byStatus },
      p50: this.percentile(0.5),
      p99: this.percentile(0.99),
      max: this.#times.count === 0 ? null : this.#max,
    }
  }

  toJSON(): WindowState {
    return { byStatus: this.#byStatus, max: this.#max, times: this.#times.toJSON() }
  }
}

function classOf(status: number): StatusClass {
  return CLASSES[Math.floor(status / 100)] ?? 'none'
}
