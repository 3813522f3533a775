import { hasEnded, type TestStatus } from '../domain/test-run.ts'
import { type Db, listed } from './db.ts'

/** Times are UTC ms. */
export interface TestRunsTable {
  id: string
  pipelineId: string
  /** Counts up in each pipeline, from 1. */
  number: number
  status: TestStatus
  branch: string
  sha: string
  /** Of the commit. */
  commitMessage: string
  /** Why it ended as it did, in words; null when that needs none. */
  note: string | null
  /** Where the source comes from; null: the pipeline's repository. */
  sourceUrl: string | null
  /** What has caused it; null for one that somebody asked for. */
  eventId: string | null
  user: string
  /** Digest of what is tested. */
  artifact: string | null
  /** How many control planes have begun it. */
  attempts: number
  /** When the first of its nodes began to test. */
  testsAt: number | null
  endedAt: number | null
  createdAt: number
  updatedAt: number
}

export type TestRun = Readonly<TestRunsTable>

/** One of the instances that share the tests of a run. Times are UTC ms. */
export interface TestNodesTable {
  id: string
  runId: string
  /** From 0. */
  position: number
  status: TestStatus
  exitCode: number | null
  /** Why it errored. */
  note: string | null
  /** What it was doing when it errored. */
  errorStatus: TestStatus | null
  createdAt: number
  updatedAt: number
}

export type TestNode = Readonly<TestNodesTable>

type RunChange = Partial<Pick<TestRun, 'status' | 'note' | 'artifact' | 'attempts' | 'testsAt' | 'sourceUrl'>>
type NodeChange = Partial<Pick<TestNode, 'status' | 'exitCode' | 'note' | 'errorStatus'>>

/** Whether pushes of a pipeline are tested, and how long a test may take. */
export interface PipelineTestsTable {
  pipelineId: string
  enabled: number
  seconds: number
}

export interface PipelineTests {
  readonly enabled: boolean
  /** Longest that a node may take for its tests and what they need. */
  readonly seconds: number
}

export interface TestRuns {
  /** Gives it the next number of its pipeline. Within a transaction. */
  insert(run: Omit<TestRun, 'number'>): Promise<void>
  byId(id: string): Promise<TestRun | null>
  byNumber(pipelineId: string, number: number): Promise<TestRun | null>
  byEvent(pipelineId: string, eventId: string): Promise<TestRun | null>
  /** The newest of that commit. */
  ofCommit(pipelineId: string, sha: string): Promise<TestRun | null>
  /** Newest first. */
  list(pipelineId: string, most: number): Promise<TestRun[]>
  /** Of all pipelines, oldest first: those that have not ended. */
  open(): Promise<TestRun[]>
  /** False, and nothing is changed, when it has ended. */
  change(id: string, change: RunChange, at: number): Promise<boolean>
  /** The newest of each pipeline, which may be run again, and all that have not ended. */
  kept(each: number): Promise<TestRun[]>
  /** Forgets all but the newest of a pipeline; their ids, with those of their nodes. */
  trim(pipelineId: string, keep: number): Promise<string[]>
  insertNodes(nodes: readonly TestNode[]): Promise<void>
  node(id: string): Promise<TestNode | null>
  /** In the order of their places. */
  nodes(runId: string): Promise<TestNode[]>
  changeNode(id: string, change: NodeChange, at: number): Promise<void>
  removeNodes(runId: string): Promise<void>
  settings(pipelineId: string): Promise<PipelineTests | null>
  setSettings(pipelineId: string, settings: PipelineTests): Promise<void>
}

const ENDED: readonly TestStatus[] = ['succeeded', 'failed', 'errored', 'cancelled']

