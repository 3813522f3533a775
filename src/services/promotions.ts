import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { Stage } from '../domain/pipeline.ts'
import type { Approval } from '../store/approvals.ts'
import type { App } from '../store/apps.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Promotion, PromotionTarget } from '../store/promotions.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import { announce, announceRelease } from './announce.ts'
import { askFor } from './approval-asking.ts'
import { record } from './audit.ts'
import type { ServiceDeps } from './context.ts'
import { requireThawed } from './freezes.ts'
import { type CheckedTarget, checkTargets, originOf } from './promotion-checks.ts'
import { releaseOn } from './promotion-releases.ts'
import { type TargetView, viewOf } from './promotion-views.ts'
import type { MadeRelease } from './releases.ts'

/** Of each pipeline. */
const KEEP_PROMOTIONS = 100

/** What is to be promoted where. */
export interface Wish {
  readonly pipeline: Pipeline
  readonly source: App
  /** Id of the source's release; null: the one that serves. */
  readonly release: string | null
  readonly targets: readonly App[]
}

/** What is written of a promotion, and what is to be done once it is. */
interface Made {
  readonly promotion: Promotion
  readonly targets: readonly PromotionTarget[]
  readonly releases: readonly MadeRelease[]
  readonly approvals: readonly Approval[]
}

/**
 * Promotions: the artifact of one app becomes a release of others, with their own config, never rebuilt. All releases are
 * made in one transaction; from then on each is a release like any other, and says what became of its target. So a
 * control plane that dies in between leaves nothing to be resumed. Targets at a stage that asks for approval get their
 * releases when it is given (`ApprovalService`).
 */
export class PromotionService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /**
   * Makes a release on each target, or asks for approval of it; or does nothing at all. Throws `invalid_params` when there is
   * nothing to promote or it can not go there, `conflict` when a stage is frozen or nobody could approve.
   */
  async promote(wish: Wish, user: string): Promise<Promotion> {
    const at = (this.#deps.now ?? Date.now)()
    const made = await this.#deps.store.transaction((tables) => begun(tables, wish, user, at))
    for (const one of made.releases) announceRelease(this.#deps, one)
    for (const { appId, approvalId } of made.targets)
      if (approvalId !== null)
        announce(this.#deps, appId, `Promotion from ${wish.source.name} by ${user} waits for approval`)
    return made.promotion
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<Promotion> {
    const found = await this.#deps.store.tables.promotions.byId(id)
    if (found) return found
    throw new TasukiError('not_found', `There is no promotion "${id.slice(0, 60)}".`)
  }

  /** What has become of each target so far. */
  async targets(promotion: Pick<Promotion, 'id'>): Promise<TargetView[]> {
    const { tables } = this.#deps.store
    const targets = await tables.promotions.targets(promotion.id)
    return Promise.all(targets.map((target) => viewOf(tables, target)))
  }
}

async function begun(tables: Tables, wish: Wish, user: string, at: number): Promise<Made> {
  const { pipeline, source } = wish
  const checked = await checkTargets(tables, pipeline, source, wish.targets)
  const origin = await originOf(tables, source, wish.release)
  const stages = [...new Set(checked.map(({ stage }) => stage))]
  for (const stage of stages) await requireThawed(tables, pipeline.id, stage, at)
  const row = { id: randomUUID(), pipelineId: pipeline.id, appId: source.id }
  const promotion = { ...row, releaseId: origin.id, user, createdAt: at }
  const approvals = await askFor(tables, promotion, checked, at)
  const releases = await releasesOf(tables, wish, origin, checked, approvals, user, at)
  const targets = checked.map((target) => targetRow(promotion.id, target, releases, approvals))
  await tables.promotions.insert(promotion, targets)
  for (const approval of approvals.values()) await tables.approvals.insert(approval)
  await tables.promotions.trim(pipeline.id, KEEP_PROMOTIONS)
  await recordAll(tables, promotion, source, origin, checked, approvals)
  return { promotion, targets, releases: [...releases.values()], approvals: [...approvals.values()] }
}

/** By id of the app, for those that need not wait. */
async function releasesOf(
  tables: Tables,
  { source }: Wish,
  origin: StoredRelease,
  targets: readonly CheckedTarget[],
  approvals: ReadonlyMap<Stage, Approval>,
  user: string,
  at: number,
): Promise<Map<string, MadeRelease>> {
  const made = new Map<string, MadeRelease>()
  for (const { app, stage } of targets)
    if (!approvals.has(stage)) made.set(app.id, await releaseOn(tables, app.id, source, origin, user, at))
  return made
}

function targetRow(
  promotionId: string,
  { app, stage }: CheckedTarget,
  releases: ReadonlyMap<string, MadeRelease>,
  approvals: ReadonlyMap<Stage, Approval>,
): PromotionTarget {
  const releaseId = releases.get(app.id)?.release.id ?? null
  const approvalId = approvals.get(stage)?.id ?? null
  return { id: randomUUID(), promotionId, appId: app.id, releaseId, approvalId, error: null }
}

async function recordAll(
  tables: Tables,
  { id, pipelineId, user, createdAt: at }: Promotion,
  source: App,
  { version, commit, artifact }: StoredRelease,
  targets: readonly CheckedTarget[],
  approvals: ReadonlyMap<Stage, Approval>,
): Promise<void> {
  const what = { promotion: id, source: source.name, version, commit, artifact }
  for (const { app, stage } of targets) {
    const approval = approvals.get(stage)?.id
    const action = approval === undefined ? 'promotion.made' : 'promotion.asked'
    const details = { ...what, target: app.name, stage, ...(approval && { approval }) }
    await record(tables, { pipelineId, appId: app.id, user, action, details, at })
  }
}
