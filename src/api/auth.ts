import { TasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import type { Caller } from '../services/tokens.ts'
import type { Api } from './types.ts'

/** Lets in who has a token, on every route (also those that do not exist) but the open ones. */
export function requireToken(api: Api, services: Pick<Services, 'tokens'>): void {
  api.decorateRequest('user', '')
  api.decorateRequest('caller', null as unknown as Caller)
  api.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return
    const token = tokenIn(request.headers.authorization)
    const caller = token === null ? null : await services.tokens.callerOf(token)
    if (caller === null) {
      reply.header('www-authenticate', 'Basic realm="Tasuki"')
      throw new TasukiError(
        'unauthorized',
        token === null ? 'This needs a token.' : 'The token is not valid.',
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
  if (scheme.toLowerCase() !== 'basic') return null
  const credentials = Buffer.from(value, 'base64').toString('utf8')
  return credentials.slice(credentials.indexOf(':') + 1) || null
}
