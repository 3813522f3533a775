import { sql } from 'kysely'
import type { SourceEvent } from '../domain/source-event.ts'
import type { Db } from './db.ts'
import type { TestRun } from './test-runs.ts'

/** Where a commit was met: in an app's releases, or in a pipeline. The other is null. */
interface CommitPlace {
  readonly commit: string
  readonly appId: string | null
  readonly pipelineId: string | null
}

/** A build of a commit that has made no release. Times are UTC ms. */
export interface CommitBuild {
  readonly id: string
  readonly appId: string
  readonly status: 'pending' | 'failed'
  /** Why it failed. */
  readonly error: string | null
  readonly user: string
  readonly createdAt: number
  readonly updatedAt: number
}

/** What is kept of commits, over all tables. */
export interface Commits {
  /** Where commits were met whose ids begin so. */
  beginningWith(prefix: string, max: number): Promise<CommitPlace[]>
  /** Releases made of it, in all apps, oldest first. */
  releases(commit: string): Promise<{ readonly appId: string; readonly version: number }[]>
  /** Builds of it that failed or go on, in all apps, oldest first. */
  builds(commit: string): Promise<CommitBuild[]>
  /** Its test runs in a pipeline, oldest first. */
  testRuns(pipelineId: string, commit: string): Promise<TestRun[]>
  /** Pushes of it and pull requests with it as their head, in all pipelines, oldest first. */
  events(commit: string): Promise<SourceEvent[]>
}

/** Of hexadecimal digits the last is `f`: what begins so comes before what begins with the next letter. */
const AFTER_HEX = 'g'

export function commitsTable(db: Db): Commits {
  const head = sql<string>`json_extract(event, '$.commit.sha')`
  return {
    async beginningWith(prefix, max) {
      const end = `${prefix}${AFTER_HEX}`
      const released = await db
        .selectFrom('releases')
        .select(['commit', 'appId'])
        .distinct()
        .where('commit', '>=', prefix)
        .where('commit', '<', end)
        .limit(max)
        .execute()
      const built = await db
        .selectFrom('builds')
        .select(['sourceVersion as commit', 'appId'])
        .distinct()
        .where('sourceVersion', '>=', prefix)
        .where('sourceVersion', '<', end)
        .limit(max)
        .execute()
      const pushed = await db
        .selectFrom('sourceEvents')
        .select([head.as('commit'), 'pipelineId'])
        .distinct()
        .where(head, '>=', prefix)
        .where(head, '<', end)
        .limit(max)
        .execute()
      const tested = await db
        .selectFrom('testRuns')
        .select(['sha as commit', 'pipelineId'])
        .distinct()
        .where('sha', '>=', prefix)
        .where('sha', '<', end)
        .limit(max)
        .execute()
      return [
        ...[...released, ...built].map(({ commit, appId }) => ({ commit: commit!, appId, pipelineId: null })),
        ...[...pushed, ...tested].map((row) => ({ ...row, appId: null })),
      ]
    },
    releases: (commit) =>
      db
        .selectFrom('releases')
        .select(['appId', 'version'])
        .where('commit', '=', commit)
        .orderBy('createdAt')
        .orderBy('version')
        .execute(),
    async builds(commit) {
      const rows = await db
        .selectFrom('builds')
        .select(['id', 'appId', 'status', 'error', 'user', 'createdAt', 'updatedAt'])
        .where('sourceVersion', '=', commit)
        .where('status', '!=', 'succeeded')
        .orderBy('createdAt')
        .execute()
      return rows.map(({ status, error, ...row }) => ({
        ...row,
        status: status === 'pending' ? status : 'failed',
        error: error === null ? null : (JSON.parse(error) as { message: string }).message,
      }))
    },
    testRuns: (pipelineId, commit) =>
      db
        .selectFrom('testRuns')
        .selectAll()
        .where('pipelineId', '=', pipelineId)
        .where('sha', '=', commit)
        .orderBy('number')
        .execute(),
    async events(commit) {
      const rows = await db
        .selectFrom('sourceEvents')
        .select('event')
        .where(head, '=', commit)
        .orderBy('number')
        .execute()
      return rows.map(({ event }) => JSON.parse(event) as SourceEvent)
    },
  }
}
