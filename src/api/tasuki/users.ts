import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { User } from '../../store/users.ts'
import { Id, nullable, Time, timeOf } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const UserBody = Type.Object({
  id: Id,
  email: Type.String(),
  name: nullable(Type.String()),
  admin: Type.Boolean(),
  created_at: Time,
  updated_at: Time,
})
const FreshBody = Type.Object({
  ...UserBody.properties,
  password: Type.String({ description: 'Told this once' }),
})
const Params = Type.Object({ user: Type.String({ description: 'Id or e-mail address' }) })
const Password = Type.Optional(nullable(Type.String({ description: 'Null or left out: one is made' })))
const Wish = Type.Object(
  {
    email: Type.String(),
    name: Type.Optional(nullable(Type.String())),
    password: Password,
    admin: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
)
const NewPassword = Type.Object({ password: Password }, { additionalProperties: false })
const Removal = Type.Object({
  transfer_to: Type.Optional(nullable(Type.String({ description: 'Who is to own the apps' }))),
})

/** Who may come in; for admins. */
export function userRoutes(api: Api, { users }: Services): void {
  api.get('/tasuki/users', { schema: { response: { 200: Type.Array(UserBody) } } }, async () =>
    (await users.list()).map(userBody),
  )

  api.post(
    '/tasuki/users',
    { schema: { body: Wish, response: { 201: FreshBody } } },
    async (request, reply) => {
      const { user, password } = await users.add(request.body)
      reply.header('cache-control', 'no-store')
      return reply.code(201).send({ ...userBody(user), password })
    },
  )

  api.get(
    '/tasuki/users/:user',
    { schema: { params: Params, response: { 200: UserBody } } },
    async (request) => userBody(await users.find(request.params.user)),
  )

  api.post(
    '/tasuki/users/:user/password',
    { schema: { params: Params, body: NewPassword, response: { 200: FreshBody } } },
    async (request, reply) => {
      const user = await users.find(request.params.user)
      const password = await users.setPassword(user, request.body.password ?? null, request.caller.token)
      reply.header('cache-control', 'no-store')
      return { ...userBody(user), password }
    },
  )

  api.delete(
    '/tasuki/users/:user',
    { schema: { params: Params, body: Removal, response: { 200: UserBody } } },
    async (request) => {
      const user = await users.find(request.params.user)
      const { transfer_to: heir } = request.body
      await users.remove(user, heir ? await users.find(heir) : null)
      return userBody(user)
    },
  )
}

function userBody(user: User): Static<typeof UserBody> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    admin: user.admin,
    created_at: timeOf(user.createdAt),
    updated_at: timeOf(user.updatedAt),
  }
}
