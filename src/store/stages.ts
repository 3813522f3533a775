import { STAGES, type Stage } from '../domain/pipeline.ts'
import { OPEN_STAGE, type StageRules } from '../domain/stage-rules.ts'
import type { Db } from './db.ts'

export interface StageOrdersTable {
  pipelineId: string
  /** All stages of the pipeline in their order, as JSON. */
  names: string
}

export interface StageRulesTable {
  pipelineId: string
  stage: string
  /** `StageRules`, as JSON. */
  rules: string
  updatedAt: number
}

/** Which stages a pipeline has, and what is asked for at each. */
export interface Stages {
  /** In their order. */
  of(pipelineId: string): Promise<Stage[]>
  set(pipelineId: string, names: readonly Stage[]): Promise<void>
  /** Those of a stage of which nothing was said are `OPEN_STAGE`. */
  rules(pipelineId: string, stage: Stage): Promise<StageRules>
  setRules(pipelineId: string, stage: Stage, rules: StageRules, at: number): Promise<void>
  forgetRules(pipelineId: string, stage: Stage): Promise<void>
}

export function stagesTable(db: Db): Stages {
  return {
    async of(pipelineId) {
      const select = db.selectFrom('stageOrders').select('names').where('pipelineId', '=', pipelineId)
      const row = await select.executeTakeFirst()
      return row ? JSON.parse(row.names) : [...STAGES]
    },
    async set(pipelineId, order) {
      const names = JSON.stringify(order)
      await db
        .insertInto('stageOrders')
        .values({ pipelineId, names })
        .onConflict((conflict) => conflict.column('pipelineId').doUpdateSet({ names }))
        .execute()
    },
    async rules(pipelineId, stage) {
      const row = await db
        .selectFrom('stageRules')
        .select('rules')
        .where('pipelineId', '=', pipelineId)
        .where('stage', '=', stage)
        .executeTakeFirst()
      return row ? { ...OPEN_STAGE, ...JSON.parse(row.rules) } : OPEN_STAGE
    },
    async setRules(pipelineId, stage, given, updatedAt) {
      const rules = JSON.stringify(given)
      await db
        .insertInto('stageRules')
        .values({ pipelineId, stage, rules, updatedAt })
        .onConflict((conflict) => conflict.columns(['pipelineId', 'stage']).doUpdateSet({ rules, updatedAt }))
        .execute()
    },
    async forgetRules(pipelineId, stage) {
      await db
        .deleteFrom('stageRules')
        .where('pipelineId', '=', pipelineId)
        .where('stage', '=', stage)
        .execute()
    },
  }
}
