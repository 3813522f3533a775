import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import type {
  KindCounts,
  Latency,
  LoadReport,
  Loss,
  LossCause,
  PostReport,
  Snapshot,
  TrafficKind,
} from './types.ts'

const MOST_LOSSES_KEPT = 1_000
/** The kinds whose time says something about the platform: the others are slow by intent. */
const PLAIN: ReadonlySet<TrafficKind> = new Set(['get', 'post', 'fresh'])

/** Who answered, by the app's own word. */
export interface Identity {
  readonly instance: string
  readonly release: string
}

interface KindTally {
  sent: number
  ok: number
  lost: number
  readonly latency: RecordableHistogram
}

/** What came in the last second, for whoever watches. */
class Second {
  answers = 0
  latency = createHistogram()
  releases: Record<string, number> = {}
  instances: Record<string, number> = {}
}

/** Counts every request once, by its one outcome. */
export class Tally {
  readonly #startedAt = Date.now()
  readonly #start = performance.now()
  readonly #latency = createHistogram()
  readonly #kinds = new Map<TrafficKind, KindTally>()
  readonly #byStatus: Record<string, number> = {}
  readonly #byCause: Partial<Record<LossCause, number>> = {}
  readonly #byInstance: Record<string, number> = {}
  readonly #byRelease: Record<string, number> = {}
  readonly #losses: Loss[] = []
  readonly #lostPosts: string[] = []
  readonly #closed: Record<string, number> = {}
  #opened = 0
  #open = 0
  #messages = 0
  #connections = 0
  #closedIdle = 0
  #second = new Second()
  #lastSecond = new Second()

  sent(kind: TrafficKind): void {
    this.#of(kind).sent++
  }

  /** A whole answer came, `ms` after the request was due. */
  ok(kind: TrafficKind, status: number, ms: number, who: Identity | null): void {
    this.#of(kind).ok++
    count(this.#byStatus, String(status))
    this.#time(kind, ms)
    if (!who) return
    count(this.#byInstance, who.instance)
    count(this.#byRelease, who.release)
    count(this.#second.instances, who.instance)
    count(this.#second.releases, who.release)
  }

  lost(kind: TrafficKind, cause: LossCause, id: string, detail: string): void {
    this.#of(kind).lost++
    this.#byCause[cause] = (this.#byCause[cause] ?? 0) + 1
    if (kind === 'post') this.#lostPosts.push(id)
    if (this.#losses.length < MOST_LOSSES_KEPT) this.#losses.push({ at: Date.now(), kind, cause, id, detail })
  }

  connected(): void {
    this.#connections++
  }

  closedIdle(): void {
    this.#closedIdle++
  }

  streamOpened(): void {
    this.#opened++
    this.#open++
  }

  message(): void {
    this.#messages++
  }

  /** `how` is null when we closed it ourselves. */
  streamClosed(how: string | null): void {
    this.#open--
    if (how !== null) count(this.#closed, how)
  }

  /** To be called once a second. */
  tick(): void {
    this.#lastSecond = this.#second
    this.#second = new Second()
  }

  snapshot(): Snapshot {
    const { sent, ok, lost } = this.#totals()
    return {
      ms: performance.now() - this.#start,
      sent,
      ok,
      lost,
      inFlight: sent - ok - lost,
      rate: this.#lastSecond.answers,
      p99: latencyOf(this.#lastSecond.latency).p99,
      releases: this.#lastSecond.releases,
      instances: this.#lastSecond.instances,
      streamsOpen: this.#open,
      streamsClosed: Object.values(this.#closed).reduce((sum, many) => sum + many, 0),
    }
  }

  report(run: string, unsent: number): LoadReport {
    return {
      startedAt: this.#startedAt,
      endedAt: Date.now(),
      ...this.#totals(),
      unsent,
      ...latencyOf(this.#latency),
      byStatus: this.#byStatus,
      byCause: this.#byCause,
      byKind: Object.fromEntries([...this.#kinds].map(([kind, tally]) => [kind, countsOf(tally)])),
      losses: this.#losses,
      byInstance: this.#byInstance,
      byRelease: this.#byRelease,
      connections: { opened: this.#connections, closedIdle: this.#closedIdle },
      posts: this.#posts(run),
      streams: { opened: this.#opened, closed: this.#closed, messages: this.#messages },
    }
  }

  #posts(run: string): PostReport {
    return { run, sent: this.#kinds.get('post')?.sent ?? 0, lost: this.#lostPosts }
  }

  #totals(): { sent: number; ok: number; lost: number } {
    const total = { sent: 0, ok: 0, lost: 0 }
    for (const tally of this.#kinds.values()) {
      total.sent += tally.sent
      total.ok += tally.ok
      total.lost += tally.lost
    }
    return total
  }

  #of(kind: TrafficKind): KindTally {
    const found = this.#kinds.get(kind)
    if (found) return found
    const made = { sent: 0, ok: 0, lost: 0, latency: createHistogram() }
    this.#kinds.set(kind, made)
    return made
  }

  #time(kind: TrafficKind, ms: number): void {
    const micros = Math.max(1, Math.round(ms * 1_000))
    this.#of(kind).latency.record(micros)
    this.#second.answers++
    if (!PLAIN.has(kind)) return
    this.#latency.record(micros)
    this.#second.latency.record(micros)
  }
}

function count(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1
}

function countsOf(tally: KindTally): KindCounts {
  return { sent: tally.sent, ok: tally.ok, lost: tally.lost, ...latencyOf(tally.latency) }
}

function latencyOf(histogram: RecordableHistogram): Latency {
  if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 }
  const ms = (micros: number) => Math.round(micros / 10) / 100
  return { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) }
}
