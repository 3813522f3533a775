import type { IncomingMessage } from 'node:http'
import type { Api } from './types.ts'

const OVERRIDES = new Set(['GET', 'PUT', 'PATCH', 'DELETE'])

/** Open, since a token is needed anyway and is never sent by a browser of its own accord. */
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers':
    'Accept-Ranges, Content-Range, ETag, Last-Modified, Location, Next-Range, RateLimit-Remaining, ' +
    'Request-Id, Tasuki-Replayed, Warning-Message',
}
const PREFLIGHT = {
  'access-control-allow-headers':
    'Accept, Authorization, Content-Type, If-Match, If-None-Match, Last-Event-ID, Range, Request-Id, ' +
    'X-Http-Method-Override',
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'access-control-max-age': '86400',
}

/**
 * What every route of the Platform API has: pages of other origins may call it, and what has an `updated_at` says so
 * in `Last-Modified`.
 */
export function keepConventions(api: Api): void {
  api.addHook('onRequest', async (request, reply) => {
    reply.headers(CORS)
    if (request.method === 'OPTIONS' && request.headers['access-control-request-method'] !== undefined)
      return reply.code(204).headers(PREFLIGHT).send()
  })
  api.addHook('preSerialization', async (_request, reply, payload) => {
    const at = (payload as { updated_at?: unknown } | null)?.updated_at
    if (typeof at === 'string' && reply.statusCode < 300)
      reply.header('last-modified', new Date(at).toUTCString())
    return payload
  })
}

/**
 * A POST with `X-Http-Method-Override` is taken for what it says, for clients that can send nothing else.
 * To be called before the route is looked for; returns the address as it is.
 */
export function overrideMethod(request: IncomingMessage): string {
  const wanted = String(request.headers['x-http-method-override'] ?? '').toUpperCase()
  if (request.method === 'POST' && OVERRIDES.has(wanted)) request.method = wanted
  return request.url ?? '/'
}
