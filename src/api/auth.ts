import type { FastifyRequest } from 'fastify'
import { TasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import { type Caller, TOKEN_PREFIX } from '../services/tokens.ts'
import { addressOf } from './client-address.ts'
import type { RateLimits } from './rate-limit.ts'
import type { Api } from './types.ts'

/**
 * Lets in who has a token, on every route (also those that do not exist) but the open ones. An e-mail address with its
 * password counts on the routes that say so, nowhere else.
 */
export function requireToken(
  api: Api,
  services: Pick<Services, 'tokens' | 'logins'>,
  limits: RateLimits,
): void {
  api.decorateRequest('user', '')
  api.decorateRequest('caller', null as unknown as Caller)
  api.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return
    const caller = (await passwordCaller(services, request)) ?? (await tokenCaller(services, request))
    if (caller === null) {
      limits.countNameless(request)
      reply.header('www-authenticate', 'Basic realm="Tasuki"')
      throw new TasukiError(
        'unauthorized',
        tokenIn(request.headers.authorization) === null ? 'This needs a token.' : 'The token is not valid.',
      )
    }
    request.user = caller.email
    request.caller = caller
  })
}

/** The token in an Authorization header: `Bearer TOKEN`, or Basic with the token as password. Null when there is none. */
export function tokenIn(header: string | undefined): string | null {
  const [scheme = '', value = ''] = (header ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer') return value || null
  return basicIn(header)?.password || null
}

async function tokenCaller(
  services: Pick<Services, 'tokens'>,
  request: FastifyRequest,
): Promise<Caller | null> {
  const token = tokenIn(request.headers.authorization)
  return token === null ? null : services.tokens.callerOf(token)
}

/** Null where no password is taken, or none was sent. Throws `unauthorized` for a wrong one. */
async function passwordCaller(
  services: Pick<Services, 'logins'>,
  request: FastifyRequest,
): Promise<Caller | null> {
  if (!request.routeOptions.config.password) return null
  const basic = basicIn(request.headers.authorization)
  if (!basic?.user.includes('@') || basic.password.startsWith(TOKEN_PREFIX)) return null
  return services.logins.check(basic.user, basic.password, addressOf(request))
}

function basicIn(header: string | undefined): { user: string; password: string } | null {
  const [scheme = '', value = ''] = (header ?? '').split(' ')
  if (scheme.toLowerCase() !== 'basic') return null
  const [user = '', ...rest] = Buffer.from(value, 'base64').toString('utf8').split(':')
  return { user, password: rest.join(':') }
}
