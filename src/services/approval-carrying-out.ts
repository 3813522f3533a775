import type { Approval } from '../store/approvals.ts'
import type { PromotionTarget } from '../store/promotions.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { releaseOn } from './promotion-releases.ts'
import type { MadeRelease } from './releases.ts'

/**
 * Makes the releases that have waited for the approval, inside the caller's transaction. A target that is no longer where it
 * was gets none and says why; the others are not held up by it.
 */
export async function carryOut(tables: Tables, approval: Approval, at: number): Promise<MadeRelease[]> {
  const { appId, releaseId } = (await tables.promotions.byId(approval.promotionId))!
  const source = await tables.apps.byId(appId)
  const origin = await tables.releases.byId(appId, releaseId)
  const made: MadeRelease[] = []
  for (const target of await tables.promotions.waitingFor(approval.id)) {
    const error = await obstacle(tables, approval, target, origin)
    if (error !== null) {
      await tables.promotions.settle(target.id, { releaseId: null, error })
      continue
    }
    const one = await releaseOn(tables, target.appId, source!, origin!, approval.user, at)
    await tables.promotions.settle(target.id, { releaseId: one.release.id, error: null })
    made.push(one)
  }
  return made
}

/** Why the target can not have the release after all; null when it can. */
async function obstacle(
  tables: Tables,
  { pipelineId, stage }: Approval,
  { appId }: PromotionTarget,
  origin: StoredRelease | null,
): Promise<string | null> {
  if (origin?.artifact == null) return 'The app that it comes from has been destroyed.'
  if (!(await tables.artifacts.present(origin.artifact))) return 'The artifact has been collected.'
  const app = await tables.apps.byId(appId)
  if (app === null || app.destroyedAt !== null) return 'The app has been destroyed.'
  const coupling = await tables.couplings.ofApp(appId)
  if (coupling?.pipelineId === pipelineId && coupling.stage === stage) return null
  return `${app.name} no longer stands at ${stage} of the pipeline.`
}
