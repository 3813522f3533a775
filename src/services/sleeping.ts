import { TasukiError } from '../domain/errors.ts'
import type { PoolLimits, SleepRule, SleepState } from '../domain/sleep.ts'
import type { App } from '../store/apps.ts'
import type { ServiceDeps } from './context.ts'
import { SleepKeeper } from './sleep-keeper.ts'
import { requireSeen } from './sleep-rules.ts'

const LEAST_IDLE_MS = 1000
const MOST_IDLE_MS = 30 * 24 * 3_600_000

/** How it stands with an app's sleep. Times are UTC ms. */
export interface SleepView extends SleepRule {
  readonly state: SleepState
  /** Since when it has that state; null for an app that has never slept and has no rule. */
  readonly since: number | null
}

const AWAKE: SleepView = { state: 'awake', since: null, afterIdleMs: null, pool: null }

/** Apps that have no instances while nobody visits them. Their formation stays as it is. */
export class SleepingService {
  readonly #deps: ServiceDeps
  readonly #keeper: SleepKeeper

  constructor(deps: ServiceDeps) {
    this.#deps = deps
    this.#keeper = new SleepKeeper(deps)
  }

  /** Goes on with what was under way, and listens to visitors from now on. */
  start(): Promise<void> {
    return this.#keeper.start()
  }

  stop(): Promise<void> {
    return this.#keeper.stop()
  }

  /** Puts to sleep whoever is to sleep now: called every second. */
  look(): Promise<void> {
    return this.#keeper.look()
  }

  async state(appId: string): Promise<SleepState> {
    return (await this.#deps.store.tables.sleepers.of(appId))?.state ?? 'awake'
  }

  async view(app: Pick<App, 'id'>): Promise<SleepView> {
    const found = await this.#deps.store.tables.sleepers.of(app.id)
    if (!found) return AWAKE
    const { state, since, afterIdleMs, pool } = found
    return { state, since, afterIdleMs, pool }
  }

  /** By id; an app that is missing is awake. */
  states(apps: readonly Pick<App, 'id'>[]): Promise<ReadonlyMap<string, SleepState>> {
    return this.#deps.store.tables.sleepers.states(apps.map(({ id }) => id))
  }

  /**
   * From now on the app is put to sleep when nobody has visited it for so long (ms), or when its pool is above its limits and
   * it has been idle the longest; null: never by itself. Throws `invalid_params`.
   */
  async setSleeper(
    appId: string,
    rule: { afterIdleMs: number | null; pool?: string | null } | null,
  ): Promise<void> {
    const idle = rule?.afterIdleMs ?? null
    if (idle !== null && !(idle >= LEAST_IDLE_MS && idle <= MOST_IDLE_MS))
      throw new TasukiError('invalid_params', 'An app sleeps after 1 second to 30 days without a visitor.')
    const wanted = rule && { afterIdleMs: idle === null ? null : Math.round(idle), pool: rule.pool ?? null }
    await this.#deps.store.tables.sleepers.rule(appId, wanted, this.#now())
  }

  /** As `setSleeper`, for a user: the app stays in the pool that it is in. Throws `conflict` when nobody sees its visitors. */
  async setIdleLimit(app: App, afterIdleMs: number | null): Promise<void> {
    if (afterIdleMs !== null) await requireSeen(this.#deps.store.tables, app)
    const { pool } = await this.view(app)
    await this.setSleeper(app.id, { afterIdleMs, pool })
  }

  /** How much of the pool may be awake at a time. Apps that are in use stay awake also beyond that. Null: no limits. */
  async limitPool(pool: string, limits: PoolLimits | null): Promise<void> {
    await this.#deps.store.tables.sleepers.limit(pool, limits)
  }

  /**
   * Puts the app to sleep: its instances are drained and stopped; the next visitor waits until it is awake again. Throws
   * `conflict` when no visit could wake it, or while a rollout is under way.
   */
  async sleep(app: App, user: string): Promise<void> {
    await this.#keeper.lay(app.id, `asked for by ${user}`)
  }

  /** Has the app started again, if it sleeps; does not wait until it serves. */
  async wake(app: App, user: string): Promise<void> {
    await this.#keeper.rouse(app.id, `asked for by ${user}`)
  }

  #now(): number {
    return this.#deps.now?.() ?? Date.now()
  }
}
