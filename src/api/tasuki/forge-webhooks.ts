import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

/** GitHub itself sends no more than 25 MB; what is larger than this is not a push that anybody could look through. */
const MOST_BYTES = 12 * 1024 * 1024

const Params = Type.Object({ pipeline: Type.String({ description: 'Id' }) })
const TakenBody = Type.Object({
  outcome: Type.Enum(['received', 'repeated', 'overtaken', 'ignored']),
  event: nullable(Type.String()),
  why: nullable(Type.String()),
})

/** Where a forge tells what happens in the repository of a pipeline. Its signature stands for a token. */
export function forgeWebhookRoutes(api: Api, { forgeEvents }: Services): void {
  void api.register(async (hooks: Api) => {
    // The signature is over the very bytes.
    hooks.removeAllContentTypeParsers()
    hooks.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    hooks.post(
      '/tasuki/pipelines/:pipeline/github',
      {
        config: { open: true },
        bodyLimit: MOST_BYTES,
        schema: { params: Params, response: { 200: TakenBody, 202: TakenBody } },
      },
      async ({ params, headers, body }, reply) => {
        const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
        const taken = await forgeEvents.receive(params.pipeline, { headers, body: bytes })
        return reply.code(taken.outcome === 'received' ? 202 : 200).send(taken)
      },
    )
  })
}
