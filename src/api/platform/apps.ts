import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { checkRegion, checkStack } from '../../services/offers.ts'
import { AppBody, appBody } from '../bodies/app.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Name = Type.Optional(nullable(Type.String()))
const NewApp = Type.Object({ name: Name, region: Name, stack: Name })
const Change = Type.Object({
  name: Type.Optional(Type.String()),
  maintenance: Type.Optional(Type.Boolean()),
  build_stack: Type.Optional(Type.String()),
})

export function appRoutes(api: Api, services: Services): void {
  const { apps } = services

  api.post(
    '/apps',
    { config: { access: 'users' }, schema: { body: NewApp, response: { 201: AppBody } } },
    async (request, reply) => {
      const { name, region, stack } = request.body
      if (region) checkRegion(region)
      if (stack) checkStack(stack)
      const app = await apps.create(name ?? null, request.user)
      reply.code(201)
      return appBody(services, request, app)
    },
  )

  api.get('/apps/:app', { schema: { params: AppParams, response: { 200: AppBody } } }, async (request) =>
    appBody(services, request, await apps.find(request.params.app)),
  )

  api.patch(
    '/apps/:app',
    { schema: { params: AppParams, body: Change, response: { 200: AppBody } } },
    async (request) => {
      const { name, maintenance, build_stack: stack } = request.body
      let app = await apps.find(request.params.app)
      if (name !== undefined && name !== app.name) services.access.requireOwner(request.caller, app)
      if (stack !== undefined) checkStack(stack)
      if (name !== undefined) app = await apps.rename(app, name, request.user)
      if (maintenance !== undefined) app = await apps.setMaintenance(app, maintenance, request.user)
      return appBody(services, request, app)
    },
  )

  api.delete(
    '/apps/:app',
    { config: { access: 'owner' }, schema: { params: AppParams, response: { 200: AppBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const body = await appBody(services, request, app)
      await apps.destroy(app, request.user)
      return body
    },
  )
}
