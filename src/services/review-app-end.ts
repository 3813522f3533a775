import { asTasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { ReviewApp } from '../store/review-apps.ts'
import type { ServiceDeps } from './context.ts'
import type { ReviewAppParts, Step } from './review-app-parts.ts'
import { currentVersion } from './rollouts.ts'

const SCRIPT = 'pr-predestroy'
/** Longest that the script may go on: what it has not cleared away by then stays. */
const SCRIPT_SECONDS = 10 * 60

/** On the way to its end: what is being built is dropped, the pr-predestroy script runs, at most once, the app goes. */
export async function leave(
  deps: ServiceDeps,
  parts: ReviewAppParts,
  row: ReviewApp,
  app: App,
): Promise<Step> {
  await dropBuild(deps, parts, row, app)
  const script = await scriptOf(deps, app)
  if (script !== null && row.runId !== null) {
    const run = await deps.store.tables.runs.byId(app.id, row.runId)
    if (run !== null && run.state !== 'ended') return 'look'
    const failed = run !== null && run.exitCode !== 0
    if (failed && row.message === null)
      return { message: `The ${SCRIPT} script ended with status ${run.exitCode ?? 'unknown'}.` }
  } else if (script !== null && !row.predestroyBegun) return run(deps, parts, row, app, script)
  await parts.apps.destroy(app, row.user)
  return 'again'
}

async function dropBuild(
  { store }: ServiceDeps,
  { builds }: ReviewAppParts,
  row: ReviewApp,
  app: App,
): Promise<void> {
  const setup = row.setupId === null ? null : await store.tables.appSetups.byId(row.setupId)
  for (const id of [setup?.buildId, row.buildId]) {
    const build = id ? await store.tables.builds.byId(id) : null
    if (build?.status !== 'pending') continue
    await builds.cancel(app, build.id, row.user).catch((error: unknown) => {
      // It has ended in this very moment.
      if (asTasukiError(error).code !== 'conflict') throw error
    })
  }
}

/** Of the release that serves: where nothing ever has, there is nothing to clear away. */
async function scriptOf({ store: { tables } }: ServiceDeps, app: App): Promise<string | null> {
  const version = await currentVersion(tables, app.id)
  const release = version === null ? null : await tables.releases.byVersion(app.id, version)
  if (!release?.artifact) return null
  return (await tables.artifacts.get(release.artifact)).manifest.scripts[SCRIPT] ?? null
}

/** One that can not be started is said, and does not keep the app. */
async function run(
  deps: ServiceDeps,
  parts: ReviewAppParts,
  row: ReviewApp,
  app: App,
  command: string,
): Promise<Step> {
  await deps.store.tables.reviewApps.change(row.id, { predestroyBegun: true, message: null }, Date.now())
  const seconds = Math.min(SCRIPT_SECONDS, deps.settings.mostRunSeconds)
  try {
    const { id } = await parts.runs.create(app, { command, detach: true, seconds }, row.user)
    return { runId: id }
  } catch (error) {
    return { message: `The ${SCRIPT} script could not be run: ${asTasukiError(error).message}` }
  }
}
