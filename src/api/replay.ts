import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Services } from '../services/index.ts'
import { REPLAY_MS } from '../services/replays.ts'
import type { Api } from './types.ts'

const MOST_KEPT = 2000
/** Headers that each call has anew. */
const OF_THE_CALL = /^(request-id|ratelimit-.*|content-length|etag)$/
/** Answers with tokens and passwords are kept in memory only. */
const SECRET = /^\/(oauth|auth|tasuki\/users|account)(\/|\?|$)/
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
 * not done twice: the second call gets the answer of the first, or waits for it, also from a server that was started
 * in between.
 */
export function answerReplays(api: Api, { replays }: Pick<Services, 'replays'>): void {
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
    const earlier = await replays.find(key)
    if (earlier !== null) {
      const told = JSON.parse(earlier) as Answer
      mine.settle(told)
      return repeat(reply, told)
    }
    own.set(request, mine)
  })
  api.addHook('onSend', async (request, reply, payload) => {
    const mine = own.get(request)
    if (!mine) return
    const key = keyOf(request)!
    const answer = worthKeeping(reply, payload)
    if (answer === null) kept.delete(key)
    else if (answer.status < 300 && !SECRET.test(request.url)) await replays.keep(key, JSON.stringify(answer))
    mine.settle(answer)
  })
}

function worthKeeping(reply: FastifyReply, payload: unknown): Answer | null {
  if (reply.statusCode >= 500 || (typeof payload !== 'string' && payload !== null)) return null
  const headers = Object.fromEntries(
    Object.entries(reply.getHeaders()).filter(([name]) => !OF_THE_CALL.test(name)),
  )
  return { status: reply.statusCode, headers, body: String(payload ?? '') }
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
    if (Date.now() - since < REPLAY_MS && kept.size < MOST_KEPT) return
    kept.delete(key)
  }
}
