import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import { Id, userOf } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Owner = Type.Object({ id: Id, type: Type.Literal('user') })
const NewTransfer = Type.Object({
  pipeline: Type.Object({ id: Type.String({ description: 'Id or name' }) }),
  new_owner: Type.Object({
    id: Type.String({ description: 'Id or e-mail address' }),
    type: Type.Optional(Type.String()),
  }),
})
const TransferBody = Type.Object({
  pipeline: Type.Object({ id: Id }),
  previous_owner: Owner,
  new_owner: Owner,
})

export function pipelineTransferRoutes(api: Api, { pipelines, pipelineTransfers }: Services): void {
  api.post(
    '/pipeline-transfers',
    { config: { access: 'users' }, schema: { body: NewTransfer, response: { 201: TransferBody } } },
    async ({ caller, body }, reply) => {
      if ((body.new_owner.type ?? 'user') !== 'user')
        throw new TasukiError('not_offered', 'There are no teams: a pipeline belongs to a user.', {
          next: 'Name a user.',
        })
      const pipeline = await pipelines.get(caller, body.pipeline.id)
      const moved = await pipelineTransfers.transfer(caller, pipeline, body.new_owner.id)
      reply.code(201)
      return {
        pipeline: { id: moved.id },
        previous_owner: { id: userOf(pipeline.owner).id, type: 'user' as const },
        new_owner: { id: userOf(moved.owner).id, type: 'user' as const },
      }
    },
  )
}
