import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppParams } from '../bodies/common.ts'
import { DynoBody, dynoBody } from '../bodies/dyno.ts'
import type { Api } from '../types.ts'

const DynoParams = Type.Object({ app: Type.String(), dyno: Type.String({ description: 'Name or id' }) })
const TypeParams = Type.Object({ app: Type.String(), type: Type.String() })
const Accepted = { 202: Type.Object({}) }

export function dynoRoutes(api: Api, services: Services): void {
  const { apps, instances, restarts } = services

  api.get(
    '/apps/:app/dynos',
    { schema: { params: AppParams, response: { 200: Type.Array(DynoBody) } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return (await instances.list(app)).map((view) => dynoBody(app, view))
    },
  )

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
      await restarts.instance(await apps.find(request.params.app), request.params.dyno, request.user)
      return reply.code(202).send({})
    },
  )

  api.delete(
    '/apps/:app/formations/:type',
    { schema: { params: TypeParams, response: Accepted } },
    async (request, reply) => {
      await restarts.type(await apps.find(request.params.app), request.params.type, request.user)
      return reply.code(202).send({})
    },
  )
}
