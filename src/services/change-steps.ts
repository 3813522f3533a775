import type { ChangeStep } from '../domain/change.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import type { Approval } from '../store/approvals.ts'
import type { App } from '../store/apps.ts'
import type { BranchDeploy } from '../store/branch-deploys.ts'
import type { CommitBuild } from '../store/commits.ts'
import type { ReviewApp } from '../store/review-apps.ts'
import type { Tables } from '../store/tables.ts'
import type { TestRun } from '../store/test-runs.ts'

const NOTHING = {
  endedAt: null,
  pipeline: null,
  stage: null,
  app: null,
  reason: null,
  user: null,
  url: null,
  release: null,
  rolloutId: null,
  receipt: null,
} as const

/** Where an app stands, for those that are in a pipeline. */
export interface Place {
  readonly pipeline: string | null
  readonly stage: string | null
}

/** What happened in a repository with the commit. */
export function eventStep(event: SourceEvent, pipeline: string): ChangeStep {
  const about = { ...NOTHING, pipeline, at: event.at, endedAt: event.at, user: event.user }
  if (event.kind === 'push') {
    const text = `${event.branch} ${event.forced ? 'was set to it' : 'has it'}`
    return { ...about, kind: 'push', status: 'pushed', text }
  }
  const { action, merged, number, title, url } = event
  const status = action === 'closed' && merged ? 'merged' : action
  return { ...about, kind: 'pull-request', status, text: `#${number} ${title}`, url }
}

export function testsStep(run: TestRun, pipeline: string): ChangeStep {
  const { number, branch, status, note: reason, user, createdAt: at, endedAt } = run
  const text = `test run #${number} of ${branch}`
  return { ...NOTHING, kind: 'tests', pipeline, at, endedAt, status, text, reason, user }
}

export function reviewAppStep(app: ReviewApp, pipeline: string, url: string | null): ChangeStep {
  const { branch, prNumber, status, message, creator, createdAt: at, updatedAt } = app
  const text = prNumber === null ? `review app of ${branch}` : `review app of #${prNumber}`
  const about = { pipeline, stage: 'review', app: app.appName, user: creator, reason: message }
  const endedAt = status === 'pending' || status === 'creating' ? null : updatedAt
  return { ...NOTHING, ...about, kind: 'review-app', at, endedAt, status, text, url }
}

export function approvalStep(approval: Approval, pipeline: string): ChangeStep {
  const { stage, state: status, user, comment: reason, endedBy, createdAt: at, endedAt } = approval
  const text = endedBy === null ? `promotion to ${stage}` : `promotion to ${stage}, ${status} by ${endedBy}`
  return { ...NOTHING, kind: 'approval', pipeline, stage, at, endedAt, status, text, reason, user }
}

export function deployStep(deploy: BranchDeploy, app: App, place: Place): ChangeStep {
  const { branch, status, reason, user, createdAt: at, endedAt } = deploy
  const text = `automatic deploy of ${branch}`
  return { ...NOTHING, ...place, kind: 'deploy', app: app.name, at, endedAt, status, text, reason, user }
}

export function buildStep(build: CommitBuild, app: App, place: Place): ChangeStep {
  const { status, error: reason, user, createdAt: at } = build
  const endedAt = status === 'pending' ? null : build.updatedAt
  return {
    ...NOTHING,
    ...place,
    kind: 'deploy',
    app: app.name,
    at,
    endedAt,
    status,
    text: 'build',
    reason,
    user,
  }
}

/** A release, with what its rollout came to. */
export async function releaseStep(
  tables: Tables,
  app: App,
  version: number,
  place: Place,
): Promise<ChangeStep> {
  const release = (await tables.releases.byVersion(app.id, version))!
  const rolloutId = (await tables.rollouts.idsByRelease(app.id, [version])).get(version) ?? null
  const rollout = rolloutId === null ? null : await tables.rollouts.byId(rolloutId)
  return {
    ...NOTHING,
    ...place,
    kind: 'release',
    app: app.name,
    at: release.createdAt,
    endedAt: rollout ? rollout.finishedAt : release.createdAt,
    status: release.status,
    text: `v${version}: ${release.description}`,
    reason: rollout?.reason ?? null,
    user: release.user,
    release: version,
    rolloutId,
    receipt: rolloutId === null ? null : await tables.rollouts.receipt(rolloutId),
  }
}
