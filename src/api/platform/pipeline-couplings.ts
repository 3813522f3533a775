import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { Coupling } from '../../store/pipelines.ts'
import { AppParams, Id } from '../bodies/common.ts'
import { CouplingBody, couplingBody } from '../bodies/pipeline.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'
import { PipelineParams } from './pipelines.ts'

const CouplingParams = Type.Object({ coupling: Id })
const NewCoupling = Type.Object({
  app: Type.String({ description: 'Id or name' }),
  pipeline: Type.String({ description: 'Id or name' }),
  stage: Type.String({
    description: 'review, development, staging, production, or one of the pipeline’s own',
  }),
})
const Change = Type.Object({ stage: Type.Optional(Type.String()) })
const KEYS: Keys<Coupling> = { id: ({ id }) => id, created_at: ({ createdAt }) => createdAt }

const config = { access: 'users' } as const

export function pipelineCouplingRoutes(api: Api, services: Services): void {
  const { access, apps, pipelines } = services
  const one = { params: CouplingParams, response: { 200: CouplingBody } }
  const many = { response: { '2xx': Type.Array(CouplingBody) } }
  const body = async (coupling: Coupling) => couplingBody(coupling, await pipelines.of(coupling))

  for (const path of ['/pipeline-couplings', '/users/~/pipeline-couplings'])
    api.get(path, { config, schema: many }, async (request, reply) =>
      Promise.all(pageOf(request, reply, await pipelines.couplings(request.caller), KEYS).map(body)),
    )

  api.get(
    '/pipelines/:pipeline/pipeline-couplings',
    { config, schema: { params: PipelineParams, ...many } },
    async (request, reply) => {
      const pipeline = await pipelines.get(request.caller, request.params.pipeline)
      const rows = await pipelines.couplings(request.caller, pipeline)
      return pageOf(request, reply, rows, KEYS).map((coupling) => couplingBody(coupling, pipeline))
    },
  )

  api.get(
    '/apps/:app/pipeline-couplings',
    { schema: { params: AppParams, response: { 200: CouplingBody } } },
    async ({ params }) => body(await pipelines.couplingOf(await apps.find(params.app))),
  )

  api.post(
    '/pipeline-couplings',
    { config, schema: { body: NewCoupling, response: { 201: CouplingBody } } },
    async ({ caller, body: wish }, reply) => {
      const pipeline = await pipelines.get(caller, wish.pipeline)
      const app = await access.app(caller, wish.app)
      const made = await pipelines.add(pipeline, app, wish.stage, caller.email)
      reply.code(201)
      return couplingBody(made, pipeline)
    },
  )

  api.get('/pipeline-couplings/:coupling', { config, schema: one }, async ({ caller, params }) =>
    body(await pipelines.coupling(caller, params.coupling)),
  )

  api.patch(
    '/pipeline-couplings/:coupling',
    { config, schema: { ...one, body: Change } },
    async ({ caller, params, body: { stage } }) => {
      const found = await pipelines.coupling(caller, params.coupling)
      return body(stage === undefined ? found : await pipelines.setStage(caller, found, stage))
    },
  )

  api.delete('/pipeline-couplings/:coupling', { config, schema: one }, async ({ caller, params }) => {
    const found = await pipelines.coupling(caller, params.coupling)
    const answer = await body(found)
    await pipelines.remove(caller, found)
    return answer
  })
}
