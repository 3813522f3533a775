import type { Db } from './db.ts'

/**
 * `waiting` for its tests; `held`, because they failed; `ready` to be built; `building`; `rolling` out. Then it has ended:
 * `succeeded`, `failed`, or `superseded` by a newer push, or by another release.
 */
type BranchDeployStatus =
  | 'waiting'
  | 'held'
  | 'ready'
  | 'building'
  | 'rolling'
  | 'succeeded'
  | 'failed'
  | 'superseded'

export interface BranchDeploysTable {
  id: string
  /** Of the push. */
  eventId: string
  appId: string
  pipelineId: string
  branch: string
  commit: string
  /** First line of the commit's message. */
  message: string
  status: BranchDeployStatus
  /** Why it is held, failed or was superseded. */
  reason: string | null
  /** The build that is made for it; null before. */
  buildId: string | null
  user: string
  createdAt: number
  updatedAt: number
  endedAt: number | null
}

/** One commit on its way to an app that follows its branch. */
export type BranchDeploy = Readonly<BranchDeploysTable>

export interface BranchDeploys {
  /** Does nothing when that push has one for the app already; whether it did. */
  insert(deploy: NewBranchDeploy): Promise<boolean>
  byId(id: string): Promise<BranchDeploy | null>
  change(id: string, change: BranchDeployChange, at: number): Promise<void>
  /** Of one app: those that have not ended, oldest first. */
  open(appId: string): Promise<BranchDeploy[]>
  /** Ids of the apps that have some that have not ended. */
  busyApps(): Promise<string[]>
  /** Newest first. */
  list(appId: string, max: number): Promise<BranchDeploy[]>
  /** Oldest first. */
  ofCommit(pipelineId: string, commit: string): Promise<BranchDeploy[]>
  /** Forgets all but the newest of those that have ended. */
  trim(appId: string, keep: number): Promise<void>
}

type NewBranchDeploy = Pick<
  BranchDeploy,
  | 'id'
  | 'eventId'
  | 'appId'
  | 'pipelineId'
  | 'branch'
  | 'commit'
  | 'message'
  | 'status'
  | 'user'
  | 'createdAt'
>

export type BranchDeployChange = Partial<Pick<BranchDeploy, 'status' | 'reason' | 'buildId'>>

const ENDED: readonly BranchDeployStatus[] = ['succeeded', 'failed', 'superseded']

export function branchDeploysTable(db: Db): BranchDeploys {
  const select = () => db.selectFrom('branchDeploys').selectAll()
  return {
    async insert(deploy) {
      const row = { ...deploy, reason: null, buildId: null, updatedAt: deploy.createdAt, endedAt: null }
      const { numInsertedOrUpdatedRows = 0n } = await db
        .insertInto('branchDeploys')
        .values(row)
        .onConflict((conflict) => conflict.columns(['eventId', 'appId']).doNothing())
        .executeTakeFirst()
      return numInsertedOrUpdatedRows > 0n
    },
    byId: async (id) => (await select().where('id', '=', id).executeTakeFirst()) ?? null,
    async change(id, change, at) {
      const ended = change.status !== undefined && ENDED.includes(change.status)
      await db
        .updateTable('branchDeploys')
        .set({ ...change, updatedAt: at, ...(ended ? { endedAt: at } : {}) })
        .where('id', '=', id)
        .where('endedAt', 'is', null)
        .execute()
    },
    open: (appId) =>
      select().where('appId', '=', appId).where('endedAt', 'is', null).orderBy('number').execute(),
    async busyApps() {
      const rows = await db
        .selectFrom('branchDeploys')
        .select('appId')
        .distinct()
        .where('endedAt', 'is', null)
        .execute()
      return rows.map(({ appId }) => appId)
    },
    list: (appId, max) => select().where('appId', '=', appId).orderBy('number', 'desc').limit(max).execute(),
    ofCommit: (pipelineId, commit) =>
      select().where('pipelineId', '=', pipelineId).where('commit', '=', commit).orderBy('number').execute(),
    async trim(appId, keep) {
      const old = db
        .selectFrom('branchDeploys')
        .select('id')
        .where('appId', '=', appId)
        .where('endedAt', 'is not', null)
        .orderBy('number', 'desc')
        .limit(-1)
        .offset(keep)
      await db.deleteFrom('branchDeploys').where('id', 'in', old).execute()
    },
  }
}
