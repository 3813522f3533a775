import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { Stage } from '../domain/pipeline.ts'
import type { Approval } from '../store/approvals.ts'
import type { Promotion } from '../store/promotions.ts'
import type { Tables } from '../store/tables.ts'
import { approversOf } from './approvers.ts'
import { CLOCK, record } from './audit.ts'
import type { CheckedTarget } from './promotion-checks.ts'

/**
 * What has to be approved before the promotion reaches its targets, by stage; nothing at stages that ask for nothing. Older
 * ones that it takes the place of are ended. Throws `conflict` when nobody could approve.
 */
export async function askFor(
  tables: Tables,
  promotion: Promotion,
  targets: readonly CheckedTarget[],
  at: number,
): Promise<Map<Stage, Approval>> {
  const asked = new Map<Stage, Approval>()
  for (const [stage, group] of Map.groupBy(targets, (target) => target.stage)) {
    const rules = await tables.stages.rules(promotion.pipelineId, stage)
    if (rules.approvals === 0) continue
    const appIds = group.map(({ app }) => app.id)
    await requireSomebody(tables, promotion, stage, appIds)
    await replaceOlder(tables, promotion, stage, appIds, at)
    asked.set(stage, {
      id: randomUUID(),
      promotionId: promotion.id,
      pipelineId: promotion.pipelineId,
      stage,
      user: promotion.user,
      state: 'waiting',
      createdAt: at,
      expiresAt: at + rules.expiresMs,
      endedAt: null,
      endedBy: null,
      comment: null,
    })
  }
  return asked
}

/** Better said at once than after a day of waiting. */
async function requireSomebody(
  tables: Tables,
  { pipelineId, user }: Promotion,
  stage: Stage,
  appIds: readonly string[],
): Promise<void> {
  const { may, needed } = await approversOf(tables, { pipelineId, stage, user }, appIds)
  if (may.length >= needed) return
  const who = may.length === 0 ? 'nobody but you may' : `only ${may.join(', ')} may`
  throw new TasukiError('conflict', `${needed} have to approve of promotions to ${stage}, and ${who}.`, {
    next: 'The owner of the pipeline can name others: `tasuki pipelines:stage PIPELINE STAGE --approvers`.',
  })
}

/** What waits for the same apps, or some of them, from the same app: approved of later, it would undo the newer one. */
async function replaceOlder(
  tables: Tables,
  { id, pipelineId, appId }: Promotion,
  stage: Stage,
  appIds: readonly string[],
  at: number,
): Promise<void> {
  for (const older of await tables.approvals.waiting(pipelineId)) {
    if (older.stage !== stage) continue
    const promotion = await tables.promotions.byId(older.promotionId)
    const waiting = await tables.promotions.waitingFor(older.id)
    if (promotion?.appId !== appId || !waiting.every((target) => appIds.includes(target.appId))) continue
    await tables.approvals.end(older.id, { state: 'replaced', endedBy: null, comment: null }, at)
    const details = { approval: older.id, promotion: older.promotionId, by: id, stage }
    await record(tables, { pipelineId, appId: null, user: CLOCK, action: 'promotion.replaced', details, at })
  }
}
