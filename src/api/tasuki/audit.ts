import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { nullable, Time, timeOf } from '../bodies/common.ts'
import { PipelineParams } from '../platform/pipelines.ts'
import type { Api } from '../types.ts'

const MOST = 1000

const Line = Type.Object({
  id: Type.Integer(),
  app: nullable(Type.Object({ id: Type.String() })),
  user: Type.String(),
  action: Type.String(),
  details: Type.Record(Type.String(), Type.Any()),
  at: Time,
})
const Query = Type.Object({
  max: Type.Optional(Type.String({ pattern: '^[0-9]{1,4}$' })),
  before: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
})

/** The audit log of a pipeline, for whoever may see the pipeline. */
export function auditRoutes(api: Api, { audit, pipelines }: Services): void {
  api.get(
    '/tasuki/pipelines/:pipeline/audit',
    {
      config: { access: 'users' },
      schema: { params: PipelineParams, querystring: Query, response: { 200: Type.Array(Line) } },
    },
    async ({ caller, params, query }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const max = Math.min(Number(query.max ?? 100), MOST)
      const before = query.before === undefined ? undefined : Number(query.before)
      const lines = await audit.list(pipeline, max, before)
      return lines.map(({ id, appId, user, action, details, at }) => {
        const app = appId === null ? null : { id: appId }
        return { id, app, user, action, details, at: timeOf(at) }
      })
    },
  )
}
