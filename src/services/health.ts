import type { Span } from '../domain/health.ts'
import type { App } from '../store/apps.ts'
import type { HealthStretch } from '../store/health.ts'
import type { ServiceDeps } from './context.ts'
import { HealthKeeper } from './health-keeper.ts'

const DAY_MS = 24 * 3_600_000
/** What ended longer ago is forgotten, ms. */
const KEPT_MS = 7 * DAY_MS
/** Stretches of one app, or of all hosts, that are kept: one that changes all the time fills no disk. */
const MOST_KEPT = 5000

/** How it stood with something over a span of time. */
export interface HealthView extends Span {
  /** When the control plane looked: outside of these nothing is known. */
  readonly watched: readonly Span[]
  readonly stretches: readonly HealthStretch[]
}

/** Up and down over time, with reasons. */
export class HealthService {
  readonly #deps: ServiceDeps
  readonly #keeper: HealthKeeper

  constructor(deps: ServiceDeps) {
    this.#deps = deps
    this.#keeper = new HealthKeeper(deps)
  }

  start(): Promise<void> {
    return this.#keeper.start()
  }

  stop(): Promise<void> {
    return this.#keeper.stop()
  }

  /** A look, if it is time for one: called every second. */
  tick(): Promise<void> {
    return this.#keeper.tick()
  }

  /** Writes down what has changed. */
  look(): Promise<void> {
    return this.#keeper.look()
  }

  /** Of the app's instances in the last so many ms. */
  of(app: Pick<App, 'id'>, ms: number): Promise<HealthView> {
    return this.#view(app.id, ms)
  }

  /** Of the hosts. */
  ofHosts(ms: number): Promise<HealthView> {
    return this.#view(null, ms)
  }

  /** Forgets what is too old or too much. */
  collect(): Promise<void> {
    return this.#deps.store.tables.health.forget(this.#now() - KEPT_MS, MOST_KEPT)
  }

  async #view(appId: string | null, ms: number): Promise<HealthView> {
    const { health } = this.#deps.store.tables
    const until = this.#now()
    const from = until - ms
    const stretches = await health.since(from, appId)
    return { from, until, watched: await this.#watched(from, until), stretches }
  }

  /** The watch that goes on is written down rarely: it goes on all the same. */
  async #watched(from: number, until: number): Promise<Span[]> {
    const watches = await this.#deps.store.tables.health.watches(from)
    return watches.map((watch, index) => (index === watches.length - 1 ? { ...watch, until } : watch))
  }

  #now(): number {
    return this.#deps.now?.() ?? Date.now()
  }
}
