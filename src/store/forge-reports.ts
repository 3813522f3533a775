import type { Generated } from 'kysely'
import type { Db } from './db.ts'

export interface ForgeReportsTable {
  number: Generated<number>
  pipelineId: string
  sha: string
  kind: 'status' | 'deployment'
  /** The context of a status, the environment of a deployment. */
  subject: string
  body: string
  state: 'waiting' | 'sent' | 'superseded' | 'failed'
  attempts: number
  nextAt: number
  error: string | null
  createdAt: number
}

export interface ForgeDeploymentsTable {
  pipelineId: string
  sha: string
  environment: string
  /** The deployment's id at the forge. */
  remoteId: string
}

/** What is to be told to a forge. Times are UTC ms; `body` is JSON. */
export interface ForgeReport extends Readonly<Omit<ForgeReportsTable, 'number'>> {
  /** Those of a pipeline go out by it. */
  readonly number: number
}

export interface ForgeReportTables {
  /** What waits of the same subject and commit need not be told any more. */
  insert(report: Omit<ForgeReport, 'number' | 'state' | 'attempts' | 'nextAt' | 'error'>): Promise<void>
  /** The oldest that waits. */
  next(pipelineId: string): Promise<ForgeReport | null>
  /** Ids of the pipelines of which one waits. */
  waiting(): Promise<string[]>
  settle(number: number, change: Pick<ForgeReport, 'state' | 'attempts' | 'nextAt' | 'error'>): Promise<void>
  /** Forgets all but the newest of those that have ended. */
  trim(pipelineId: string, keep: number): Promise<void>
  /** Newest first. */
  list(pipelineId: string, max: number): Promise<ForgeReport[]>
  deployment(pipelineId: string, sha: string, environment: string): Promise<string | null>
  putDeployment(deployment: Readonly<ForgeDeploymentsTable>): Promise<void>
}

export function forgeReportTables(db: Db): ForgeReportTables {
  const select = () => db.selectFrom('forgeReports').selectAll()
  return {
    async insert(report) {
      const { pipelineId, sha, kind, subject } = report
      await db
        .updateTable('forgeReports')
        .set({ state: 'superseded' })
        .where((eb) => eb.and({ pipelineId, sha, kind, subject, state: 'waiting' }))
        .execute()
      const start = { state: 'waiting', attempts: 0, nextAt: 0, error: null } as const
      await db
        .insertInto('forgeReports')
        .values({ ...start, ...report })
        .execute()
    },
    async next(pipelineId) {
      const waiting = select().where('pipelineId', '=', pipelineId).where('state', '=', 'waiting')
      return (await waiting.orderBy('number').limit(1).executeTakeFirst()) ?? null
    },
    async waiting() {
      const rows = db
        .selectFrom('forgeReports')
        .select('pipelineId')
        .distinct()
        .where('state', '=', 'waiting')
      return (await rows.execute()).map(({ pipelineId }) => pipelineId)
    },
    async settle(number, change) {
      await db.updateTable('forgeReports').set(change).where('number', '=', number).execute()
    },
    async trim(pipelineId, keep) {
      const old = db
        .selectFrom('forgeReports')
        .select('number')
        .where('pipelineId', '=', pipelineId)
        .where('state', '!=', 'waiting')
        .orderBy('number', 'desc')
        .limit(-1)
        .offset(keep)
      await db.deleteFrom('forgeReports').where('number', 'in', old).execute()
    },
    list: (pipelineId, max) =>
      select().where('pipelineId', '=', pipelineId).orderBy('number', 'desc').limit(max).execute(),
    async deployment(pipelineId, sha, environment) {
      const row = await db
        .selectFrom('forgeDeployments')
        .select('remoteId')
        .where((eb) => eb.and({ pipelineId, sha, environment }))
        .executeTakeFirst()
      return row?.remoteId ?? null
    },
    async putDeployment(deployment) {
      await db.replaceInto('forgeDeployments').values(deployment).execute()
    },
  }
}
