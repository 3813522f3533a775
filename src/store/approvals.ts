import type { ApprovalState } from '../domain/approval.ts'
import type { Stage } from '../domain/pipeline.ts'
import type { Db } from './db.ts'

export interface ApprovalsTable {
  id: string
  promotionId: string
  pipelineId: string
  stage: Stage
  /** Who asked for the promotion. */
  user: string
  state: ApprovalState
  createdAt: number
  expiresAt: number
  endedAt: number | null
  /** Who ended it; null as long as it waits, and when time did. */
  endedBy: string | null
  /** Why it was rejected. */
  comment: string | null
}

export interface ApprovalVotesTable {
  approvalId: string
  user: string
  comment: string | null
  at: number
}

/** A promotion to one stage that waits, or has waited, for somebody to approve of it. */
export type Approval = Readonly<ApprovalsTable>
/** Somebody's consent. */
export type ApprovalVote = Readonly<ApprovalVotesTable>

export interface Approvals {
  insert(approval: Approval): Promise<void>
  byId(id: string): Promise<Approval | null>
  ofPromotion(promotionId: string): Promise<Approval[]>
  /** Newest first, at most that many. */
  ofPipeline(pipelineId: string, max: number): Promise<Approval[]>
  /** Oldest first; of all pipelines, or of one. */
  waiting(pipelineId?: string): Promise<Approval[]>
  /** Of promotions of that commit, oldest first. */
  ofCommit(pipelineId: string, commit: string): Promise<Approval[]>
  /** Digests that waiting promotions are about. */
  waitingArtifacts(): Promise<string[]>
  /** Ends one that waits; false when it has ended already. */
  end(id: string, end: Pick<Approval, 'state' | 'endedBy' | 'comment'>, at: number): Promise<boolean>
  vote(vote: ApprovalVote): Promise<void>
  /** In the order in which they were given. */
  votes(approvalId: string): Promise<ApprovalVote[]>
}

export function approvalsTable(db: Db): Approvals {
  const select = () => db.selectFrom('approvals').selectAll('approvals')
  return {
    async insert(approval) {
      await db.insertInto('approvals').values(approval).execute()
    },
    byId: async (id) => (await select().where('id', '=', id).executeTakeFirst()) ?? null,
    ofPromotion: (promotionId) => select().where('promotionId', '=', promotionId).orderBy('stage').execute(),
    ofPipeline: (pipelineId, max) =>
      select()
        .where('pipelineId', '=', pipelineId)
        .orderBy('createdAt', 'desc')
        .orderBy('id')
        .limit(max)
        .execute(),
    waiting(pipelineId) {
      const all = select().where('state', '=', 'waiting').orderBy('createdAt').orderBy('id')
      return (pipelineId === undefined ? all : all.where('pipelineId', '=', pipelineId)).execute()
    },
    ofCommit: (pipelineId, commit) =>
      select()
        .innerJoin('promotions', 'promotions.id', 'approvals.promotionId')
        .innerJoin('releases', 'releases.id', 'promotions.releaseId')
        .where('approvals.pipelineId', '=', pipelineId)
        .where('releases.commit', '=', commit)
        .orderBy('approvals.createdAt')
        .execute(),
    async waitingArtifacts() {
      const rows = await db
        .selectFrom('approvals')
        .innerJoin('promotions', 'promotions.id', 'approvals.promotionId')
        .innerJoin('releases', 'releases.id', 'promotions.releaseId')
        .select('releases.artifact')
        .where('approvals.state', '=', 'waiting')
        .execute()
      return rows.flatMap(({ artifact }) => (artifact === null ? [] : [artifact]))
    },
    async end(id, end, endedAt) {
      const { numUpdatedRows } = await db
        .updateTable('approvals')
        .set({ ...end, endedAt })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async vote(vote) {
      await db
        .insertInto('approvalVotes')
        .values(vote)
        .onConflict((conflict) => conflict.columns(['approvalId', 'user']).doNothing())
        .execute()
    },
    votes: (approvalId) =>
      db
        .selectFrom('approvalVotes')
        .selectAll()
        .where('approvalId', '=', approvalId)
        .orderBy('at')
        .orderBy('user')
        .execute(),
  }
}
