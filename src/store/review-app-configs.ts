import type { Db } from './db.ts'

export interface ReviewAppConfigsTable {
  pipelineId: string
  /** Pull requests get a review app by themselves. */
  automatic: number
  destroyStale: number
  /** Days without a deploy. */
  staleDays: number
  waitForTests: number
  /** Names are `BASE-pr-7` then; random ones without. */
  baseName: string | null
  mostApps: number
  /** Caps on those that are awake at once; null: none. */
  mostAwake: number | null
  mostAwakeBytes: number | null
  /** Without a visit for so long, one is put to sleep; null: never. */
  idleMs: number | null
  createdAt: number
  updatedAt: number
}

/** How a pipeline's review apps are to be made. A pipeline without one makes none by itself. */
export interface ReviewAppConfig
  extends Readonly<Omit<ReviewAppConfigsTable, 'automatic' | 'destroyStale' | 'waitForTests'>> {
  readonly automatic: boolean
  readonly destroyStale: boolean
  readonly waitForTests: boolean
}

export interface ReviewAppConfigs {
  of(pipelineId: string): Promise<ReviewAppConfig | null>
  all(): Promise<ReviewAppConfig[]>
  /** In the place of the one that the pipeline had. */
  put(config: ReviewAppConfig): Promise<void>
  delete(pipelineId: string): Promise<void>
}

export function reviewAppConfigsTable(db: Db): ReviewAppConfigs {
  const select = () => db.selectFrom('reviewAppConfigs').selectAll()
  return {
    async of(pipelineId) {
      const row = await select().where('pipelineId', '=', pipelineId).executeTakeFirst()
      return row ? asConfig(row) : null
    },
    all: async () => (await select().orderBy('createdAt').execute()).map(asConfig),
    async put(config) {
      const { automatic, destroyStale, waitForTests } = config
      const flags = {
        automatic: Number(automatic),
        destroyStale: Number(destroyStale),
        waitForTests: Number(waitForTests),
      }
      await db
        .replaceInto('reviewAppConfigs')
        .values({ ...config, ...flags })
        .execute()
    },
    async delete(pipelineId) {
      await db.deleteFrom('reviewAppConfigs').where('pipelineId', '=', pipelineId).execute()
    },
  }
}

function asConfig(row: ReviewAppConfigsTable): ReviewAppConfig {
  return {
    ...row,
    automatic: row.automatic === 1,
    destroyStale: row.destroyStale === 1,
    waitForTests: row.waitForTests === 1,
  }
}
