import { type Static, Type } from '@fastify/type-provider-typebox'
import type { AutoDeploy } from '../../store/auto-deploys.ts'
import type { BranchDeploy } from '../../store/branch-deploys.ts'
import { Id, nullable, Time, timeOf, timeOrNull, User, userOf } from './common.ts'

export const AutoDeployBody = Type.Object({
  app: Type.Object({ id: Id }),
  pipeline: Type.Object({ id: Id }),
  branch: Type.String(),
  wait_for_ci: Type.Boolean(),
  user: User,
  created_at: Time,
  updated_at: Time,
})

export function autoDeployBody(rule: AutoDeploy): Static<typeof AutoDeployBody> {
  return {
    app: { id: rule.appId },
    pipeline: { id: rule.pipelineId },
    branch: rule.branch,
    wait_for_ci: rule.waitForTests,
    user: userOf(rule.user),
    created_at: timeOf(rule.createdAt),
    updated_at: timeOf(rule.updatedAt),
  }
}

export const BranchDeployBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id }),
  pipeline: Type.Object({ id: Id }),
  branch: Type.String(),
  commit: Type.String(),
  message: Type.String(),
  status: Type.String({
    description: 'waiting, held, ready, building, rolling, succeeded, failed or superseded',
  }),
  reason: nullable(Type.String()),
  build: nullable(Type.Object({ id: Id })),
  created_at: Time,
  updated_at: Time,
  ended_at: nullable(Time),
})

export function branchDeployBody(deploy: BranchDeploy): Static<typeof BranchDeployBody> {
  return {
    id: deploy.id,
    app: { id: deploy.appId },
    pipeline: { id: deploy.pipelineId },
    branch: deploy.branch,
    commit: deploy.commit,
    message: deploy.message,
    status: deploy.status,
    reason: deploy.reason,
    build: deploy.buildId === null ? null : { id: deploy.buildId },
    created_at: timeOf(deploy.createdAt),
    updated_at: timeOf(deploy.updatedAt),
    ended_at: timeOrNull(deploy.endedAt),
  }
}
