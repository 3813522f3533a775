import { TasukiError } from '../domain/errors.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { ReviewAppConfig } from '../store/review-app-configs.ts'
import type { Tables } from '../store/tables.ts'
import { record } from './audit.ts'
import type { ServiceDeps } from './context.ts'

/** Room for `-pr-` and five digits behind it. */
const BASE_NAME = /^[a-z][a-z0-9-]{0,19}[a-z0-9]$/
const MOST_DAYS = 30
const MOST_APPS = 1000
const MINUTE = 60_000
const WEEK = 7 * 24 * 60 * MINUTE

/** What somebody wants otherwise; what is left out stays. */
export type ReviewAppConfigWish = Partial<Omit<ReviewAppConfig, 'pipelineId' | 'createdAt' | 'updatedAt'>>

const DEFAULTS = {
  automatic: false,
  destroyStale: false,
  staleDays: 5,
  waitForTests: false,
  baseName: null,
  mostApps: 50,
  mostAwake: 10,
  mostAwakeBytes: null,
  idleMs: 30 * MINUTE,
} as const

/** What a change of it entails: limits of those that are awake, and another look at those that wait. */
export interface ConfigFollowers {
  changed(pipelineId: string, config: ReviewAppConfig | null): Promise<void>
}

/** Whether and how a pipeline makes review apps. */
export class ReviewAppConfigService {
  readonly #deps: ServiceDeps
  readonly #followers: ConfigFollowers

  constructor(deps: ServiceDeps, followers: ConfigFollowers) {
    this.#deps = deps
    this.#followers = followers
  }

  /** Throws `not_found` when the pipeline makes no review apps. */
  async get(pipeline: Pipeline): Promise<ReviewAppConfig> {
    const found = await this.#deps.store.tables.reviewAppConfigs.of(pipeline.id)
    if (found) return found
    throw new TasukiError('not_found', `Review apps are not enabled for ${pipeline.name}.`, {
      next: `Enable them with \`tasuki reviewapps:enable -p ${pipeline.name}\`.`,
      details: { resource: 'review_app_config' },
    })
  }

  /** Whether what is built waits for its tests. */
  async waitsForTests(pipelineId: string): Promise<boolean> {
    return (await this.#deps.store.tables.reviewAppConfigs.of(pipelineId))?.waitForTests ?? false
  }

  /** From now on, review apps can be made. Enabled again, what is wished for changes. Throws `invalid_params`, `name_taken`. */
  async enable(pipeline: Pipeline, wish: ReviewAppConfigWish, user: string): Promise<ReviewAppConfig> {
    const at = Date.now()
    const config = await this.#deps.store.transaction(async (tables) => {
      const before = await tables.reviewAppConfigs.of(pipeline.id)
      const start = before ?? { ...DEFAULTS, pipelineId: pipeline.id, createdAt: at }
      const made: ReviewAppConfig = { ...start, ...wish, updatedAt: at }
      await check(tables, made)
      await tables.reviewAppConfigs.put(made)
      const entry = { pipelineId: pipeline.id, appId: null, user, details: { ...wish }, at }
      await record(tables, { ...entry, action: before ? 'review-apps.changed' : 'review-apps.enabled' })
      return made
    })
    await this.#followers.changed(pipeline.id, config)
    return config
  }

  /**
   * Changes what is wished for; what makes sense only for review apps that there are enables them.
   * Throws `not_found`, `invalid_params`, `name_taken`; then nothing has changed.
   */
  async change(pipeline: Pipeline, wish: ReviewAppConfigWish, user: string): Promise<ReviewAppConfig> {
    const asksForMore = wish.automatic || wish.destroyStale || wish.waitForTests
    if (!asksForMore) await this.get(pipeline)
    return this.enable(pipeline, wish, user)
  }

  /** No more are made by themselves; those that there are stay until they are destroyed. Throws `not_found`. */
  async disable(pipeline: Pipeline, user: string): Promise<ReviewAppConfig> {
    const config = await this.get(pipeline)
    await this.#deps.store.transaction(async (tables) => {
      await tables.reviewAppConfigs.delete(pipeline.id)
      const entry = { pipelineId: pipeline.id, appId: null, user, details: {}, at: Date.now() }
      await record(tables, { ...entry, action: 'review-apps.disabled' })
    })
    await this.#followers.changed(pipeline.id, null)
    return config
  }
}

async function check(tables: Tables, config: ReviewAppConfig): Promise<void> {
  const { baseName } = config
  within('stale_days', config.staleDays, 1, MOST_DAYS)
  within('most_apps', config.mostApps, 1, MOST_APPS)
  if (config.mostAwake !== null) within('most_awake', config.mostAwake, 1, MOST_APPS)
  if (config.mostAwakeBytes !== null)
    within('most_awake_bytes', config.mostAwakeBytes, 2 ** 20, Number.MAX_SAFE_INTEGER)
  if (config.idleMs !== null) within('idle_ms', config.idleMs, MINUTE, WEEK)
  if (baseName === null) return
  if (!BASE_NAME.test(baseName))
    throw new TasukiError(
      'invalid_params',
      `"${baseName.slice(0, 60)}" can not be the start of an app's name.`,
      {
        next: `Use 2 to 21 of a-z, 0-9 and dash, with a letter first and no dash at the end.`,
      },
    )
  const others = (await tables.reviewAppConfigs.all()).filter(
    ({ pipelineId }) => pipelineId !== config.pipelineId,
  )
  if (others.some((other) => other.baseName === baseName))
    throw new TasukiError('name_taken', `Another pipeline's review apps are named after "${baseName}".`)
}

function within(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return
  throw new TasukiError('invalid_params', `${what} can not be ${value}.`, {
    next: `Use a whole number from ${least} to ${most}.`,
  })
}
