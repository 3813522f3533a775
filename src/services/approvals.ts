import { TasukiError } from '../domain/errors.ts'
import type { Approval, ApprovalVote } from '../store/approvals.ts'
import type { Promotion } from '../store/promotions.ts'
import type { Tables } from '../store/tables.ts'
import { announce, announceRelease } from './announce.ts'
import { carryOut } from './approval-carrying-out.ts'
import { type Approvers, approversOf } from './approvers.ts'
import { CLOCK, record } from './audit.ts'
import type { ServiceDeps } from './context.ts'
import { requireThawed } from './freezes.ts'
import type { PipelineService } from './pipelines.ts'
import { droppedBecause } from './promotion-views.ts'
import type { Caller } from './tokens.ts'

const MOST_LISTED = 100
const MOST_COMMENT = 1000

/** An approval with who may give it, and who has. */
export interface ApprovalView {
  readonly approval: Approval
  readonly promotion: Promotion
  readonly approvers: Approvers
  /** Those that count. */
  readonly votes: readonly ApprovalVote[]
  readonly targetIds: readonly string[]
}

/**
 * Promotions that wait until somebody approves of them. Consent, end and the targets' releases are written in one
 * transaction, so that a promotion is carried out once or not at all, whatever dies in between.
 */
export class ApprovalService {
  readonly #deps: ServiceDeps
  readonly #pipelines: PipelineService

  constructor(deps: ServiceDeps, pipelines: PipelineService) {
    this.#deps = deps
    this.#pipelines = pipelines
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /** Those that wait, of all pipelines that the caller has to do with, oldest first. */
  async waiting(caller: Caller): Promise<ApprovalView[]> {
    return this.#visible(caller, await this.#tables.approvals.waiting())
  }

  /** Those of a pipeline, also those that have ended, newest first. */
  async list(pipelineId: string): Promise<ApprovalView[]> {
    const all = await this.#tables.approvals.ofPipeline(pipelineId, MOST_LISTED)
    return Promise.all(all.map((approval) => this.#view(this.#tables, approval)))
  }

  /** Of promotions of a commit, oldest first. */
  ofCommit(pipelineId: string, sha: string): Promise<Approval[]> {
    return this.#tables.approvals.ofCommit(pipelineId, sha)
  }

  /** Throws `not_found`, also when the caller has nothing to do with it. */
  async get(caller: Caller, id: string): Promise<ApprovalView> {
    const found = await this.#tables.approvals.byId(id)
    const [view] = found ? await this.#visible(caller, [found]) : []
    if (view) return view
    throw new TasukiError('not_found', `There is no approval "${id.slice(0, 60)}".`, {
      next: '`tasuki pipelines:approvals` lists what waits.',
    })
  }

  /**
   * The caller consents; when enough have, the promotion is carried out. Throws `forbidden` to who may not, `conflict` when it
   * does not wait any more or the stage is frozen.
   */
  async approve(caller: Caller, id: string, comment: string | null): Promise<ApprovalView> {
    checkComment(comment)
    const { made, message } = await this.#deciding(
      caller,
      id,
      async (tables, { approval, approvers }, at) => {
        if (!approvers.may.includes(caller.email)) throw mayNot(caller, approval, approvers)
        await tables.approvals.vote({ approvalId: id, user: caller.email, comment, at })
        const { votes } = await this.#view(tables, approval)
        const enough = votes.length >= approvers.needed
        const details = { ...told(approval), comment, approvals: votes.length, needed: approvers.needed }
        await record(tables, { ...about(approval, caller.email, at), action: 'promotion.approved', details })
        if (!enough) return { made: [], message: `${votes.length} of ${approvers.needed} have approved` }
        await requireThawed(tables, approval.pipelineId, approval.stage, at)
        await tables.approvals.end(id, { state: 'approved', endedBy: caller.email, comment }, at)
        return { made: await carryOut(tables, approval, at), message: 'It is carried out' }
      },
    )
    await this.#announce(id, `Promotion approved by ${caller.email}: ${message}`)
    for (const release of made) announceRelease(this.#deps, release)
    return this.get(caller, id)
  }

  /**
   * The promotion is dropped: rejected by one who may approve, or withdrawn by who asked. Throws `forbidden` to others, and
   * `conflict` when it does not wait any more.
   */
  async reject(caller: Caller, id: string, comment: string | null): Promise<ApprovalView> {
    checkComment(comment)
    await this.#deciding(caller, id, async (tables, { approval, approvers }, at) => {
      const own = caller.email === approval.user
      if (!own && !approvers.may.includes(caller.email)) throw mayNot(caller, approval, approvers)
      const end = { state: own ? 'withdrawn' : 'rejected', endedBy: caller.email, comment } as const
      await tables.approvals.end(id, end, at)
      const details = { ...told(approval), comment }
      await record(tables, {
        ...about(approval, caller.email, at),
        action: `promotion.${end.state}`,
        details,
      })
      return null
    })
    const view = await this.get(caller, id)
    await this.#announce(id, `Promotion dropped: ${droppedBecause(view.approval)}`)
    return view
  }

  /** Ends those whose time is up. */
  async expire(at: number): Promise<void> {
    const late = (await this.#tables.approvals.waiting()).filter(({ expiresAt }) => expiresAt <= at)
    for (const approval of late) {
      const ended = await this.#deps.store.transaction(async (tables) => {
        const end = { state: 'expired', endedBy: null, comment: null } as const
        if (!(await tables.approvals.end(approval.id, end, at))) return false
        const about = { pipelineId: approval.pipelineId, appId: null, user: CLOCK, at }
        await record(tables, { ...about, action: 'promotion.expired', details: told(approval) })
        return true
      })
      if (ended) await this.#announce(approval.id, 'Promotion dropped: nobody approved of it in time.')
    }
  }

