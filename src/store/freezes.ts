import type { Stage } from '../domain/pipeline.ts'
import type { Db } from './db.ts'

export interface FreezesTable {
  id: string
  pipelineId: string
  stage: Stage
  reason: string | null
  user: string
  /** UTC ms; of one that comes again and again: between which it does. Null: no bound. */
  fromAt: number | null
  untilAt: number | null
  /** When one that comes again begins, in the words of cron, in UTC; and how long it lasts, ms. Null: it comes once. */
  cron: string | null
  lastsMs: number | null
  createdAt: number
}

/** A time in which nothing comes to a stage. */
export type Freeze = Readonly<FreezesTable>

export interface Freezes {
  insert(freeze: Freeze): Promise<void>
  byId(id: string): Promise<Freeze | null>
  /** Oldest first; of all stages, or of one. */
  ofPipeline(pipelineId: string, stage?: Stage): Promise<Freeze[]>
  delete(id: string): Promise<void>
  deleteOfStage(pipelineId: string, stage: Stage): Promise<void>
}

export function freezesTable(db: Db): Freezes {
  const select = () => db.selectFrom('freezes').selectAll().orderBy('createdAt').orderBy('id')
  return {
    async insert(freeze) {
      await db.insertInto('freezes').values(freeze).execute()
    },
    byId: async (id) => (await select().where('id', '=', id).executeTakeFirst()) ?? null,
    ofPipeline(pipelineId, stage) {
      const all = select().where('pipelineId', '=', pipelineId)
      return (stage === undefined ? all : all.where('stage', '=', stage)).execute()
    },
    async delete(id) {
      await db.deleteFrom('freezes').where('id', '=', id).execute()
    },
    async deleteOfStage(pipelineId, stage) {
      await db.deleteFrom('freezes').where('pipelineId', '=', pipelineId).where('stage', '=', stage).execute()
    },
  }
}
