import { TasukiError } from '../domain/errors.ts'
import type { AutoDeploy } from '../store/auto-deploys.ts'
import type { BranchDeploy, BranchDeployChange } from '../store/branch-deploys.ts'
import type { AppService } from './apps.ts'
import { heldBack, type TestsState, testsOf } from './branch-deploy-rules.ts'
import type { BuildService } from './builds.ts'
import type { CommitSources } from './commit-sources.ts'
import type { ServiceDeps } from './context.ts'
import type { ForgeReports } from './forge-reports.ts'
import { liveApp } from './live-app.ts'

/** What branch deploys need of others. */
export interface BranchDeployParts {
  readonly builds: Pick<BuildService, 'create'>
  readonly commitSources: Pick<CommitSources, 'source'>
  readonly forgeReports: Pick<ForgeReports, 'deployment'>
  readonly apps: Pick<AppService, 'webUrl'>
}

type Change = BranchDeployChange | null

/** What comes next of a branch deploy, done; what is to be written down of it, or null while it waits. Throws what ends it. */
export function nextOf(
  deps: ServiceDeps,
  parts: BranchDeployParts,
  deploy: BranchDeploy,
  open: readonly BranchDeploy[],
): Promise<Change> | Change {
  switch (deploy.status) {
    case 'waiting':
    case 'held':
      return tested(deps, deploy)
    case 'ready':
      return open.some(({ status }) => status === 'building') ? null : begun(deps, parts, deploy)
    case 'building':
      return built(deps, deploy)
    case 'rolling':
      return rolled(deps, parts, deploy)
    default:
      return null
  }
}

/** A green rerun sets a deploy going that its tests have held. */
async function tested(deps: ServiceDeps, deploy: BranchDeploy): Promise<Change> {
  const rule = await ruleOf(deps, deploy)
  if (rule === null) return turnedOff(deploy)
  const state: TestsState = rule.waitForTests ? await testsOf(deps.store.tables, deploy) : { tests: 'off' }
  if (state.tests === 'passed' || state.tests === 'off') return { status: 'ready', reason: null }
  const status = state.tests === 'failed' ? 'held' : 'waiting'
  const reason = state.tests === 'failed' ? state.why : null
  return status === deploy.status && reason === deploy.reason ? null : { status, reason }
}

async function begun(deps: ServiceDeps, parts: BranchDeployParts, deploy: BranchDeploy): Promise<Change> {
  const { tables } = deps.store
  if ((await ruleOf(deps, deploy)) === null) return turnedOff(deploy)
  const pipeline = await tables.pipelines.byId(deploy.pipelineId)
  if (pipeline === null) return turnedOff(deploy)
  const app = await liveApp(tables, deploy.appId)
  const reason = await heldBack(tables, deploy, (deps.now ?? Date.now)())
  if (reason !== null) return reason === deploy.reason ? null : { reason }
  const source = await parts.commitSources.source(pipeline, deploy.commit)
  const build = await parts.builds.create(app, source, deploy.user)
  await reportDeploy(deps, parts, deploy, 'pending', 'Building')
  return { status: 'building', buildId: build.id, reason: null }
}

async function built(deps: ServiceDeps, { buildId }: BranchDeploy): Promise<Change> {
  const build = await deps.store.tables.builds.byId(buildId!)
  if (build?.status === 'pending') return null
  if (build?.status === 'succeeded') return { status: 'rolling' }
  throw new TasukiError('build_failed', build?.error?.message ?? 'The build has been forgotten.')
}

/** As its release ends. */
async function rolled(deps: ServiceDeps, parts: BranchDeployParts, deploy: BranchDeploy): Promise<Change> {
  const { builds, releases, rollouts } = deps.store.tables
  const app = await liveApp(deps.store.tables, deploy.appId)
  const build = await builds.byId(deploy.buildId!)
  const release = build?.releaseId ? await releases.byId(app.id, build.releaseId) : null
  if (!build || !release) throw new TasukiError('rollout_failed', 'Its release has been forgotten.')
  if (release.status === 'pending') return null
  if (release.status === 'succeeded') {
    await reportDeploy(deps, parts, deploy, 'success', `v${release.version} serves`)
    return { status: 'succeeded', reason: null }
  }
  if (release.status === 'expired') {
    const reason = `v${release.version} was superseded before it served.`
    await reportDeploy(deps, parts, deploy, 'inactive', reason)
    return { status: 'superseded', reason }
  }
  const rollout = build.rolloutId ? await rollouts.byId(build.rolloutId) : null
  throw new TasukiError('rollout_failed', rollout?.reason ?? `v${release.version} failed.`)
}

/** Tells the forge how it stands, under the name of the app. The same may be told twice. */
export async function reportDeploy(
  { store }: ServiceDeps,
  { apps, forgeReports }: BranchDeployParts,
  { appId, pipelineId, commit }: BranchDeploy,
  state: 'pending' | 'success' | 'failure' | 'inactive',
  description: string,
): Promise<void> {
  const app = await store.tables.apps.byId(appId)
  if (app === null) return
  const url = apps.webUrl(app)
  await forgeReports.deployment(pipelineId, commit, { environment: app.name, state, url, description })
}

/** The rule that it was made for, if it still counts. */
async function ruleOf(
  deps: ServiceDeps,
  { appId, pipelineId, branch }: BranchDeploy,
): Promise<AutoDeploy | null> {
  const rule = await deps.store.tables.autoDeploys.ofApp(appId)
  return rule?.pipelineId === pipelineId && rule.branch === branch ? rule : null
}

function turnedOff({ branch }: BranchDeploy): Change {
  return { status: 'superseded', reason: `The app does not follow ${branch} any more.` }
}
