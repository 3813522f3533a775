import { Type } from '@fastify/type-provider-typebox'
import type { HealthView } from '../../services/health.ts'
import type { Services } from '../../services/index.ts'
import { AppParams, nullable, Time, timeOf, timeOrNull } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const DAY_MINUTES = 24 * 60
const MOST_MINUTES = 7 * DAY_MINUTES
const MINUTE_MS = 60_000

const Query = Type.Object({
  minutes: Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,5}$',
      description: 'The last so many; a day unless told, a week at most',
    }),
  ),
})
const HealthBody = Type.Object({
  from: Time,
  until: Time,
  watched: Type.Array(Type.Object({ from: Time, until: Time }), {
    description: 'When the control plane looked: outside of these nothing is known',
  }),
  stretches: Type.Array(
    Type.Object({
      subject: Type.String({ description: "The instance's own id, or the name of the host" }),
      name: Type.String({ description: '`web.1`, or the name of the host' }),
      release: nullable(Type.Integer()),
      host: nullable(Type.String({ description: "null: the server's own machine" })),
      state: Type.Enum(['up', 'out', 'starting', 'unreachable', 'down', 'crashed'], {
        description: 'out: works, and takes no visitors while it is being handed over',
      }),
      reason: Type.String(),
      from: Time,
      until: nullable(Time),
    }),
  ),
})

/** How it stood with instances and hosts over time. */
export function healthRoutes(api: Api, { apps, health }: Services): void {
  api.get(
    '/tasuki/apps/:app/health',
    { schema: { params: AppParams, querystring: Query, response: { 200: HealthBody } } },
    async ({ params, query }) => bodyOf(await health.of(await apps.find(params.app), spanOf(query.minutes))),
  )

  api.get(
    '/tasuki/health/hosts',
    { schema: { querystring: Query, response: { 200: HealthBody } } },
    async ({ query }) => bodyOf(await health.ofHosts(spanOf(query.minutes))),
  )
}

/** ms. */
function spanOf(minutes: string | undefined): number {
  return Math.min(Number(minutes ?? DAY_MINUTES), MOST_MINUTES) * MINUTE_MS
}

function bodyOf({ from, until, watched, stretches }: HealthView) {
  return {
    from: timeOf(from),
    until: timeOf(until),
    watched: watched.map((span) => ({ from: timeOf(span.from), until: timeOf(span.until) })),
    stretches: stretches.map(({ subject, name, release, host, state, reason, fromAt, untilAt }) => {
      const about = { subject, name, release, host, state, reason }
      return { ...about, from: timeOf(fromAt), until: timeOrNull(untilAt) }
    }),
  }
}
