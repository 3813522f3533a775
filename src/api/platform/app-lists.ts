import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import type { Caller } from '../../services/tokens.ts'
import type { App } from '../../store/apps.ts'
import { AppBody, appBodies } from '../bodies/app.ts'
import { Id, timeOf, userOf } from '../bodies/common.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

/** What lists of apps can be ordered by. */
const KEYS: Keys<App> = {
  id: (app) => app.id,
  name: (app) => app.name,
  updated_at: (app) => timeOf(app.updatedAt),
}
const UserParams = Type.Object({ user: Type.String({ description: '~, id or e-mail address' }) })
const Filter = Type.Object({ in: Type.Object({ id: Type.Array(Id, { maxItems: 1000 }) }) })
const Answer = { '2xx': Type.Array(AppBody) }

/** Apps by the dozen: all that the caller sees, those of one user, those of a list of ids. */
export function appListRoutes(api: Api, services: Services): void {
  const config = { access: 'users' } as const
  const visible = async (caller: Caller) => services.access.visible(caller, await services.apps.list())

  api.get('/apps', { config, schema: { response: Answer } }, async (request, reply) => {
    const page = pageOf(request, reply, await visible(request.caller), KEYS, 'name')
    return appBodies(services, request, page)
  })

  api.get(
    '/users/:user/apps',
    { config, schema: { params: UserParams, response: Answer } },
    async (request, reply) => {
      const { caller, params } = request
      const all = await visible(caller)
      const apps = isSelf(params.user, caller) ? all : all.filter(ownedBy(params.user, caller))
      return appBodies(services, request, pageOf(request, reply, apps, KEYS, 'name'))
    },
  )

  api.post(
    '/filters/apps',
    { config, schema: { body: Filter, response: Answer } },
    async (request, reply) => {
      const wanted = new Set(request.body.in.id)
      const apps = (await visible(request.caller)).filter((app) => wanted.has(app.id))
      return appBodies(services, request, pageOf(request, reply, apps, KEYS, 'id'))
    },
  )
}

function isSelf(user: string, caller: Caller): boolean {
  return user === '~' || user === caller.id || user === caller.email
}

/** An admin may look at the apps of others; for everybody else there are no others. */
function ownedBy(user: string, caller: Caller): (app: App) => boolean {
  if (caller.admin) return (app) => app.owner === user || userOf(app.owner).id === user
  throw new TasukiError('not_found', 'There is no such user.', { details: { resource: 'user' } })
}
