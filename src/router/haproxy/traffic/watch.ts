import type { BackendKey, TrafficSample } from '../../../rollout/ports.ts'
import type { Fate } from './classify.ts'
import { type Directory, keyOf } from './directory.ts'
import { AddressCounts, type History } from './history.ts'
import type { LogLine } from './parse.ts'

/** A sample that nobody has asked for again in this time is counted no longer, in ms. */
const FORGET_AFTER = 120_000

interface Watch {
  readonly since: number
  readonly byInstance: Map<string, AddressCounts>
  askedAt: number
}

/** Samples of what instances answered since an instant: filled from the last minute at first, counted exactly from then on. */
export class Watches {
  readonly #byKey = new Map<string, Watch[]>()
  readonly #directory: Directory
  readonly #history: History

  constructor(directory: Directory, history: History) {
    this.#directory = directory
    this.#history = history
  }

  add(key: string, line: LogLine, fate: Fate): void {
    for (const watch of this.#byKey.get(key) ?? [])
      if (line.endedAt >= watch.since) this.#countsOf(watch, line.address)?.add(line, fate)
  }

  /** `since` and `now` in UTC ms. */
  sample(backend: BackendKey, instances: readonly string[], since: number, now: number): TrafficSample {
    const watch = this.#watch(keyOf(backend), since)
    watch.askedAt = now
    const all = new AddressCounts()
    for (const instance of instances) {
      const counts = watch.byInstance.get(instance)
      if (counts) all.merge(counts)
    }
    return {
      requests: all.window.requests,
      serverErrors: all.window.serverErrors + all.cut,
      p95: all.window.percentile(0.95),
    }
  }

  prune(now: number): void {
    for (const [key, watches] of this.#byKey) {
      const kept = watches.filter((watch) => now - watch.askedAt < FORGET_AFTER)
      if (kept.length === 0) this.#byKey.delete(key)
      else this.#byKey.set(key, kept)
    }
  }

  /** The same instant on two clocks differs by a few ms from call to call. */
  #watch(key: string, since: number): Watch {
    const watches = this.#byKey.get(key) ?? []
    const found = watches.find((watch) => Math.abs(watch.since - since) <= 20)
    if (found) return found
    const watch: Watch = { since, byInstance: new Map(), askedAt: 0 }
    this.#history.since(key, since, (address, counts) => this.#countsOf(watch, address)?.merge(counts))
    this.#byKey.set(key, [...watches, watch])
    return watch
  }

  #countsOf(watch: Watch, address: string | null): AddressCounts | undefined {
    const instance = this.#directory.instance(address)?.instance
    if (instance === undefined) return undefined
    const found = watch.byInstance.get(instance)
    if (found) return found
    const made = new AddressCounts()
    watch.byInstance.set(instance, made)
    return made
  }
}
