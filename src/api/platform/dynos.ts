import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { runRendezvous } from '../addresses.ts'
import { AppParams } from '../bodies/common.ts'
import { DynoBody, dynoBody } from '../bodies/dyno.ts'
import { NewDyno, runWish } from '../bodies/run.ts'
import type { Api, ApiOptions } from '../types.ts'

const DynoParams = Type.Object({ app: Type.String(), dyno: Type.String({ description: 'Name or id' }) })
const TypeParams = Type.Object({ app: Type.String(), type: Type.String() })
const Accepted = { 202: Type.Object({}) }

export function dynoRoutes(api: Api, services: Services, options: Pick<ApiOptions, 'rendezvous'> = {}): void {
  const { apps, instances, runs } = services

  api.get(
    '/apps/:app/dynos',
    { schema: { params: AppParams, response: { 200: Type.Array(DynoBody) } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return (await instances.list(app)).map((view) => dynoBody(app, view))
    },
  )

  api.get(
    '/apps/:app/dynos/:dyno',
    { schema: { params: DynoParams, response: { 200: DynoBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return dynoBody(app, await instances.find(app, request.params.dyno))
    },
  )

  api.post(
    '/apps/:app/dynos',
    // Whoever runs a command can look at the config.
    {
      config: { scope: 'write-protected' },
      schema: { params: AppParams, body: NewDyno, response: { 201: DynoBody } },
    },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const run = await runs.create(app, runWish(request.body), request.user)
      const url =
        run.state === 'waiting' ? runRendezvous(request, services.secrets, run.id, options.rendezvous) : null
      return reply.code(201).send(dynoBody(app, await instances.ofRun(app, run), url))
    },
  )
  restartRoutes(api, services)
  stopRoutes(api, services)
}

/** Fresh instances in the place of these; a one-off has none in its place and is ended. */
function restartRoutes(api: Api, { apps, restarts, stops }: Services): void {
  api.delete(
    '/apps/:app/dynos',
    { schema: { params: AppParams, response: Accepted } },
    async (request, reply) => {
      await restarts.all(await apps.find(request.params.app), request.user)
      return reply.code(202).send({})
    },
  )

  api.delete(
    '/apps/:app/dynos/:dyno',
    { schema: { params: DynoParams, response: Accepted } },
    async (request, reply) => {
      await stops.one(await apps.find(request.params.app), request.params.dyno, request.user)
      return reply.code(202).send({})
    },
  )

  api.delete(
    '/apps/:app/formations/:type',
    { schema: { params: TypeParams, response: Accepted } },
    async (request, reply) => {
      await stops.type(await apps.find(request.params.app), request.params.type, request.user)
      return reply.code(202).send({})
    },
  )
}

function stopRoutes(api: Api, { apps, stops }: Services): void {
  api.post(
    '/apps/:app/dynos/:dyno/actions/stop',
    { schema: { params: DynoParams, response: Accepted } },
    async (request, reply) => {
      await stops.one(await apps.find(request.params.app), request.params.dyno, request.user)
      return reply.code(202).send({})
    },
  )

  api.post(
    '/apps/:app/formations/:type/actions/stop',
    { schema: { params: TypeParams, response: Accepted } },
    async (request, reply) => {
      await stops.type(await apps.find(request.params.app), request.params.type, request.user)
      return reply.code(202).send({})
    },
  )
}
