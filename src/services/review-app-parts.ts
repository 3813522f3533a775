import type { ReviewApp, ReviewAppChange } from '../store/review-apps.ts'
import type { AppSetupService } from './app-setups.ts'
import type { AppService } from './apps.ts'
import type { BuildService } from './builds.ts'
import type { CommitSources } from './commit-sources.ts'
import type { ForgeDeployment } from './forge-port.ts'
import type { ForgeReports } from './forge-reports.ts'
import type { RunService } from './runs.ts'
import type { SleepingService } from './sleeping.ts'

/** What review apps need of others. */
export interface ReviewAppParts {
  readonly apps: Pick<AppService, 'destroy' | 'webUrl'>
  readonly builds: Pick<BuildService, 'cancel' | 'check' | 'create'>
  readonly commitSources: Pick<CommitSources, 'branchHead' | 'commit' | 'source'>
  readonly forgeReports: Pick<ForgeReports, 'deployment'>
  readonly runs: Pick<RunService, 'create'>
  readonly setups: Pick<AppSetupService, 'again' | 'create'>
  readonly sleeping: Pick<SleepingService, 'limitPool' | 'setSleeper'>
}

/**
 * What came of a step: what is to be written down, after which comes the next; `again`: it has been written down; `look`: it
 * waits for what goes on by itself; `rest`: it waits until somebody asks for another look.
 */
export type Step = ReviewAppChange | 'again' | 'look' | 'rest'

/** Tells the forge how the review app stands with that commit; nothing where no commit is known. */
export async function report(
  parts: ReviewAppParts,
  row: ReviewApp,
  sha: string | null,
  state: ForgeDeployment['state'],
  description: string,
): Promise<void> {
  if (sha === null) return
  const environment = row.appName ?? row.key.replace(':', '-')
  const url = row.appName === null ? null : parts.apps.webUrl({ name: row.appName })
  await parts.forgeReports.deployment(row.pipelineId, sha, { environment, state, url, description })
}
