import { type Static, Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { checkRegion } from '../../services/offers.ts'
import type { ReviewAppConfigWish } from '../../services/review-app-configs.ts'
import type { PipelineRepository } from '../../store/pipeline-repositories.ts'
import type { Pipeline } from '../../store/pipelines.ts'
import { nullable } from '../bodies/common.ts'
import { ReviewAppConfigBody, reviewAppConfigBody } from '../bodies/review-app.ts'
import type { Api } from '../types.ts'
import { PipelineParams } from './pipelines.ts'

const Flag = Type.Optional(Type.Boolean())
const Count = Type.Optional(Type.Integer())
const Limit = Type.Optional(nullable(Type.Integer()))
const Wish = Type.Object({
  repo: Type.Optional(
    nullable(Type.String({ description: 'owner/name: refused unless the pipeline is connected to it' })),
  ),
  automatic_review_apps: Flag,
  destroy_stale_apps: Flag,
  stale_days: Count,
  deploy_target: Type.Optional(nullable(Type.Object({ id: Type.String(), type: Type.String() }))),
  wait_for_ci: Flag,
  base_name: Type.Optional(nullable(Type.String())),
  tasuki: Type.Optional(
    Type.Object({ most_apps: Count, most_awake: Limit, most_awake_bytes: Limit, idle_ms: Limit }),
  ),
})

const config = { access: 'users' } as const
const path = '/pipelines/:pipeline/review-app-config'

/** Whether and how a pipeline makes review apps. */
export function reviewAppConfigRoutes(api: Api, services: Services): void {
  const { pipelineRepositories, pipelines, reviewApps } = services
  const params = PipelineParams
  const response = { 200: ReviewAppConfigBody }

  api.get(path, { config, schema: { params, response } }, async ({ caller, params: { pipeline } }) => {
    const found = await pipelines.get(caller, pipeline)
    const repository = await pipelineRepositories.get(found)
    return reviewAppConfigBody(await reviewApps.configs.get(found), repository)
  })

  api.post(
    path,
    { config, schema: { params, body: Wish, response: { 201: ReviewAppConfigBody } } },
    async ({ caller, params: { pipeline }, body }, reply) => {
      const found = await pipelines.get(caller, pipeline)
      const repository = await pipelineRepositories.get(found)
      const made = await reviewApps.configs.enable(found, wishOf(found, repository, body), caller.email)
      reply.code(201)
      return reviewAppConfigBody(made, repository)
    },
  )

  // The `heroku` command line sends PATCH whenever a setting is given, also when nothing has been enabled yet.
  api.patch(path, { config, schema: { params, body: Wish, response } }, async (request) => {
    const { caller, body } = request
    const found = await pipelines.get(caller, request.params.pipeline)
    const repository = await pipelineRepositories.get(found)
    const made = await reviewApps.configs.change(found, wishOf(found, repository, body), caller.email)
    return reviewAppConfigBody(made, repository)
  })

  api.delete(path, { config, schema: { params, response } }, async ({ caller, params: { pipeline } }) => {
    const found = await pipelines.get(caller, pipeline)
    const repository = await pipelineRepositories.get(found)
    return reviewAppConfigBody(await reviewApps.configs.disable(found, caller.email), repository)
  })
}

function wishOf(
  pipeline: Pipeline,
  repository: PipelineRepository | null,
  body: Static<typeof Wish>,
): ReviewAppConfigWish {
  const { repo, deploy_target: target, tasuki = {} } = body
  if (repo && repository && repo !== repository.fullName)
    throw new TasukiError(
      'invalid_params',
      `${pipeline.name} is connected to ${repository.fullName}, not to ${repo}.`,
      {
        next: 'Leave the repository out, or connect the pipeline to the other one first.',
      },
    )
  if (target) checkRegion(target.id)
  return given({
    automatic: body.automatic_review_apps,
    destroyStale: body.destroy_stale_apps,
    staleDays: body.stale_days,
    waitForTests: body.wait_for_ci,
    baseName: body.base_name,
    mostApps: tasuki.most_apps,
    mostAwake: tasuki.most_awake,
    mostAwakeBytes: tasuki.most_awake_bytes,
    idleMs: tasuki.idle_ms,
  })
}

function given(
  wish: {
    [Key in keyof ReviewAppConfigWish]: ReviewAppConfigWish[Key] | undefined
  },
): ReviewAppConfigWish {
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== undefined))
}
