import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Member } from '../../services/collaborators.ts'
import type { Services } from '../../services/index.ts'
import type { App } from '../../store/apps.ts'
import { AppParams, Id, nullable, Time, timeOf } from '../bodies/common.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const CollaboratorBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  role: Type.Enum(['owner', 'collaborator']),
  user: Type.Object({ id: Id, email: Type.String(), federated: Type.Boolean() }),
  created_at: Time,
  updated_at: Time,
})
const Params = Type.Object({
  app: Type.String(),
  collaborator: Type.String({ description: 'Its id, or the id or e-mail address of the user' }),
})
const Wish = Type.Object({
  user: Type.String({ maxLength: 254, description: 'Id or e-mail address' }),
  silent: Type.Optional(nullable(Type.Boolean({ description: 'Nobody is written to anyway' }))),
})
const Heir = Type.Object({ owner: Type.String({ maxLength: 254, description: 'Id or e-mail address' }) })

const KEYS: Keys<Member> = { email: (one) => one.email, id: (one) => one.id }

/** Who works on an app: whoever does may add others. */
export function collaboratorRoutes(api: Api, services: Services): void {
  const { apps, collaborators } = services

  api.get(
    '/apps/:app/collaborators',
    { schema: { params: AppParams, response: { '2xx': Type.Array(CollaboratorBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const page = pageOf(request, reply, await collaborators.list(app), KEYS, 'email')
      return page.map((one) => collaboratorBody(app, one))
    },
  )

  api.post(
    '/apps/:app/collaborators',
    { schema: { params: AppParams, body: Wish, response: { 201: CollaboratorBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const added = await collaborators.add(app, request.body.user, request.user)
      return reply.code(201).send(collaboratorBody(app, added))
    },
  )

  api.get(
    '/apps/:app/collaborators/:collaborator',
    { schema: { params: Params, response: { 200: CollaboratorBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      return collaboratorBody(app, await collaborators.find(app, request.params.collaborator))
    },
  )

  api.delete(
    '/apps/:app/collaborators/:collaborator',
    { schema: { params: Params, response: { 200: CollaboratorBody } } },
    async (request) => {
      const app = await apps.find(request.params.app)
      const member = await collaborators.find(app, request.params.collaborator)
      await collaborators.remove(app, member, request.user)
      return collaboratorBody(app, member)
    },
  )

  api.post(
    '/tasuki/apps/:app/transfer',
    {
      config: { access: 'owner' },
      schema: { params: AppParams, body: Heir, response: { 200: Type.Array(CollaboratorBody) } },
    },
    async (request) => {
      const app = await apps.find(request.params.app)
      await collaborators.transfer(app, request.body.owner, request.caller)
      const changed = await apps.find(app.id)
      return (await collaborators.list(changed)).map((one) => collaboratorBody(changed, one))
    },
  )
}

function collaboratorBody(app: App, one: Member): Static<typeof CollaboratorBody> {
  return {
    id: one.id,
    app: { id: app.id, name: app.name },
    role: one.role,
    user: { id: one.userId, email: one.email, federated: false },
    created_at: timeOf(one.createdAt),
    updated_at: timeOf(one.createdAt),
  }
}