export function testRunsTable(db: Db): TestRuns {
  const select = () => db.selectFrom('testRuns').selectAll()
  const ofPipeline = (pipelineId: string) => select().where('pipelineId', '=', pipelineId)
  const one = async (query: ReturnType<typeof select>) => (await query.executeTakeFirst()) ?? null
  return {
    async insert(run) {
      const { last } = await db
        .selectFrom('testRuns')
        .select(({ fn }) => fn.max('number').as('last'))
        .where('pipelineId', '=', run.pipelineId)
        .executeTakeFirstOrThrow()
      await db
        .insertInto('testRuns')
        .values({ ...run, number: Number(last ?? 0) + 1 })
        .execute()
    },
    byId: (id) => one(select().where('id', '=', id)),
    byNumber: (pipelineId, number) => one(ofPipeline(pipelineId).where('number', '=', number)),
    byEvent: (pipelineId, eventId) => one(ofPipeline(pipelineId).where('eventId', '=', eventId)),
    ofCommit: (pipelineId, sha) =>
      one(ofPipeline(pipelineId).where('sha', '=', sha).orderBy('number', 'desc')),
    list: (pipelineId, most) => ofPipeline(pipelineId).orderBy('number', 'desc').limit(most).execute(),
    open: () => select().where('endedAt', 'is', null).orderBy('createdAt').orderBy('number').execute(),
    async change(id, change, at) {
      const endedAt = change.status !== undefined && hasEnded(change.status) ? { endedAt: at } : {}
      const result = await db
        .updateTable('testRuns')
        .set({ ...change, ...endedAt, updatedAt: at })
        .where('id', '=', id)
        .where('status', 'not in', ENDED)
        .executeTakeFirst()
      return result.numUpdatedRows === 1n
    },
    async kept(each) {
      const pipelines = await db.selectFrom('testRuns').select('pipelineId').distinct().execute()
      const newest = await Promise.all(
        pipelines.map(({ pipelineId }) =>
          ofPipeline(pipelineId).orderBy('number', 'desc').limit(each).execute(),
        ),
      )
      const open = await select().where('endedAt', 'is', null).execute()
      return [...new Map([...newest.flat(), ...open].map((run) => [run.id, run])).values()]
    },
    async trim(pipelineId, keep) {
      const going = await ofPipeline(pipelineId)
        .where('endedAt', 'is not', null)
        .orderBy('number', 'desc')
        .limit(1_000_000)
        .offset(keep)
        .execute()
      const ids = going.map(({ id }) => id)
      if (ids.length === 0) return []
      const nodes = await db.selectFrom('testNodes').select('id').where('runId', 'in', listed(ids)).execute()
      await db.deleteFrom('testRuns').where('id', 'in', listed(ids)).execute()
      return [...ids, ...nodes.map(({ id }) => id)]
    },
    async insertNodes(nodes) {
      await db
        .insertInto('testNodes')
        .values([...nodes])
        .execute()
    },
    node: async (id) =>
      (await db.selectFrom('testNodes').selectAll().where('id', '=', id).executeTakeFirst()) ?? null,
    nodes: (runId) =>
      db.selectFrom('testNodes').selectAll().where('runId', '=', runId).orderBy('position').execute(),
    async changeNode(id, change, updatedAt) {
      await db
        .updateTable('testNodes')
        .set({ ...change, updatedAt })
        .where('id', '=', id)
        .execute()
    },
    async removeNodes(runId) {
      await db.deleteFrom('testNodes').where('runId', '=', runId).execute()
    },
    async settings(pipelineId) {
      const row = await db
        .selectFrom('pipelineTests')
        .selectAll()
        .where('pipelineId', '=', pipelineId)
        .executeTakeFirst()
      return row ? { enabled: row.enabled === 1, seconds: row.seconds } : null
    },
    async setSettings(pipelineId, { enabled, seconds }) {
      const row = { enabled: Number(enabled), seconds }
      await db
        .insertInto('pipelineTests')
        .values({ pipelineId, ...row })
        .onConflict((conflict) => conflict.column('pipelineId').doUpdateSet(row))
        .execute()
    },
  }
}
