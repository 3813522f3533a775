import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { ReviewApp, ReviewAppChange } from '../store/review-apps.ts'
import { settled, whyFailed } from './app-setup-steps.ts'
import type { ServiceDeps } from './context.ts'
import { leave } from './review-app-end.ts'
import { type ReviewAppParts, report, type Step } from './review-app-parts.ts'
import { begin, update } from './review-app-start.ts'

/** What comes next of a review app, done. Throws what fails the wish that it has now. */
export async function nextStep(deps: ServiceDeps, parts: ReviewAppParts, row: ReviewApp): Promise<Step> {
  if (row.status === 'deleted') return 'rest'
  const app = await appOf(deps, row)
  if (app === 'gone') return deleted(parts, row)
  if (row.gone !== null) return app === null ? deleted(parts, row) : leave(deps, parts, row, app)
  switch (row.status) {
    case 'pending':
      return begin(deps, parts, row, app)
    case 'creating':
      return created(deps, parts, row, app!)
    default:
      return row.buildId === null ? wished(deps, parts, row, app) : updated(deps, parts, row, app!)
  }
}

/** Null: it has not been made yet; `gone`: it was, and has been destroyed. */
async function appOf(deps: ServiceDeps, { appId, appName }: ReviewApp): Promise<App | 'gone' | null> {
  if (appName === null) return null
  const app = appId === null ? null : await deps.store.tables.apps.byId(appId)
  return app === null || app.destroyedAt !== null ? 'gone' : app
}

async function deleted(parts: ReviewAppParts, row: ReviewApp): Promise<ReviewAppChange> {
  await report(parts, row, row.served ?? row.commit, 'inactive', 'The review app has been destroyed')
  return { status: 'deleted', message: row.gone === null ? 'The app was destroyed by hand.' : row.message }
}

/** Another commit is wished for than was tried last. */
async function wished(
  deps: ServiceDeps,
  parts: ReviewAppParts,
  row: ReviewApp,
  app: App | null,
): Promise<Step> {
  if (row.wish === row.tried) return 'rest'
  return row.status === 'errored' ? begin(deps, parts, row, app) : update(deps, parts, row, app!)
}

/** As its setup ends. */
async function created(deps: ServiceDeps, parts: ReviewAppParts, row: ReviewApp, app: App): Promise<Step> {
  const { appSetups, builds, reviewAppConfigs } = deps.store.tables
  const setup = await appSetups.byId(row.setupId!)
  if (setup?.status === 'pending') return 'look'
  if (setup?.status !== 'succeeded') {
    const why = setup?.failure ?? 'Its setup has been forgotten.'
    throw new TasukiError('build_failed', why)
  }
  const config = await reviewAppConfigs.of(row.pipelineId)
  if (config) await parts.sleeping.setSleeper(app.id, { afterIdleMs: config.idleMs, pool: row.pipelineId })
  const build = await builds.byId(setup.buildId!)
  return serves(parts, row, { commit: setup.sourceVersion, releaseId: build?.releaseId ?? null })
}

/** As the build of an update and its rollout end. A failed one leaves what served. */
async function updated(deps: ServiceDeps, parts: ReviewAppParts, row: ReviewApp, app: App): Promise<Step> {
  const build = await deps.store.tables.builds.byId(row.buildId!)
  if (build?.status === 'pending') return 'look'
  if (build?.status !== 'succeeded')
    throw new TasukiError('build_failed', build?.error?.message ?? 'The build has been forgotten.')
  const status = await settled(deps, app, build)
  if (status === 'pending') return 'look'
  if (status === 'failed') throw new TasukiError('rollout_failed', await whyFailed(deps, build))
  return serves(parts, row, { commit: build.sourceVersion, releaseId: build.releaseId })
}

async function serves(
  parts: ReviewAppParts,
  row: ReviewApp,
  { commit, releaseId }: { commit: string | null; releaseId: string | null },
): Promise<ReviewAppChange> {
  await report(parts, row, commit, 'success', 'The review app serves')
  const done = { status: 'created', buildId: null, message: null } as const
  return { ...done, served: commit, releaseId, deployedAt: Date.now() }
}
