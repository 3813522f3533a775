import { closeConfig, openConfig } from './config.ts'
import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

export interface StageConfigTable {
  pipelineId: string
  stage: string
  sealed: Uint8Array
}

/** Config vars that a pipeline has for what is made at a stage: its test runs, its review apps. Sealed at rest. */
export interface StageConfigs {
  get(pipelineId: string, stage: string): Promise<Record<string, string>>
  set(pipelineId: string, stage: string, config: Readonly<Record<string, string>>): Promise<void>
}

export function stageConfigTable(db: Db, seal: Seal): StageConfigs {
  return {
    async get(pipelineId, stage) {
      const row = await db
        .selectFrom('stageConfig')
        .select('sealed')
        .where('pipelineId', '=', pipelineId)
        .where('stage', '=', stage)
        .executeTakeFirst()
      return row ? openConfig(seal, row.sealed, contextOf(pipelineId, stage)) : {}
    },
    async set(pipelineId, stage, config) {
      const sealed = closeConfig(seal, config, contextOf(pipelineId, stage))
      await db
        .insertInto('stageConfig')
        .values({ pipelineId, stage, sealed })
        .onConflict((conflict) => conflict.columns(['pipelineId', 'stage']).doUpdateSet({ sealed }))
        .execute()
    },
  }
}

function contextOf(pipelineId: string, stage: string): string {
  return `${pipelineId} ${stage}`
}
