import { Type } from '@fastify/type-provider-typebox'
import type { DrainView } from '../../services/drains.ts'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { LogDrainBody, logDrainBody } from '../bodies/log-drain.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const DrainParams = Type.Object({
  app: Type.String({ description: 'Id or name' }),
  drain: Type.String({ description: 'Id, token or URL' }),
})
const NewDrain = Type.Object({
  url: Type.String(),
  authority: Type.Optional(
    nullable(Type.String({ description: 'PEM of an authority to trust beside the well-known ones' })),
  ),
})

const KEYS: Keys<DrainView> = { id: ({ id }) => id }

/** An address may hold credentials, as config vars do. */
const READ = { scope: 'read-protected' } as const
const WRITE = { scope: 'write-protected' } as const

export function logDrainRoutes(api: Api, services: Services): void {
  const { apps, drains } = services
  const one = { params: DrainParams, response: { 200: LogDrainBody } }

  api.get(
    '/apps/:app/log-drains',
    { config: READ, schema: { params: AppParams, response: { '2xx': Type.Array(LogDrainBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const page = pageOf(request, reply, await drains.list(app), KEYS)
      return page.map((drain) => logDrainBody(app, drain))
    },
  )

  api.post(
    '/apps/:app/log-drains',
    { config: WRITE, schema: { params: AppParams, body: NewDrain, response: { 201: LogDrainBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const drain = await drains.add(app, request.body, request.user)
      reply.code(201)
      return logDrainBody(app, drain)
    },
  )

  api.get('/apps/:app/log-drains/:drain', { config: READ, schema: one }, async (request) => {
    const app = await apps.find(request.params.app)
    return logDrainBody(app, await drains.get(app, request.params.drain))
  })

  api.delete('/apps/:app/log-drains/:drain', { config: WRITE, schema: one }, async (request) => {
    const app = await apps.find(request.params.app)
    return logDrainBody(app, await drains.remove(app, request.params.drain, request.user))
  })
}
