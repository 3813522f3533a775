import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { KeptEvent } from '../../store/source-events.ts'
import { Id, nullable, snakeKeys, Time, timeOf } from '../bodies/common.ts'
import { PipelineParams } from '../platform/pipelines.ts'
import type { Api } from '../types.ts'

const MOST_LISTED = 200

const EventBody = Type.Object({
  id: Id,
  kind: Type.Enum(['push', 'pull-request']),
  origin: Type.Enum(['git', 'github']),
  user: Type.String(),
  branch: Type.String(),
  commit: nullable(Type.String({ description: 'Null: the branch was deleted' })),
  state: Type.Enum(['expected', 'waiting', 'handled', 'overtaken', 'failed']),
  handled_by: Type.Array(Type.String()),
  attempts: Type.Integer(),
  error: nullable(Type.String()),
  at: Time,
  details: Type.Unknown({ description: 'The rest of it, by its kind' }),
})

/** What has happened in the repository of a pipeline, newest first. */
export function sourceEventRoutes(api: Api, { pipelines, sourceEvents }: Services): void {
  api.get(
    '/tasuki/pipelines/:pipeline/events',
    {
      config: { access: 'users' },
      schema: { params: PipelineParams, response: { 200: Type.Array(EventBody) } },
    },
    async ({ caller, params }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      return (await sourceEvents.list(pipeline.id, MOST_LISTED)).map(eventBody)
    },
  )
}

function eventBody({ event, state, handled, attempts, error }: KeptEvent): Static<typeof EventBody> {
  const { id, pipelineId: _, origin, user, at, kind, branch, commit, ...details } = event
  return {
    id,
    kind,
    origin,
    user,
    branch,
    commit: commit?.sha ?? null,
    state,
    handled_by: [...handled],
    attempts,
    error,
    at: timeOf(at),
    details: snakeKeys(details),
  }
}
