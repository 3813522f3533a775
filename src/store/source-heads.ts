import type { Db } from './db.ts'

export interface SourceBranchesTable {
  pipelineId: string
  branch: string
  /** Null: it was deleted. */
  sha: string | null
  /** When its last push was made, as the forge says it. */
  pushedAt: number
  committedAt: number | null
  /** `[from, to]` of the pushes of that same instant, a list. */
  steps: string
}

export interface SourcePullsTable {
  pipelineId: string
  number: number
  sha: string
  open: number
  changedAt: number
}

/** The newest that is known of a branch elsewhere. Times are UTC ms. */
interface SourceBranch extends Readonly<Omit<SourceBranchesTable, 'steps'>> {
  readonly steps: readonly (readonly [from: string | null, to: string | null])[]
}

/** The newest that is known of a pull request. */
export interface SourcePull extends Readonly<Omit<SourcePullsTable, 'open'>> {
  readonly open: boolean
}

/** How far branches and pull requests have got, by which late news are told from new ones. */
export interface SourceHeads {
  branch(pipelineId: string, branch: string): Promise<SourceBranch | null>
  putBranch(branch: SourceBranch): Promise<void>
  pull(pipelineId: string, number: number): Promise<SourcePull | null>
  putPull(pull: SourcePull): Promise<void>
  /** Of another repository nothing is known. */
  forget(pipelineId: string): Promise<void>
}

export function sourceHeadsTables(db: Db): SourceHeads {
  return {
    async branch(pipelineId, branch) {
      const row = await db
        .selectFrom('sourceBranches')
        .selectAll()
        .where('pipelineId', '=', pipelineId)
        .where('branch', '=', branch)
        .executeTakeFirst()
      return row ? { ...row, steps: JSON.parse(row.steps) as SourceBranch['steps'] } : null
    },
    async putBranch({ steps, ...rest }) {
      const row = { ...rest, steps: JSON.stringify(steps) }
      await db.replaceInto('sourceBranches').values(row).execute()
    },
    async pull(pipelineId, number) {
      const row = await db
        .selectFrom('sourcePulls')
        .selectAll()
        .where('pipelineId', '=', pipelineId)
        .where('number', '=', number)
        .executeTakeFirst()
      return row ? { ...row, open: row.open === 1 } : null
    },
    async putPull({ open, ...rest }) {
      await db
        .replaceInto('sourcePulls')
        .values({ ...rest, open: Number(open) })
        .execute()
    },
    async forget(pipelineId) {
      for (const table of ['sourceBranches', 'sourcePulls'] as const)
        await db.deleteFrom(table).where('pipelineId', '=', pipelineId).execute()
    },
  }
}
