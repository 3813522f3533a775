import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { Id, nullable } from '../bodies/common.ts'
import { FreezeBody, freezeBody } from '../bodies/stage.ts'
import { PipelineParams } from '../platform/pipelines.ts'
import type { Api } from '../types.ts'

const FreezeParams = Type.Object({ ...PipelineParams.properties, freeze: Id })
const Instant = Type.Optional(nullable(Type.String({ description: 'ISO 8601; UTC where no zone is given' })))
const NewFreeze = Type.Object(
  {
    stage: Type.String(),
    reason: Type.Optional(nullable(Type.String())),
    from: Instant,
    until: Instant,
    cron: Type.Optional(nullable(Type.String({ description: 'When each window begins, in UTC' }))),
    lasts_ms: Type.Optional(nullable(Type.Integer())),
  },
  { additionalProperties: false },
)
const ZONE = /(?:Z|[+-]\d\d:?\d\d)$/i
const DAY = /^\d{4}-\d\d-\d\d$/

const config = { access: 'users' } as const

/** Times in which nothing comes to a stage. */
export function freezeRoutes(api: Api, { freezes, pipelines }: Services): void {
  api.get(
    '/tasuki/pipelines/:pipeline/freezes',
    { config, schema: { params: PipelineParams, response: { 200: Type.Array(FreezeBody) } } },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      return (await freezes.list(pipeline)).map(freezeBody)
    },
  )

  api.post(
    '/tasuki/pipelines/:pipeline/freezes',
    { config, schema: { params: PipelineParams, body: NewFreeze, response: { 201: FreezeBody } } },
    async ({ caller, params, body }, reply) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const made = await freezes.add(caller, pipeline, {
        stage: body.stage,
        reason: body.reason ?? null,
        from: instantOf(body.from),
        until: instantOf(body.until),
        cron: body.cron ?? null,
        lastsMs: body.lasts_ms ?? null,
      })
      reply.code(201)
      return freezeBody(made)
    },
  )

  api.delete(
    '/tasuki/pipelines/:pipeline/freezes/:freeze',
    { config, schema: { params: FreezeParams, response: { 200: FreezeBody } } },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      return freezeBody(await freezes.lift(caller, pipeline, params.freeze))
    },
  )
}

/** A time without a zone is in UTC, whatever the zone of the server. */
function instantOf(text: string | null | undefined): number | null {
  if (text === null || text === undefined) return null
  const at = Date.parse(ZONE.test(text) || DAY.test(text) ? text : `${text}Z`)
  if (Number.isFinite(at)) return at
  throw new TasukiError('invalid_params', `"${text.slice(0, 40)}" is no time.`, {
    next: 'Write it as 2026-12-24T16:00Z.',
  })
}
