import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { asTasukiError, type ErrorCode, originOf, TasukiError } from '../domain/errors.ts'
import { baseOf } from './addresses.ts'
import type { Api, ApiOptions } from './types.ts'

/** Codes of Fastify for which the caller is to blame, as ours. */
const KNOWN: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_VALIDATION: 'invalid_params',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_JSON_BODY: 'bad_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'bad_request',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'bad_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'bad_request',
  FST_ERR_BAD_URL: 'bad_request',
  FST_ERR_MAX_PARAM_LENGTH: 'bad_request',
}

/** Every error leaves as `{id, message, next, url}` with the status of the table. */
export function answerErrors(api: Api, log: ApiOptions['log']): void {
  api.setErrorHandler((thrown, request, reply) => {
    const error = known(thrown as FastifyError)
    if (error.code === 'internal')
      log.error({ path: pathOf(request), error: originOf(error) }, 'A call broke')
    return answer(request, reply, error)
  })
  api.setNotFoundHandler((request, reply) =>
    answer(
      request,
      reply,
      new TasukiError('not_found', `There is no ${request.method} ${pathOf(request).slice(0, 200)}.`, {
        next: 'GET /schema lists what there is.',
      }),
    ),
  )
}

export function answer(request: FastifyRequest, reply: FastifyReply, error: TasukiError): FastifyReply {
  const { retryAfter } = error.details
  if (typeof retryAfter === 'number') reply.header('retry-after', retryAfter)
  const body = { ...bodyOf(error), url: `${baseOf(request)}/errors/${error.code}` }
  return reply.code(error.status).type('application/json').send(body)
}

/** The body of an error. `resource`: what was not found, in the Platform API's words. */
export function bodyOf(error: TasukiError): { id: string; message: string; next: string; resource?: string } {
  const { resource } = error.details
  const body = { id: error.code, message: `${error.message} ${error.next}`, next: error.next }
  return typeof resource === 'string' ? { ...body, resource } : body
}

/** What was thrown, as one of the table's errors. */
export function known(thrown: FastifyError): TasukiError {
  if (thrown instanceof TasukiError) return thrown
  const code = KNOWN[thrown.code] ?? (thrown.statusCode === 429 ? 'rate_limit' : undefined)
  if (code) return new TasukiError(code, sentence(thrown.message), { cause: thrown })
  if (thrown.statusCode !== undefined && thrown.statusCode >= 400 && thrown.statusCode < 500)
    return new TasukiError('bad_request', sentence(thrown.message), { cause: thrown })
  return asTasukiError(thrown)
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Without the query: it may hold a secret. */
function pathOf(request: FastifyRequest): string {
  return request.url.split('?')[0]!.replace(/[\w-]{43}/g, '…')
}
