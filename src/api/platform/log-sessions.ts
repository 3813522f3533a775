import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { NumberedLine } from '../../services/ports.ts'
import { baseOf } from '../addresses.ts'
import { AppParams, Id, nullable, stableId, Time, timeOf } from '../bodies/common.ts'
import type { ServerEvent, Streams } from '../streams.ts'
import type { Api } from '../types.ts'

const Wish = Type.Object({
  lines: Type.Optional(nullable(Type.Integer({ minimum: 0 }))),
  tail: Type.Optional(nullable(Type.Boolean())),
  dyno: Type.Optional(nullable(Type.String({ maxLength: 100 }))),
  source: Type.Optional(nullable(Type.String({ maxLength: 100 }))),
  type: Type.Optional(nullable(Type.String({ maxLength: 100 }))),
})
const SessionBody = Type.Object({ id: Id, logplex_url: Type.String(), created_at: Time, updated_at: Time })
const Secret = Type.Object({ id: Type.String(), secret: Type.String() })

export function logSessionRoutes(api: Api, services: Services, streams: Streams): void {
  const { apps, logSessions } = services

  api.post(
    '/apps/:app/log-sessions',
    { config: { scope: 'read' }, schema: { params: AppParams, body: Wish, response: { 201: SessionBody } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const { lines, tail, dyno, source, type } = request.body ?? {}
      const path = logSessions.create(app, {
        lines: lines ?? undefined,
        tail: tail ?? undefined,
        dyno: dyno ?? undefined,
        source: source ?? undefined,
        type: type ?? undefined,
      })
      const now = timeOf(Date.now())
      const logplex_url = `${baseOf(request)}${path}`
      return reply.code(201).send({ id: stableId(path), logplex_url, created_at: now, updated_at: now })
    },
  )

  api.get(
    '/streams/logs/:id/:secret',
    { config: { open: true }, schema: { params: Secret } },
    async (request, reply) => {
      const lines = await logSessions.open(request.params.id, request.params.secret)
      const after = lastSeen(request.headers['last-event-id'])
      return streams.events(reply, (signal) => asEvents(lines(signal, after)))
    },
  )
}

/** The number of the last line that a client has seen which comes back; undefined for one that is new. */
function lastSeen(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

async function* asEvents(lines: AsyncIterable<NumberedLine>): AsyncGenerator<ServerEvent> {
  for await (const { number, line } of lines) yield { id: String(number), data: line }
}
