import type { FastifyRequest } from 'fastify'
import { TasukiError } from '../domain/errors.ts'
import { allows, type Scope } from '../domain/scopes.ts'
import type { Services } from '../services/index.ts'
import type { Api } from './types.ts'

/** Paths whose answers or bodies hold config vars. */
const PROTECTED = /\/config(-vars)?(\/|$)/
const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * The one place that says who may call what. A route is guarded by its path: with `:app`, only who may see that app gets
 * by, and others learn no more than of an app that does not exist; without, only the admin, unless the route's `config`
 * says otherwise (`access`, `appOf`, `scope` of `types.ts`). So a new route is closed until somebody opens it.
 */
export function guardRoutes(api: Api, services: Pick<Services, 'access'>): void {
  api.addHook('onRequest', async (request) => {
    const { config } = request.routeOptions
    if (config.open || request.is404) return
    const needed = neededScope(request)
    if (needed !== null && !allows(request.caller.scopes, needed)) throw tooNarrow(needed)
    if (!config.access && !config.appOf && !hasApp(request) && !request.caller.admin) throw adminOnly()
  })
  api.addHook('preHandler', async (request) => {
    const { config } = request.routeOptions
    if (config.open || request.is404) return
    if (hasApp(request)) await checkApp(services, request)
    else if (config.appOf) await checkThing(services, request, config.appOf)
  })
}

/** What a token must be good for, to call this. */
function neededScope({ routeOptions: { config, url = '' }, method }: FastifyRequest): Scope | null {
  if (config.scope !== undefined) return config.scope
  const kind = READING.has(method) ? 'read' : 'write'
  return PROTECTED.test(url) ? `${kind}-protected` : kind
}

function hasApp({ routeOptions: { url = '' } }: FastifyRequest): boolean {
  return url.split('/').includes(':app')
}

async function checkApp(services: Pick<Services, 'access'>, request: FastifyRequest): Promise<void> {
  const params = request.params as { app: string }
  const app = await services.access.app(request.caller, params.app)
  if (request.routeOptions.config.access === 'owner') services.access.requireOwner(request.caller, app)
  // The handler gets the very app that was checked, whatever its name leads to by then.
  params.app = app.id
}

async function checkThing(
  services: Pick<Services, 'access'>,
  request: FastifyRequest,
  appOf: (params: Readonly<Record<string, string>>) => Promise<string>,
): Promise<void> {
  const appId = await appOf(request.params as Record<string, string>).catch((error: unknown) => {
    throw error instanceof TasukiError && error.code === 'not_found' ? nothing() : error
  })
  if (!(await services.access.seesId(request.caller, appId))) throw nothing()
}

function nothing(): TasukiError {
  return new TasukiError('not_found', 'There is nothing of that id.')
}

function adminOnly(): TasukiError {
  return new TasukiError('forbidden', 'Only an admin may do that.', { next: 'Ask the admin of the server.' })
}

function tooNarrow(needed: Scope): TasukiError {
  return new TasukiError('forbidden', `The token is not good for this: it lacks the scope "${needed}".`, {
    next: 'Make one that has it with `tasuki authorizations:create --scope`.',
  })
}
