import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import { nullable } from '../bodies/common.ts'
import type { Api } from '../types.ts'

const Config = Type.Record(Type.String(), Type.String())
const Change = Type.Record(Type.String(), nullable(Type.String()))
const Params = Type.Object({
  pipeline: Type.String({ description: 'Id or name' }),
  stage: Type.String({ description: '`test` or `review`' }),
})

/** Routes for every user: the service shows each only the pipelines that are theirs. */
const config = { access: 'users' } as const

/** Config vars that a pipeline has for its test runs and its review apps. */
export function stageConfigVarRoutes(api: Api, services: Services): void {
  const { pipelines, stageConfig } = services
  const path = '/pipelines/:pipeline/stage/:stage/config-vars'
  const one = { params: Params, response: { 200: Config } }

  api.get(path, { config, schema: one }, async ({ caller, params }) =>
    stageConfig.get(await pipelines.get(caller, params.pipeline), params.stage),
  )

  api.patch(path, { config, schema: { ...one, body: Change } }, async ({ caller, params, body }) =>
    stageConfig.change(await pipelines.get(caller, params.pipeline), params.stage, body),
  )
}
