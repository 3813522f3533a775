import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { PipelineTests } from '../../store/test-runs.ts'
import { TestRunBody, testRunBody } from '../bodies/test-run.ts'
import { PipelineParams } from '../platform/pipelines.ts'
import { runOf } from '../platform/test-runs.ts'
import type { Api } from '../types.ts'

const TestsBody = Type.Object({
  enabled: Type.Boolean({ description: 'Each push gives a test run' }),
  limit_ms: Type.Integer({ description: 'Longest that a node may take for setup and tests' }),
})
const Change = Type.Partial(TestsBody, { additionalProperties: false })
const FlakyBody = Type.Object({
  description: Type.String(),
  runs: Type.Integer({ description: 'Among the newest hundred: those that it was part of' }),
  failures: Type.Integer({ description: 'Those in which it failed, though it passed with the same commit' }),
  last_failure: Type.Integer({ description: 'Number of the last of them' }),
})

/** Routes for every user: the service shows each only the pipelines that are theirs. */
const config = { access: 'users' } as const

export function ownTestRoutes(api: Api, services: Services): void {
  const { pipelines, testRuns } = services
  const settings = { params: PipelineParams, response: { 200: TestsBody } }

  api.post(
    '/tasuki/test-runs/:run/rerun',
    { config, schema: { params: Type.Object({ run: Type.String() }), response: { 201: TestRunBody } } },
    async (request, reply) => {
      const { caller, params, user } = request
      const run = await runOf(services, caller, params.run)
      const pipeline = await pipelines.get(caller, run.pipelineId)
      const again = await testRuns.rerun(pipeline, run, user)
      return reply.code(201).send(testRunBody(request, again))
    },
  )

  api.get('/tasuki/pipelines/:pipeline/tests', { config, schema: settings }, async ({ caller, params }) =>
    testsBody(await testRuns.settings(await pipelines.get(caller, params.pipeline))),
  )

  api.patch(
    '/tasuki/pipelines/:pipeline/tests',
    { config, schema: { ...settings, body: Change } },
    async ({ caller, params, body: { enabled, limit_ms: limit } }) => {
      const pipeline = await pipelines.get(caller, params.pipeline)
      const change = {
        ...(enabled === undefined ? {} : { enabled }),
        ...(limit === undefined ? {} : { seconds: limit / 1000 }),
      }
      return testsBody(await testRuns.setSettings(pipeline, change))
    },
  )

  api.get(
    '/tasuki/pipelines/:pipeline/flaky-tests',
    { config, schema: { params: PipelineParams, response: { 200: Type.Array(FlakyBody) } } },
    async ({ caller, params }) => {
      const found = await testRuns.flaky(await pipelines.get(caller, params.pipeline))
      return found.map(({ name, runs, failures, lastFailure }) => ({
        description: name,
        runs,
        failures,
        last_failure: lastFailure,
      }))
    },
  )
}

function testsBody({ enabled, seconds }: PipelineTests) {
  return { enabled, limit_ms: seconds * 1000 }
}
