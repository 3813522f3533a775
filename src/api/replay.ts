import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Api } from './types.ts'

/** How long an answer is kept for who asks again, ms. */
const KEPT_MS = 5 * 60_000
const MOST_KEPT = 2000
/** Headers that each call has anew. */
const OF_THE_CALL = /^(request-id|ratelimit-.*|content-length|etag)$/
const CHANGING = new Set(['POST', 'PATCH', 'DELETE'])

interface Answer {
  readonly status: number
  /** Those that belong to what was done, such as a secret that is shown once. */
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>
  readonly body: string
}

interface Kept {
  readonly answer: Promise<Answer | null>
  readonly settle: (answer: Answer | null) => void
  readonly since: number
}

/**
 * A client that lost the connection sends its call again with the same `Request-Id`. What changes something is then
 * not done twice: the second call gets the answer of the first, or waits for it.
 */
export function answerReplays(api: Api): void {
  const kept = new Map<string, Kept>()
  const own = new WeakMap<FastifyRequest, Kept>()
  api.addHook('preHandler', async (request, reply) => {
    const key = keyOf(request)
    if (key === null) return
    const answer = await kept.get(key)?.answer
    if (answer) return repeat(reply, answer)
    forgetOld(kept)
    const mine = pending()
    kept.set(key, mine)
    own.set(request, mine)
  })
  api.addHook('onSend', async (request, reply, payload) => {
    const mine = own.get(request)
    if (mine) settle(kept, keyOf(request)!, mine, reply, payload)
  })
}

function settle(
  kept: Map<string, Kept>,
  key: string,
  mine: Kept,
  reply: FastifyReply,
  payload: unknown,
): void {
  const worthKeeping = reply.statusCode < 500 && (typeof payload === 'string' || payload === null)
  if (!worthKeeping) kept.delete(key)
  const headers = Object.fromEntries(
    Object.entries(reply.getHeaders()).filter(([name]) => !OF_THE_CALL.test(name)),
  )
  mine.settle(worthKeeping ? { status: reply.statusCode, headers, body: String(payload ?? '') } : null)
}

function repeat(reply: FastifyReply, answer: Answer): FastifyReply {
  return reply.code(answer.status).headers(answer.headers).header('tasuki-replayed', 'true').send(answer.body)
}

function keyOf(request: FastifyRequest): string | null {
  const id = request.headers['request-id']
  if (typeof id !== 'string' || id === '' || !CHANGING.has(request.method)) return null
  const parts = [request.user, request.method, request.url, id, request.body ?? null]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64')
}

function pending(): Kept {
  const { promise, resolve } = Promise.withResolvers<Answer | null>()
  return { answer: promise, settle: resolve, since: Date.now() }
}

function forgetOld(kept: Map<string, Kept>): void {
  for (const [key, { since }] of kept) {
    if (Date.now() - since < KEPT_MS && kept.size < MOST_KEPT) return
    kept.delete(key)
  }
}
