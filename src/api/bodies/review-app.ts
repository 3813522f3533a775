import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../services/index.ts'
import type { PipelineRepository } from '../../store/pipeline-repositories.ts'
import type { ReviewAppConfig } from '../../store/review-app-configs.ts'
import type { ReviewApp } from '../../store/review-apps.ts'
import { buildOutput } from '../addresses.ts'
import { Id, nullable, stableId, Time, timeOf, timeOrNull, userOf } from './common.ts'
import { SleepWords } from './sleep.ts'

const Ref = Type.Object({ id: Id })

export const ReviewAppConfigBody = Type.Object({
  repo: Type.Object({ id: Type.Integer() }),
  pipeline_id: Id,
  automatic_review_apps: Type.Boolean(),
  destroy_stale_apps: Type.Boolean(),
  stale_days: Type.Integer(),
  deploy_target: Type.Object({ id: Type.String(), type: Type.String() }),
  wait_for_ci: Type.Boolean(),
  base_name: nullable(Type.String()),
  tasuki: Type.Object({
    most_apps: Type.Integer({ description: 'There are no more at once; others wait' }),
    most_awake: nullable(Type.Integer({ description: 'The others sleep; null: no limit' })),
    most_awake_bytes: nullable(Type.Integer({ description: 'Of memory, of those that are awake' })),
    idle_ms: nullable(
      Type.Integer({ description: 'One sleeps after so long without a visitor; null: never' }),
    ),
  }),
})

export function reviewAppConfigBody(
  config: ReviewAppConfig,
  repository: PipelineRepository | null,
): Static<typeof ReviewAppConfigBody> {
  return {
    repo: { id: repositoryNumber(config.pipelineId, repository) },
    pipeline_id: config.pipelineId,
    automatic_review_apps: config.automatic,
    destroy_stale_apps: config.destroyStale,
    stale_days: config.staleDays,
    deploy_target: { id: 'us', type: 'region' },
    wait_for_ci: config.waitForTests,
    base_name: config.baseName,
    tasuki: {
      most_apps: config.mostApps,
      most_awake: config.mostAwake,
      most_awake_bytes: config.mostAwakeBytes,
      idle_ms: config.idleMs,
    },
  }
}

/** The forge's number; one of our own where there is none. */
function repositoryNumber(pipelineId: string, repository: PipelineRepository | null): number {
  const number = Number(repository?.remoteId)
  if (repository?.remoteId && Number.isSafeInteger(number)) return number
  return Number.parseInt(stableId('repository', pipelineId).replaceAll('-', '').slice(0, 7), 16)
}

export const ReviewAppBody = Type.Object({
  id: Id,
  app: nullable(Ref),
  app_setup: nullable(Ref),
  branch: Type.String(),
  created_at: Time,
  updated_at: Time,
  pipeline: Ref,
  status: Type.Enum(['pending', 'creating', 'created', 'deleting', 'deleted', 'errored']),
  creator: Ref,
  wait_for_ci: Type.Boolean(),
  error_status: nullable(Type.String()),
  message: nullable(Type.String()),
  fork_repo: Type.Null(),
  pr_number: nullable(Type.Integer()),
  tasuki: Type.Object({
    app_name: nullable(Type.String()),
    web_url: nullable(Type.String()),
    creator: Type.String({ description: 'E-mail address, or the name that the forge knows' }),
    pr_url: nullable(Type.String()),
    fork: Type.Boolean(),
    commit: nullable(Type.String({ description: 'What is to run there' })),
    served_commit: nullable(Type.String({ description: 'What runs there' })),
    release: nullable(Ref),
    build: nullable(
      Type.Object({
        id: Id,
        status: Type.Enum(['pending', 'succeeded', 'failed']),
        output_stream_url: Type.String(),
      }),
    ),
    settled: Type.Boolean({ description: 'It is as wished for, or has failed; nothing goes on' }),
    sleep: nullable(SleepWords),
    gone: nullable(Type.String({ description: 'Why it is to go' })),
    deployed_at: nullable(Time),
  }),
})

export async function reviewAppBody(
  services: Services,
  request: FastifyRequest,
  row: ReviewApp,
): Promise<Static<typeof ReviewAppBody>> {
  const status = row.gone !== null && row.status !== 'deleted' ? 'deleting' : row.status
  // Whoever renames it changes its address.
  const app = row.appId === null || row.status === 'deleted' ? null : await services.apps.named(row.appId)
  return {
    id: row.id,
    app: row.appId === null ? null : { id: row.appId },
    app_setup: row.setupId === null ? null : { id: row.setupId },
    branch: row.branch,
    created_at: timeOf(row.createdAt),
    updated_at: timeOf(row.updatedAt),
    pipeline: { id: row.pipelineId },
    status,
    creator: { id: userOf(row.creator).id },
    wait_for_ci: await services.reviewApps.configs.waitsForTests(row.pipelineId),
    error_status: row.status === 'errored' ? row.message : null,
    message: row.message,
    fork_repo: null,
    pr_number: row.prNumber,
    tasuki: {
      app_name: app?.name ?? row.appName,
      web_url: app && services.apps.webUrl(app),
      creator: row.creator,
      pr_url: row.prUrl,
      fork: row.fork,
      commit: row.commit,
      served_commit: row.served,
      release: row.releaseId === null ? null : { id: row.releaseId },
      build: await buildOf(services, request, row),
      settled: isSettled(row),
      sleep: app && (await services.sleeping.state(app.id)),
      gone: row.gone,
      deployed_at: timeOrNull(row.deployedAt),
    },
  }
}

function isSettled({ status, gone, wish, tried, buildId }: ReviewApp): boolean {
  if (status === 'deleted') return true
  return gone === null && (status === 'created' || status === 'errored') && wish === tried && buildId === null
}

/** The newest, whose log tells why it failed. */
async function buildOf(services: Services, request: FastifyRequest, { appId }: ReviewApp) {
  if (appId === null) return null
  const build = await services.builds.newest(appId)
  if (build === null) return null
  const { id, status } = build
  return { id, status, output_stream_url: buildOutput(request, services.secrets, id) }
}
