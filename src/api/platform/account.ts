import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import type { User } from '../../store/users.ts'
import { AccountBody, accountBody } from '../bodies/account.ts'
import { nullable } from '../bodies/common.ts'
import { addressOf } from '../client-address.ts'
import type { RateLimits } from '../rate-limit.ts'
import type { Api } from '../types.ts'

const OWN = { access: 'users', scope: 'identity' } as const
const CHANGE = { access: 'users', scope: 'global' } as const
const UserParams = Type.Object({ user: Type.String({ description: 'Id, e-mail address, or ~ for oneself' }) })
const Change = Type.Object({
  name: Type.Optional(nullable(Type.String())),
  password: Type.Optional(Type.String({ description: 'The present one' })),
  new_password: Type.Optional(Type.String()),
})
const RateLimit = Type.Object({ remaining: Type.Integer() })

/** The account of whoever asks. */
export function accountRoutes(api: Api, services: Services, limits: RateLimits): void {
  const { users, logins } = services
  const own = (request: FastifyRequest) => users.find(request.caller.email)
  const info = { config: OWN, schema: { response: { 200: AccountBody } } }

  async function change(request: FastifyRequest, user: User, body: Static<typeof Change>): Promise<User> {
    let changed = user
    if (body.new_password !== undefined) {
      await logins.confirm(request.caller, body.password, addressOf(request))
      await users.setPassword(user, body.new_password, request.caller.token)
    }
    if (body.name !== undefined) changed = await users.rename(user, body.name)
    return changed
  }

  api.get('/account', info, async (request) => accountBody(await own(request)))

  api.patch(
    '/account',
    { config: CHANGE, schema: { body: Change, response: { 200: AccountBody } } },
    async (request) => accountBody(await change(request, await own(request), request.body)),
  )

  api.get(
    '/users/:user',
    { config: OWN, schema: { params: UserParams, response: { 200: AccountBody } } },
    async (request) => accountBody(await named(services, request, request.params.user)),
  )

  api.patch(
    '/users/:user',
    { config: CHANGE, schema: { params: UserParams, body: Change, response: { 200: AccountBody } } },
    async (request) => {
      const user = await named(services, request, request.params.user)
      if (user.email !== request.caller.email)
        throw new TasukiError('forbidden', 'This is the account of somebody else.', {
          next: 'An admin changes it with PATCH /tasuki/users.',
        })
      return accountBody(await change(request, user, request.body))
    },
  )

  api.get(
    '/account/rate-limits',
    { config: { access: 'users', scope: null }, schema: { response: { 200: RateLimit } } },
    async (request) => ({ remaining: limits.left(request.caller.id) }),
  )
}

/** Oneself; an admin sees others too. Throws `not_found`. */
async function named({ users }: Services, { caller }: FastifyRequest, which: string): Promise<User> {
  const own = which === '~' || which === caller.id || which.toLowerCase() === caller.email
  if (own) return users.find(caller.email)
  if (caller.admin) return users.find(which)
  throw new TasukiError('not_found', 'There is no such account, or it is not yours.', {
    next: 'Your own is /users/~.',
    details: { resource: 'account' },
  })
}
