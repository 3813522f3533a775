import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { sendOutput } from '../output-streams.ts'
import type { Streams } from '../streams.ts'
import type { Api } from '../types.ts'

const Secret = Type.Object({ id: Type.String(), secret: Type.String() })
const OPEN = { config: { open: true }, schema: { params: Secret } }

/** What the `output_stream_url`s lead to. */
export function outputRoutes(api: Api, services: Services, streams: Streams): void {
  const { builds, releaseOutput, rollouts, secrets } = services

  api.get('/streams/builds/:id/:secret', OPEN, async (request, reply) => {
    const { id, secret } = request.params
    secrets.check('build-output', id, secret)
    return sendOutput(request, reply, streams, (signal) => builds.output(id, signal))
  })

  api.get('/streams/releases/:id/:secret', OPEN, async (request, reply) => {
    const { id, secret } = request.params
    secrets.check('release-output', id, secret)
    const rollout = await rollouts.get(id)
    return sendOutput(request, reply, streams, (signal) => releaseOutput.ofRollout(rollout, signal))
  })
}
