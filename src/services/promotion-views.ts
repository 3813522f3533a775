import type { Approval } from '../store/approvals.ts'
import type { PromotionTarget } from '../store/promotions.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'

/** What became of one target. */
export interface TargetView extends PromotionTarget {
  readonly status: 'pending' | 'succeeded' | 'failed'
  /** Why it has failed. */
  readonly reason: string | null
}

/** What the target's release says of it; as long as it has none, what its approval says. */
export async function viewOf(tables: Tables, target: PromotionTarget): Promise<TargetView> {
  if (target.error !== null) return failed(target, target.error)
  const release = target.releaseId && (await tables.releases.byId(target.appId, target.releaseId))
  if (!release) return withoutRelease(tables, target)
  if (release.status === 'pending' || release.status === 'succeeded')
    return { ...target, status: release.status, reason: null }
  return failed(target, await reasonOf(tables, release))
}

async function withoutRelease(tables: Tables, target: PromotionTarget): Promise<TargetView> {
  const app = await tables.apps.byId(target.appId)
  if (target.releaseId !== null || target.approvalId === null || app === null || app.destroyedAt !== null)
    return failed({ ...target, releaseId: null }, 'The app has been destroyed.')
  const approval = await tables.approvals.byId(target.approvalId)
  if (approval?.state === 'waiting') return { ...target, status: 'pending', reason: null }
  return failed(target, approval ? droppedBecause(approval) : 'The promotion was forgotten.')
}

/** Why a promotion that has waited was not carried out. */
export function droppedBecause({ state, endedBy, comment }: Approval): string {
  const by = endedBy === null ? '' : ` by ${endedBy}`
  const why = comment === null ? '.' : `: ${comment}`
  if (state === 'expired') return 'Nobody approved of it in time.'
  if (state === 'replaced') return 'A newer promotion has taken its place.'
  return `It was ${state}${by}${why}`
}

async function reasonOf(tables: Tables, { appId, version, status }: StoredRelease): Promise<string> {
  if (status === 'expired') return `v${version} was superseded before it served.`
  const id = (await tables.rollouts.idsByRelease(appId)).get(version)
  const rollout = id === undefined ? null : await tables.rollouts.byId(id)
  return rollout?.reason ?? `v${version} failed.`
}

function failed(target: PromotionTarget, reason: string): TargetView {
  return { ...target, status: 'failed', reason }
}
