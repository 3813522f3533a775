import type { CaseResult, TestCase } from '../domain/test-run.ts'
import { type Db, listed } from './db.ts'

export interface TestCasesTable {
  runId: string
  nodeId: string
  /** Its place among those of its node, from 1. */
  number: number
  name: string
  passed: number
  directive: string | null
  diagnostic: string | null
  ms: number | null
  /** UTC ms. */
  at: number
}

/** A case as it was recorded. */
export interface RecordedCase extends TestCase {
  readonly runId: string
  readonly nodeId: string
  readonly number: number
  /** UTC ms. */
  readonly at: number
}

/** What test programs have said of the cases that they tested. */
export interface TestCases {
  /** In place of what was known of that node. Within a transaction. */
  replace(node: { runId: string; id: string }, cases: readonly TestCase[], at: number): Promise<void>
  /** Node by node, in the order in which they came. */
  ofRun(runId: string): Promise<RecordedCase[]>
  /** Without those skipped: of the newest runs of a pipeline that have ended. */
  results(pipelineId: string, runs: number): Promise<CaseResult[]>
}

/** Rows that one statement inserts: SQLite bounds the number of its values. */
const ROWS = 500

export function testCasesTable(db: Db): TestCases {
  return {
    async replace({ runId, id: nodeId }, cases, at) {
      await db.deleteFrom('testCases').where('nodeId', '=', nodeId).execute()
      const rows = cases.map((one, index) => ({
        ...one,
        runId,
        nodeId,
        number: index + 1,
        passed: Number(one.passed),
        at,
      }))
      for (let from = 0; from < rows.length; from += ROWS)
        await db
          .insertInto('testCases')
          .values(rows.slice(from, from + ROWS))
          .execute()
    },
    async ofRun(runId) {
      const rows = await db
        .selectFrom('testCases')
        .innerJoin('testNodes', 'testNodes.id', 'testCases.nodeId')
        .selectAll('testCases')
        .where('testCases.runId', '=', runId)
        .orderBy('testNodes.position')
        .orderBy('testCases.number')
        .execute()
      return rows.map((row) => ({ ...row, passed: row.passed === 1 }))
    },
    async results(pipelineId, runs) {
      const newest = await db
        .selectFrom('testRuns')
        .select(['id', 'number', 'sha'])
        .where('pipelineId', '=', pipelineId)
        .where('status', 'in', ['succeeded', 'failed'])
        .orderBy('number', 'desc')
        .limit(runs)
        .execute()
      if (newest.length === 0) return []
      const known = new Map(newest.map((run) => [run.id, run]))
      const rows = await db
        .selectFrom('testCases')
        .select(['runId', 'name', 'passed'])
        .where('runId', 'in', listed([...known.keys()]))
        .where('directive', 'is', null)
        .execute()
      return rows.map(({ runId, name, passed }) => {
        const { sha, number } = known.get(runId)!
        return { name, passed: passed === 1, sha, run: number }
      })
    },
  }
}
