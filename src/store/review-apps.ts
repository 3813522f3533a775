import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

/** Why a review app is to go. */
export type GoneReason = 'asked' | 'branch deleted' | 'closed' | 'merged' | 'stale'

export interface ReviewAppsTable {
  id: string
  pipelineId: string
  /** `pr:7` or `branch:NAME`: there is one at a time of each that is to stay. */
  key: string
  branch: string
  prNumber: number | null
  /** The page of the pull request. */
  prUrl: string | null
  /** Others than the pipeline's people write to the branch. */
  fork: number
  /** Who asked for it: an e-mail address, or a name that the forge knows. */
  creator: string
  /** Whose app it is, and whose doing its builds are. */
  user: string
  /** JSON of the config vars that were given with it, sealed. */
  sealed: Uint8Array
  /** What is to run there; null where a source of no known commit was given. */
  commit: string | null
  /** Where to get it; null: from the repository of the pipeline. */
  sourceUrl: string | null
  /** Rises with each change of `commit` or `sourceUrl`. */
  wish: number
  /** Why it is to go; null: it is to stay. */
  gone: GoneReason | null
  /** How far it has come. */
  status: 'pending' | 'creating' | 'created' | 'errored' | 'deleted'
  appId: string | null
  appName: string | null
  setupId: string | null
  /** The wish that was last begun to be carried out. */
  tried: number
  /** Of an update that goes on. */
  buildId: string | null
  /** Of what serves. */
  releaseId: string | null
  served: string | null
  /** What it waits for, or why it failed, in a sentence. */
  message: string | null
  /** The run of the pr-predestroy script; once begun it is not begun again. */
  runId: string | null
  predestroyBegun: number
  deployedAt: number | null
  createdAt: number
  updatedAt: number
}

/** The app of a pull request or a branch: what is wished of it, and how far that has come. Times are UTC ms. */
export interface ReviewApp extends Readonly<Omit<ReviewAppsTable, 'fork' | 'predestroyBegun' | 'sealed'>> {
  readonly fork: boolean
  readonly predestroyBegun: boolean
  /** Config vars that win over those of the pipeline. */
  readonly env: Readonly<Record<string, string>>
}

type Wish = 'key' | 'prNumber' | 'prUrl' | 'fork' | 'commit' | 'sourceUrl' | 'wish' | 'gone'
type Progress =
  | 'status'
  | 'appId'
  | 'appName'
  | 'setupId'
  | 'tried'
  | 'buildId'
  | 'releaseId'
  | 'served'
  | 'message'
  | 'runId'
  | 'predestroyBegun'
  | 'deployedAt'
export type ReviewAppChange = Partial<Pick<ReviewApp, Wish | Progress>>

type NewReviewApp = Pick<
  ReviewApp,
  | 'id'
  | 'pipelineId'
  | 'key'
  | 'branch'
  | 'prNumber'
  | 'prUrl'
  | 'fork'
  | 'creator'
  | 'user'
  | 'env'
  | 'commit'
  | 'sourceUrl'
  | 'createdAt'
>

export interface ReviewApps {
  insert(row: NewReviewApp): Promise<void>
  byId(id: string): Promise<ReviewApp | null>
  /** The newest of that app. */
  ofApp(appId: string): Promise<ReviewApp | null>
  /** Newest first. */
  ofPipeline(pipelineId: string): Promise<ReviewApp[]>
  /** Those that are not gone, oldest first: of a pipeline, or of all. */
  present(pipelineId?: string): Promise<ReviewApp[]>
  /** The newest at that commit. */
  ofCommit(pipelineId: string, commit: string): Promise<ReviewApp | null>
  change(id: string, change: ReviewAppChange, at: number): Promise<void>
  /** Forgets those that are gone, but for the newest. */
  trim(pipelineId: string, keep: number): Promise<void>
}

const START = {
  wish: 1,
  gone: null,
  status: 'pending',
  appId: null,
  appName: null,
  setupId: null,
  tried: 0,
  buildId: null,
  releaseId: null,
  served: null,
  message: null,
  runId: null,
  predestroyBegun: 0,
  deployedAt: null,
} as const

export function reviewAppsTable(db: Db, seal: Seal): ReviewApps {
  const select = () => db.selectFrom('reviewApps').selectAll()
  const newest = () => select().orderBy('createdAt', 'desc').orderBy('id')
  const read = ({ sealed, fork, predestroyBegun, ...row }: ReviewAppsTable): ReviewApp => ({
    ...row,
    fork: fork === 1,
    predestroyBegun: predestroyBegun === 1,
    env: JSON.parse(seal.open(sealed, `review-app:${row.id}`)) as Record<string, string>,
  })
  const one = async (query: ReturnType<typeof select>) => {
    const row = await query.executeTakeFirst()
    return row ? read(row) : null
  }
  return {
    async insert({ env, fork, ...row }) {
      const sealed = seal.close(JSON.stringify(env), `review-app:${row.id}`)
      await db
        .insertInto('reviewApps')
        .values({ ...START, ...row, fork: Number(fork), sealed, updatedAt: row.createdAt })
        .execute()
    },
    byId: (id) => one(select().where('id', '=', id)),
    ofApp: (appId) => one(newest().where('appId', '=', appId)),
    async ofPipeline(pipelineId) {
      return (await newest().where('pipelineId', '=', pipelineId).execute()).map(read)
    },
    async present(pipelineId) {
      const all = select().where('status', '!=', 'deleted').orderBy('createdAt').orderBy('id')
      const rows = pipelineId === undefined ? all : all.where('pipelineId', '=', pipelineId)
      return (await rows.execute()).map(read)
    },
    ofCommit: (pipelineId, commit) =>
      one(newest().where('pipelineId', '=', pipelineId).where('commit', '=', commit)),
    async change(id, { fork, predestroyBegun, ...plain }, updatedAt) {
      const set = {
        ...plain,
        ...(fork === undefined ? {} : { fork: Number(fork) }),
        ...(predestroyBegun === undefined ? {} : { predestroyBegun: Number(predestroyBegun) }),
        updatedAt,
      }
      await db.updateTable('reviewApps').set(set).where('id', '=', id).execute()
    },
    async trim(pipelineId, keep) {
      const old = newest().where('pipelineId', '=', pipelineId).where('status', '=', 'deleted').offset(keep)
      const ids = (await old.limit(1000).execute()).map(({ id }) => id)
      if (ids.length > 0) await db.deleteFrom('reviewApps').where('id', 'in', ids).execute()
    },
  }
}