  /** Does something to one that waits, in a transaction; who may not even see it learns nothing. */
  async #deciding<T>(
    caller: Caller,
    id: string,
    decide: (tables: Tables, view: ApprovalView, at: number) => Promise<T>,
  ): Promise<T> {
    await this.get(caller, id)
    const at = (this.#deps.now ?? Date.now)()
    return this.#deps.store.transaction(async (tables) => {
      const approval = await tables.approvals.byId(id)
      if (approval === null) throw new TasukiError('not_found', 'The pipeline was destroyed meanwhile.')
      if (approval.state !== 'waiting') throw over(approval)
      if (approval.expiresAt <= at) throw over({ ...approval, state: 'expired' })
      return decide(tables, await this.#view(tables, approval), at)
    })
  }

  async #view(tables: Tables, approval: Approval): Promise<ApprovalView> {
    const promotion = (await tables.promotions.byId(approval.promotionId))!
    const targets = await tables.promotions.targets(promotion.id)
    const targetIds = targets.filter((one) => one.approvalId === approval.id).map(({ appId }) => appId)
    const approvers = await approversOf(tables, approval, targetIds)
    const all = await tables.approvals.votes(approval.id)
    const votes = approval.state === 'waiting' ? all.filter(({ user }) => approvers.may.includes(user)) : all
    return { approval, promotion, approvers, votes, targetIds }
  }

  /** Those of pipelines that the caller sees, and those that the caller may approve of. */
  async #visible(caller: Caller, approvals: readonly Approval[]): Promise<ApprovalView[]> {
    const seen = new Set((await this.#pipelines.list(caller)).map(({ id }) => id))
    const views = await Promise.all(approvals.map((approval) => this.#view(this.#tables, approval)))
    return views.filter(
      ({ approval, approvers }) => seen.has(approval.pipelineId) || approvers.may.includes(caller.email),
    )
  }

  async #announce(id: string, message: string): Promise<void> {
    const approval = await this.#tables.approvals.byId(id)
    const targets = approval ? await this.#tables.promotions.targets(approval.promotionId) : []
    for (const { appId, approvalId } of targets) if (approvalId === id) announce(this.#deps, appId, message)
  }
}

function about({ pipelineId }: Approval, user: string, at: number) {
  return { pipelineId, appId: null, user, at }
}

function told({ id, promotionId, stage, user }: Approval): Record<string, unknown> {
  return { approval: id, promotion: promotionId, stage, asked_by: user }
}

function checkComment(comment: string | null): void {
  if (comment === null || comment.length <= MOST_COMMENT) return
  throw new TasukiError('invalid_params', 'The comment is too long.', {
    next: `Say it in ${MOST_COMMENT} letters.`,
  })
}

function mayNot({ email }: Caller, { user, stage }: Approval, { may }: Approvers): TasukiError {
  const what =
    email === user
      ? 'You asked for this promotion yourself, so somebody else has to approve of it.'
      : `You may not approve of promotions to ${stage}.`
  return new TasukiError('forbidden', what, { next: `Ask ${may.join(' or ')}.` })
}

function over(approval: Approval): TasukiError {
  const what = approval.state === 'approved' ? 'It has been approved already.' : droppedBecause(approval)
  return new TasukiError('conflict', what, { next: 'See `tasuki pipelines:approvals`.' })
}
