import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppParams, Id, nullable } from '../bodies/common.ts'
import { ReleaseBody, releaseBody } from '../bodies/release.ts'
import type { Api } from '../types.ts'

const Restart = Type.Object(
  { instance: Type.Optional(Type.String()), type: Type.Optional(Type.String()) },
  { additionalProperties: false },
)
const Rollback = Type.Object(
  { to: Type.Optional(nullable(Type.String({ description: 'v3, a commit or its beginning' }))) },
  { additionalProperties: false },
)
const Restarted = Type.Object({ rollout_id: nullable(Id) })

/** Restart and rollback. */
export function changeRoutes(api: Api, services: Services): void {
  const { apps, releases, restarts, rollback } = services

  api.post(
    '/tasuki/apps/:app/restart',
    { schema: { params: AppParams, body: Restart, response: { 202: Restarted } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const rollout = await restarts.restart(app, request.body ?? {}, request.user)
      return reply.code(202).send({ rollout_id: rollout })
    },
  )

  api.post(
    '/tasuki/apps/:app/rollback',
    { schema: { params: AppParams, body: Rollback, response: { 201: ReleaseBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const { release } = await rollback.rollBack(app, request.body?.to ?? null, request.user)
      reply.code(201)
      return releaseBody(services, request, app, await releases.get(app, release.id))
    },
  )
}
