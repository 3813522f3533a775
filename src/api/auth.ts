import { TasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import type { Api } from './types.ts'

/** Lets in who has a token, on every route (also those that do not exist) but the open ones. */
export function requireToken(api: Api, services: Pick<Services, 'tokens'>): void {
  api.decorateRequest('user', '')
  api.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.open) return
    const token = tokenIn(request.headers.authorization)
    const user = token === null ? null : await services.tokens.userOf(token)
    if (user === null) {
      reply.header('www-authenticate', 'Basic realm="Tasuki"')
      throw new TasukiError(
        'unauthorized',
        token === null ? 'This needs a token.' : 'The token is not valid.',
      )
    }
    request.user = user
  })
}

/** `Bearer TOKEN`, or Basic with the token as password. */
function tokenIn(header: string | undefined): string | null {
  const [scheme = '', value = ''] = (header ?? '').split(' ')
  if (scheme.toLowerCase() === 'bearer') return value || null
  if (scheme.toLowerCase() !== 'basic') return null
  const credentials = Buffer.from(value, 'base64').toString('utf8')
  return credentials.slice(credentials.indexOf(':') + 1) || null
}
