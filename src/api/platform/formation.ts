import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { AppParams } from '../bodies/common.ts'
import { FormationBody, formationBody } from '../bodies/formation.ts'
import type { Api } from '../types.ts'

const Update = Type.Object({
  type: Type.String(),
  quantity: Type.Optional(Type.Union([Type.Integer(), Type.String()])),
  size: Type.Optional(Type.String()),
})
const Updates = Type.Object({ updates: Type.Array(Update, { maxItems: 100 }) })
const Answer = { 200: Type.Array(FormationBody) }

export function formationRoutes(api: Api, services: Services): void {
  const { apps, formation } = services

  api.get('/apps/:app/formation', { schema: { params: AppParams, response: Answer } }, async (request) => {
    const app = await apps.find(request.params.app)
    return (await formation.get(app)).map((entry) => formationBody(app, entry))
  })

  api.patch(
    '/apps/:app/formation',
    { schema: { params: AppParams, body: Updates, response: Answer } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const entries = await formation.scale(app, request.body.updates, request.user)
      return entries.map((entry) => formationBody(app, entry))
    },
  )
}
