import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { TasukiError } from '../domain/errors.ts'
import type { Api } from './types.ts'

const READING = new Set(['GET', 'HEAD'])
const CHANGING = new Set(['PATCH', 'PUT', 'DELETE'])

/**
 * `ETag` on every whole answer; `If-None-Match` gets 304 when nothing has changed, and a change with `If-Match` is not
 * made (412) unless a GET of the same address would answer with that tag now.
 */
export function answerEtags(api: Api): void {
  api.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string' || reply.statusCode < 200 || reply.statusCode > 299) return payload
    const etag = tagOf(payload)
    reply.header('etag', etag)
    const known = request.headers['if-none-match']
    if (known === undefined || !READING.has(request.method) || !lists(known, etag)) return payload
    reply.code(304).removeHeader('content-length')
    return ''
  })
  api.addHook('preHandler', async (request) => {
    const wanted = request.headers['if-match']
    if (wanted === undefined || !CHANGING.has(request.method)) return
    const present = await presentTag(api, request)
    if (present !== null && lists(wanted, present)) return
    throw new TasukiError('precondition_failed', 'It has changed since it was read.')
  })
}

function tagOf(payload: string): string {
  return `"${createHash('sha256').update(payload).digest('base64url').slice(0, 27)}"`
}

/** Weakly, since a proxy that compresses marks our tags as weak. */
function lists(header: string, etag: string): boolean {
  return header.split(',').some((one) => ['*', etag].includes(one.trim().replace(/^W\//, '')))
}

async function presentTag(api: Api, request: FastifyRequest): Promise<string | null> {
  const { authorization, host } = request.headers
  const headers = { ...(authorization === undefined ? {} : { authorization }), host: host ?? '' }
  const answer = await api.inject({
    method: 'GET',
    url: request.url,
    headers,
    remoteAddress: request.ip,
  })
  return (answer.headers.etag as string | undefined) ?? null
}
