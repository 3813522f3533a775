import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppBody, appBody } from '../bodies/app.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import { rangeOf, sendPage } from '../ranges.ts'
import type { Api } from '../types.ts'

const NewApp = Type.Object({ name: Type.Optional(nullable(Type.String())) })
const Change = Type.Object({
  name: Type.Optional(Type.String()),
  maintenance: Type.Optional(Type.Boolean()),
})

export function appRoutes(api: Api, services: Services): void {
  const { apps } = services

  api.get('/apps', { schema: { response: { '2xx': Type.Array(AppBody) } } }, async (request, reply) => {
    const range = rangeOf(request.headers.range, 'name')
    const page = sendPage(reply, range, await ordered(services, range), (app) => app.name)
    return Promise.all(page.map((app) => appBody(services, request, app)))
  })

  api.post('/apps', { schema: { body: NewApp, response: { 201: AppBody } } }, async (request, reply) => {
    const app = await apps.create(request.body?.name ?? null, request.user)
    reply.code(201)
    return appBody(services, request, app)
  })

  api.get('/apps/:app', { schema: { params: AppParams, response: { 200: AppBody } } }, async (request) =>
    appBody(services, request, await apps.find(request.params.app)),
  )

  api.patch(
    '/apps/:app',
    { schema: { params: AppParams, body: Change, response: { 200: AppBody } } },
    async (request) => {
      const { name, maintenance } = request.body
      let app = await apps.find(request.params.app)
      if (name !== undefined) app = await apps.rename(app, name, request.user)
      if (maintenance !== undefined) app = await apps.setMaintenance(app, maintenance, request.user)
      return appBody(services, request, app)
    },
  )

  api.delete('/apps/:app', { schema: { params: AppParams, response: { 200: AppBody } } }, async (request) => {
    const app = await apps.find(request.params.app)
    const body = await appBody(services, request, app)
    await apps.destroy(app, request.user)
    return body
  })
}

async function ordered(services: Services, range: ReturnType<typeof rangeOf>) {
  const all = (await services.apps.list()).filter(
    ({ name }) => !range.from || (range.after ? name > range.from : name >= range.from),
  )
  return range.order === 'asc' ? all : all.reverse()
}
