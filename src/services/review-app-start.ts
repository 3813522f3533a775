import { randomUUID } from 'node:crypto'
import { asTasukiError } from '../domain/errors.ts'
import { changedConfig } from '../domain/names.ts'
import type { App } from '../store/apps.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { ReviewApp } from '../store/review-apps.ts'
import type { Tables } from '../store/tables.ts'
import { testsOf } from './branch-deploy-rules.ts'
import type { ServiceDeps } from './context.ts'
import { reviewAppName } from './review-app-names.ts'
import { type ReviewAppParts, report, type Step } from './review-app-parts.ts'

/** Of a pipeline that makes no more by itself. */
const MOST_APPS = 50

/** Another review app was quicker. */
class NoRoom extends Error {}

/** Sets the app up, or sets it up once more when that failed; waits for its tests and for room. */
export async function begin(
  deps: ServiceDeps,
  parts: ReviewAppParts,
  row: ReviewApp,
  app: App | null,
): Promise<Step> {
  const { tables } = deps.store
  const pipeline = await tables.pipelines.byId(row.pipelineId)
  if (pipeline === null) return 'rest'
  const why = (await waitsForTests(deps, row)) ?? (app ? null : await waitsForRoom(tables, row))
  if (why !== null) return why === row.message ? 'rest' : { status: 'pending', message: why }
  const source = await sourceOf(parts, pipeline, row)
  if (app) await again(parts, row, app, source)
  else if (!(await create(deps, parts, row, source))) return 'again'
  const now = (await tables.reviewApps.byId(row.id)) ?? row
  await report(parts, now, source.version, 'pending', 'The review app is being set up')
  return 'again'
}

/** Builds what is wished for now; what serves goes on until the rollout has handed over. */
export async function update(
  deps: ServiceDeps,
  parts: ReviewAppParts,
  row: ReviewApp,
  app: App,
): Promise<Step> {
  const pipeline = await deps.store.tables.pipelines.byId(row.pipelineId)
  if (pipeline === null) return 'rest'
  const why = await waitsForTests(deps, row)
  if (why !== null) return why === row.message ? 'rest' : { message: why }
  const source = await sourceOf(parts, pipeline, row)
  const build = await parts.builds.create(app, source, row.user)
  await report(parts, row, source.version, 'pending', 'The review app is being updated')
  return { buildId: build.id, tried: row.wish, message: null }
}

/** What it waits for, in a sentence; null when it can go on. */
async function waitsForTests(
  { store }: ServiceDeps,
  { pipelineId, commit, sourceUrl }: ReviewApp,
): Promise<string | null> {
  const config = await store.tables.reviewAppConfigs.of(pipelineId)
  if (!config?.waitForTests || commit === null || sourceUrl !== null) return null
  const state = await testsOf(store.tables, { pipelineId, commit })
  if (state.tests === 'pending') return `It waits for the tests of ${commit.slice(0, 8)}.`
  return state.tests === 'failed' ? `It waits for a commit whose tests pass: ${state.why}` : null
}

async function waitsForRoom(tables: Tables, row: ReviewApp): Promise<string | null> {
  const most = (await tables.reviewAppConfigs.of(row.pipelineId))?.mostApps ?? MOST_APPS
  const present = await tables.reviewApps.present(row.pipelineId)
  if (present.some(({ id, key, gone }) => id !== row.id && key === row.key && gone !== null))
    return 'It waits until the one before it is destroyed.'
  const made = present.filter(({ appId }) => appId !== null)
  if (made.length < most) return null
  return `It waits until another is destroyed: the pipeline has ${made.length} review apps, the most allowed.`
}

async function sourceOf(parts: ReviewAppParts, pipeline: Pipeline, { sourceUrl, commit }: ReviewApp) {
  if (sourceUrl !== null) return { url: sourceUrl, version: commit }
  return parts.commitSources.source(pipeline, commit!)
}

/** False when it could not be made after all, as another took its name or its room meanwhile. */
async function create(
  { store }: ServiceDeps,
  { setups }: ReviewAppParts,
  row: ReviewApp,
  source: { url: string; version: string | null },
): Promise<boolean> {
  const { tables } = store
  const config = await tables.reviewAppConfigs.of(row.pipelineId)
  const name = await reviewAppName(tables, config?.baseName ?? null, row)
  const env = await configOf(tables, row, name)
  try {
    await setups.create({ name, source, env, buildpacks: null }, row.user, async (inside, app, setupId) => {
      if ((await waitsForRoom(inside, row)) !== null) throw new NoRoom()
      const at = Date.now()
      const ids = { id: randomUUID(), pipelineId: row.pipelineId, appId: app.id }
      await inside.couplings.insert({ ...ids, stage: 'review', createdAt: at, updatedAt: at })
      await letColleaguesIn(inside, row, app, at)
      const begun = { status: 'creating', setupId, tried: row.wish, message: null } as const
      await inside.reviewApps.change(row.id, { ...begun, appId: app.id, appName: app.name }, at)
    })
    return true
  } catch (error) {
    if (error instanceof NoRoom || asTasukiError(error).code === 'name_taken') return false
    throw error
  }
}

/** With the pipeline's config vars as they are now: one that was missing may be why it failed. */
async function again(
  { setups }: ReviewAppParts,
  row: ReviewApp,
  app: App,
  source: { url: string; version: string | null },
): Promise<void> {
  await setups.again(app, source, row.user, async (tables, { id, name }, setupId) => {
    const present = await tables.config.get(id)
    await tables.config.set(id, changedConfig(present, await configOf(tables, row, name)))
    const begun = { status: 'creating', setupId, tried: row.wish, message: null } as const
    await tables.reviewApps.change(row.id, begun, Date.now())
  })
}

/** What app.json says counts for the keys that are not among these. */
async function configOf(tables: Tables, row: ReviewApp, name: string): Promise<Record<string, string>> {
  const { branch, prNumber, pipelineId, env } = row
  return {
    HEROKU_APP_NAME: name,
    HEROKU_BRANCH: branch,
    ...(prNumber === null ? {} : { HEROKU_PR_NUMBER: String(prNumber) }),
    ...(await tables.stageConfig.get(pipelineId, 'review')),
    ...env,
  }
}

/** Whoever works on an app of the pipeline works on its review apps. */
async function letColleaguesIn(tables: Tables, row: ReviewApp, app: App, createdAt: number): Promise<void> {
  const ids = new Set<string>()
  for (const { appId } of await tables.couplings.ofPipeline(row.pipelineId)) {
    const other = await tables.apps.byId(appId)
    const owner = other && other.owner !== app.owner ? await tables.users.byEmail(other.owner) : null
    if (owner) ids.add(owner.id)
    for (const { userId, email } of await tables.collaborators.ofApp(appId))
      if (email !== app.owner) ids.add(userId)
  }
  for (const userId of ids)
    await tables.collaborators.insert({ id: randomUUID(), appId: app.id, userId, createdAt })
}
