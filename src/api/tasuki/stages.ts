import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { StageBody, stageBody } from '../bodies/stage.ts'
import { PipelineParams } from '../platform/pipelines.ts'
import type { Api } from '../types.ts'

const StageParams = Type.Object({ ...PipelineParams.properties, stage: Type.String() })
const NewStage = Type.Object({ name: Type.String(), after: Type.String() }, { additionalProperties: false })
const Change = Type.Object(
  {
    approvals: Type.Optional(Type.Integer({ description: 'How many have to approve; 0: it needs nobody' })),
    approvers: Type.Optional(
      Type.Array(Type.String(), { description: 'E-mail addresses; none: all with access to the targets' }),
    ),
    allow_self: Type.Optional(Type.Boolean()),
    expires_ms: Type.Optional(Type.Integer()),
    promotions_only: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)

const config = { access: 'users' } as const

/** The stages of a pipeline, and what is asked for at each. */
export function stageRoutes(api: Api, { freezes, pipelines, stages }: Services): void {
  const one = { params: StageParams, response: { 200: StageBody } }

  api.get(
    '/tasuki/pipelines/:pipeline/stages',
    { config, schema: { params: PipelineParams, response: { 200: Type.Array(StageBody) } } },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const frozen = await freezes.list(pipeline)
      return (await stages.list(pipeline)).map((stage) => stageBody(stage, frozen))
    },
  )

  api.post(
    '/tasuki/pipelines/:pipeline/stages',
    { config, schema: { params: PipelineParams, body: NewStage, response: { 201: StageBody } } },
    async ({ caller, params, body }, reply) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const made = await stages.add(caller, pipeline, body.name, body.after)
      reply.code(201)
      return stageBody(made, [])
    },
  )

  api.get(
    '/tasuki/pipelines/:pipeline/stages/:stage',
    { config, schema: one },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      return stageBody(await stages.get(pipeline, params.stage), await freezes.list(pipeline))
    },
  )

  api.patch(
    '/tasuki/pipelines/:pipeline/stages/:stage',
    { config, schema: { ...one, body: Change } },
    async ({ caller, params, body }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const { approvals, approvers, allow_self, expires_ms, promotions_only } = body
      const changed = await stages.setRules(caller, pipeline, params.stage, {
        ...(approvals !== undefined && { approvals }),
        ...(approvers !== undefined && { approvers }),
        ...(allow_self !== undefined && { allowSelf: allow_self }),
        ...(expires_ms !== undefined && { expiresMs: expires_ms }),
        ...(promotions_only !== undefined && { promotionsOnly: promotions_only }),
      })
      return stageBody(changed, await freezes.list(pipeline))
    },
  )

  api.delete(
    '/tasuki/pipelines/:pipeline/stages/:stage',
    { config, schema: one },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const gone = await stages.get(pipeline, params.stage)
      await stages.remove(caller, pipeline, params.stage)
      return stageBody(gone, [])
    },
  )
}
