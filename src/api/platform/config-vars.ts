import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Config = Type.Record(Type.String(), Type.String())
const Change = Type.Record(Type.String(), nullable(Type.String()))
const NOT_LIVE = 'What runs has another config: that of the last release is not live (see `tasuki releases`).'

export function configVarRoutes(api: Api, services: Services): void {
  const { apps, config } = services

  api.get(
    '/apps/:app/config-vars',
    { schema: { params: AppParams, response: { 200: Config } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      if (!(await config.live(app))) reply.header('warning-message', NOT_LIVE)
      return config.get(app)
    },
  )

  api.patch(
    '/apps/:app/config-vars',
    { schema: { params: AppParams, body: Change, response: { 200: Config } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return (await config.change(app, request.body, request.user)).config
    },
  )
}
