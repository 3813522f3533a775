import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import type { Services } from '../../services/index.ts'
import type { Pipeline } from '../../store/pipelines.ts'
import { Id, nullable } from '../bodies/common.ts'
import { PipelineBody, pipelineBody } from '../bodies/pipeline.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

export const PipelineParams = Type.Object({ pipeline: Type.String({ description: 'Id or name' }) })

const Owner = Type.Object({ id: Type.Optional(Id), type: Type.Optional(Type.String()) })
const NewPipeline = Type.Object({ name: Type.String(), owner: Type.Optional(nullable(Owner)) })
const Change = Type.Object({ name: Type.Optional(Type.String()) })
const Filter = Type.Object({ 'eq[name]': Type.Optional(Type.String()) })
const KEYS: Keys<Pipeline> = { name: ({ name }) => name, id: ({ id }) => id }

/** Routes for every user: the service shows each only what is theirs. */
const config = { access: 'users' } as const

export function pipelineRoutes(api: Api, services: Services): void {
  const { pipelines } = services
  const one = { params: PipelineParams, response: { 200: PipelineBody } }

  api.get(
    '/pipelines',
    { config, schema: { querystring: Filter, response: { '2xx': Type.Array(PipelineBody) } } },
    async (request, reply) => {
      const wanted = request.query['eq[name]']
      const all = await pipelines.list(request.caller)
      const found = wanted === undefined ? all : all.filter(({ name }) => name === wanted)
      return pageOf(request, reply, found, KEYS).map(pipelineBody)
    },
  )

  api.post(
    '/pipelines',
    { config, schema: { body: NewPipeline, response: { 201: PipelineBody } } },
    async (request, reply) => {
      const { name, owner } = request.body
      if (owner && !isCaller(owner, request.caller.id)) throw foreignOwner()
      const made = await pipelines.create(request.caller, name)
      reply.code(201)
      return pipelineBody(made)
    },
  )

  api.get('/pipelines/:pipeline', { config, schema: one }, async ({ caller, params }) =>
    pipelineBody(await pipelines.get(caller, params.pipeline)),
  )

  api.patch('/pipelines/:pipeline', { config, schema: { ...one, body: Change } }, async (request) => {
    const { caller, params, body } = request
    const found = await pipelines.get(caller, params.pipeline)
    return pipelineBody(body.name === undefined ? found : await pipelines.rename(caller, found, body.name))
  })

  api.delete('/pipelines/:pipeline', { config, schema: one }, async ({ caller, params }) => {
    const found = await pipelines.get(caller, params.pipeline)
    await pipelines.destroy(caller, found)
    return pipelineBody(found)
  })
}

function isCaller({ id, type = 'user' }: { id?: string; type?: string }, caller: string): boolean {
  return type === 'user' && (id === undefined || id === caller)
}

function foreignOwner(): TasukiError {
  return new TasukiError('invalid_params', 'A pipeline belongs to the user who makes it.', {
    next: 'Leave the owner out.',
  })
}
