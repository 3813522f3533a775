import { TasukiError } from '../domain/errors.ts'
import { isGuarded } from '../domain/stage-rules.ts'
import type { BranchDeploy } from '../store/branch-deploys.ts'
import type { Tables } from '../store/tables.ts'
import { frozen } from './freezes.ts'

/** What the tests of a commit have come to; `off`: the pipeline has none. `why`: which run failed, and how. */
export type TestsState =
  | { readonly tests: 'off' | 'pending' | 'passed' }
  | { readonly tests: 'failed'; readonly why: string }

/** As the newest run of that commit says; while there is none yet, `pending`. */
export async function testsOf(
  tables: Tables,
  { pipelineId, commit }: Pick<BranchDeploy, 'pipelineId' | 'commit'>,
): Promise<TestsState> {
  const run = await tables.testRuns.ofCommit(pipelineId, commit)
  if (run === null) {
    const settings = await tables.testRuns.settings(pipelineId)
    return { tests: settings?.enabled ? 'pending' : 'off' }
  }
  if (run.status === 'succeeded') return { tests: 'passed' }
  if (run.endedAt === null) return { tests: 'pending' }
  const how = run.status === 'cancelled' ? 'was cancelled' : run.status
  return { tests: 'failed', why: `Test run #${run.number} ${how}.` }
}

/**
 * Why nothing may be deployed to the stage now, though it may later: it is frozen. Null when it may. Throws `conflict` when
 * the stage takes nothing but promotions.
 */
export async function heldBack(
  tables: Tables,
  { appId, pipelineId }: Pick<BranchDeploy, 'appId' | 'pipelineId'>,
  at: number,
): Promise<string | null> {
  const coupling = await tables.couplings.ofApp(appId)
  if (coupling?.pipelineId !== pipelineId)
    throw new TasukiError('conflict', 'The app is not in that pipeline any more.')
  const { stage } = coupling
  if (isGuarded(await tables.stages.rules(pipelineId, stage)))
    throw new TasukiError('conflict', `${stage} takes promotions that were approved, and no other deploys.`, {
      next: 'Have an app at an earlier stage follow the branch, and promote.',
    })
  const freeze = await frozen(tables, pipelineId, stage, at)
  return freeze === null ? null : `${stage} is frozen.`
}
