import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import type { Token } from '../../store/tokens.ts'
import { AuthorizationBody, authorizationBody, Scopes } from '../bodies/authorization.ts'
import { nullable, timeOf } from '../bodies/common.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const CONFIG = { access: 'users', scope: 'global' } as const
const Params = Type.Object({ authorization: Type.String({ description: 'Id, or ~ for that of the token' }) })
const Wish = Type.Object({
  description: Type.Optional(nullable(Type.String())),
  expires_in: Type.Optional(
    nullable(
      Type.Union([Type.Integer(), Type.String({ pattern: '^[0-9]{1,10}$' })], { description: 'Seconds' }),
    ),
  ),
  scope: Type.Optional(nullable(Scopes)),
  client: Type.Optional(Type.Unknown()),
})
const Change = Type.Object({
  description: Type.Optional(nullable(Type.String())),
  client: Type.Optional(Type.Unknown()),
})
const One = { 200: AuthorizationBody }

const KEYS: Keys<Token> = {
  id: (row) => row.id,
  created_at: (row) => timeOf(row.createdAt),
  updated_at: (row) => timeOf(row.updatedAt),
}

export function authorizationRoutes(api: Api, services: Services): void {
  const { authorizations } = services

  api.post(
    '/oauth/authorizations',
    { config: { ...CONFIG, password: true }, schema: { body: Wish, response: { 201: AuthorizationBody } } },
    async (request, reply) => {
      const { description, expires_in, scope, client } = request.body
      refuseClient(client)
      const { row, token } = await authorizations.create(request.caller, {
        description,
        scopes: scope,
        expiresInSeconds: expires_in === null || expires_in === undefined ? null : Number(expires_in),
        login: request.caller.token === '',
      })
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send(authorizationBody(services, row, token))
    },
  )

  api.get(
    '/oauth/authorizations',
    { config: CONFIG, schema: { response: { '2xx': Type.Array(AuthorizationBody) } } },
    async (request, reply) => {
      const page = pageOf(request, reply, await authorizations.list(request.caller), KEYS, 'id')
      return page.map((row) => authorizationBody(services, row))
    },
  )

  api.get(
    '/oauth/authorizations/:authorization',
    { config: CONFIG, schema: { params: Params, response: One } },
    async (request) =>
      authorizationBody(services, await authorizations.get(request.caller, request.params.authorization)),
  )

  api.patch(
    '/oauth/authorizations/:authorization',
    { config: CONFIG, schema: { params: Params, body: Change, response: One } },
    async (request) => {
      const { description, client } = request.body
      refuseClient(client)
      const row = await authorizations.get(request.caller, request.params.authorization)
      return authorizationBody(services, description ? await authorizations.describe(row, description) : row)
    },
  )

  api.delete(
    '/oauth/authorizations/:authorization',
    { config: CONFIG, schema: { params: Params, response: One } },
    async (request) => {
      const row = await authorizations.get(request.caller, request.params.authorization)
      await authorizations.revoke(row)
      return authorizationBody(services, row)
    },
  )

  api.post(
    '/oauth/authorizations/:authorization/actions/regenerate-tokens',
    { config: CONFIG, schema: { params: Params, response: One } },
    async (request, reply) => {
      const old = await authorizations.get(request.caller, request.params.authorization)
      const { row, token } = await authorizations.regenerate(old)
      reply.header('cache-control', 'no-store')
      return authorizationBody(services, row, token)
    },
  )

  api.delete(
    '/oauth/sessions/~',
    { config: { access: 'users', scope: null }, schema: { response: One } },
    async (request) => authorizationBody(services, await authorizations.endSession(request.caller)),
  )
}

function refuseClient(client: unknown): void {
  if (client !== undefined && client !== null)
    throw new TasukiError('not_offered', 'There are no OAuth clients here.', {
      next: 'Make an authorization without a client: its token is all that is needed.',
    })
}
