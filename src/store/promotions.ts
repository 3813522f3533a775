import type { Db } from './db.ts'

export interface PromotionsTable {
  id: string
  pipelineId: string
  /** The app that was promoted from, and the id of its release. */
  appId: string
  releaseId: string
  user: string
  createdAt: number
}

export interface PromotionTargetsTable {
  id: string
  promotionId: string
  appId: string
  /** Id of the release that it got; null while it has none. */
  releaseId: string | null
  /** Id of the approval that it waits for, or has waited for. */
  approvalId: string | null
  /** Why it got no release when that was given. */
  error: string | null
}

/** What was promoted, from which release of which app. */
export type Promotion = Readonly<PromotionsTable>
/** One app that it was promoted to, and the release that it got. */
export type PromotionTarget = Readonly<PromotionTargetsTable>

export interface Promotions {
  insert(promotion: Promotion, targets: readonly PromotionTarget[]): Promise<void>
  byId(id: string): Promise<Promotion | null>
  /** In the order of the apps' ids. */
  targets(id: string): Promise<PromotionTarget[]>
  /** Those that wait for that approval. */
  waitingFor(approvalId: string): Promise<PromotionTarget[]>
  /** What came of one that has waited. */
  settle(targetId: string, result: Pick<PromotionTarget, 'releaseId' | 'error'>): Promise<void>
  /** Forgets all but the newest of the pipeline, and those that wait. */
  trim(pipelineId: string, keep: number): Promise<void>
}

export function promotionsTable(db: Db): Promotions {
  return {
    async insert(promotion, targets) {
      await db.insertInto('promotions').values(promotion).execute()
      await db.insertInto('promotionTargets').values(targets).execute()
    },
    async byId(id) {
      const found = await db.selectFrom('promotions').selectAll().where('id', '=', id).executeTakeFirst()
      return found ?? null
    },
    targets: (id) =>
      db.selectFrom('promotionTargets').selectAll().where('promotionId', '=', id).orderBy('appId').execute(),
    waitingFor: (approvalId) =>
      db
        .selectFrom('promotionTargets')
        .selectAll()
        .where('approvalId', '=', approvalId)
        .where('releaseId', 'is', null)
        .where('error', 'is', null)
        .orderBy('appId')
        .execute(),
    async settle(targetId, result) {
      await db.updateTable('promotionTargets').set(result).where('id', '=', targetId).execute()
    },
    async trim(pipelineId, keep) {
      const newest = db
        .selectFrom('promotions')
        .select('id')
        .where('pipelineId', '=', pipelineId)
        .orderBy('createdAt', 'desc')
        .limit(keep)
      await db
        .deleteFrom('promotions')
        .where('pipelineId', '=', pipelineId)
        .where('id', 'not in', newest)
        .where(
          'id',
          'not in',
          db.selectFrom('approvals').select('promotionId').where('state', '=', 'waiting'),
        )
        .execute()
    },
  }
}
