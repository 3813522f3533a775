import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { FormationView } from '../../services/formation.ts'
import type { Services } from '../../services/index.ts'
import type { App } from '../../store/apps.ts'
import { AppParams } from '../bodies/common.ts'
import { FormationBody, formationBody, formationId } from '../bodies/formation.ts'
import type { Api } from '../types.ts'

const Quantity = Type.Optional(Type.Union([Type.Integer(), Type.String()]))
const Size = Type.Optional(Type.String())
const DynoSize = Type.Optional(Type.Union([Type.String(), Type.Object({ name: Type.String() })]))
const Wish = { quantity: Quantity, size: Size, dyno_size: DynoSize }
const Updates = Type.Object({
  updates: Type.Array(Type.Object({ type: Type.String(), ...Wish }), { maxItems: 100 }),
})
const TypeParams = Type.Object({
  app: Type.String(),
  type: Type.String({ description: 'Process type, or id of the entry' }),
})
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
      const entries = await formation.scale(app, request.body.updates.map(wishOf), request.user)
      return entries.map((entry) => formationBody(app, entry))
    },
  )

  api.get(
    '/apps/:app/formation/:type',
    { schema: { params: TypeParams, response: { 200: FormationBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return formationBody(app, entryOf(app, await formation.get(app), request.params.type))
    },
  )

  api.patch(
    '/apps/:app/formation/:type',
    { schema: { params: TypeParams, body: Type.Object(Wish), response: { 200: FormationBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const { type } = entryOf(app, await formation.get(app), request.params.type)
      const entries = await formation.scale(app, [wishOf({ ...request.body, type })], request.user)
      return formationBody(app, entryOf(app, entries, type))
    },
  )
}

interface Update {
  readonly type: string
  readonly quantity?: number | string
  readonly size?: string
  readonly dyno_size?: string | { readonly name: string }
}

/** The size goes by either of two names. */
function wishOf({ type, quantity, size, dyno_size: other }: Update) {
  const named = size ?? (typeof other === 'object' ? other.name : other)
  return { type, quantity, size: named }
}

function entryOf(app: App, entries: readonly FormationView[], which: string): FormationView {
  const found = entries.find(({ type }) => type === which || formationId(app, type) === which)
  if (found) return found
  throw new TasukiError('not_found', `${app.name} has no process type "${which.slice(0, 60)}".`, {
    details: { resource: 'formation' },
  })
}
