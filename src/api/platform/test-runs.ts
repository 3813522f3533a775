import { Type } from '@fastify/type-provider-typebox'
import { TasukiError } from '../../domain/errors.ts'
import { hasEnded } from '../../domain/test-run.ts'
import type { Services } from '../../services/index.ts'
import type { Caller } from '../../services/tokens.ts'
import type { TestRun } from '../../store/test-runs.ts'
import { nullable } from '../bodies/common.ts'
import {
  TestCaseBody,
  TestNodeBody,
  TestRunBody,
  testCaseBody,
  testNodeBody,
  testRunBody,
} from '../bodies/test-run.ts'
import { sendOutput } from '../output-streams.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Streams } from '../streams.ts'
import type { Api } from '../types.ts'
import { PipelineParams } from './pipelines.ts'

/** Who waits for a run asks on and on without a pause: the answer comes when there is news, or after this, ms. */
const HOLD_MS = 1000

const NewRun = Type.Object({
  pipeline: Type.String({ description: 'Id or name' }),
  commit_branch: Type.String(),
  commit_sha: Type.String(),
  commit_message: Type.String(),
  source_blob_url: Type.String({ maxLength: 4096 }),
  debug: Type.Optional(nullable(Type.Boolean())),
})
const Change = Type.Object({ status: Type.String(), message: Type.Optional(nullable(Type.String())) })
const RunParams = Type.Object({ run: Type.String() })
const NumberParams = Type.Object({
  pipeline: Type.String({ description: 'Id or name' }),
  number: Type.String(),
})
const Secret = Type.Object({ id: Type.String(), secret: Type.String() })
const KEYS: Keys<TestRun> = {
  number: ({ number }) => number,
  created_at: ({ createdAt }) => createdAt,
}

/** Routes for every user: each sees the runs of the pipelines that are theirs. */
const config = { access: 'users' } as const
const OPEN = { config: { open: true }, schema: { params: Secret } }

export function testRunRoutes(api: Api, services: Services, streams: Streams): void {
  const { pipelines, secrets, testRuns } = services
  const one = { params: RunParams, response: { 200: TestRunBody } }

  api.post(
    '/test-runs',
    { config, schema: { body: NewRun, response: { 201: TestRunBody } } },
    async (request, reply) => {
      const { body, caller, user } = request
      const pipeline = await pipelines.get(caller, body.pipeline)
      if (body.debug) throw noDebugging()
      const wish = {
        branch: body.commit_branch,
        sha: body.commit_sha,
        message: body.commit_message,
        sourceUrl: body.source_blob_url,
      }
      const run = await testRuns.create(pipeline, wish, user)
      return reply.code(201).send(testRunBody(request, run))
    },
  )

  api.get(
    '/pipelines/:pipeline/test-runs',
    { config, schema: { params: PipelineParams, response: { '2xx': Type.Array(TestRunBody) } } },
    async (request, reply) => {
      const pipeline = await pipelines.get(request.caller, request.params.pipeline)
      const all = await testRuns.list(pipeline)
      return pageOf(request, reply, all, KEYS).map((run) => testRunBody(request, run))
    },
  )

  api.get(
    '/pipelines/:pipeline/test-runs/:number',
    { config, schema: { params: NumberParams, response: { 200: TestRunBody } } },
    async (request) => {
      const { caller, params } = request
      const pipeline = await pipelines.get(caller, params.pipeline)
      const run = await testRuns.numbered(pipeline, Number(params.number))
      if (!hasEnded(run.status)) await testRuns.change(run.id, HOLD_MS)
      return testRunBody(request, await testRuns.get(run.id))
    },
  )

  api.get('/test-runs/:run', { config, schema: one }, async (request) =>
    testRunBody(request, await runOf(services, request.caller, request.params.run)),
  )

  api.patch('/test-runs/:run', { config, schema: { ...one, body: Change } }, async (request) => {
    const run = await runOf(services, request.caller, request.params.run)
    const { status, message } = request.body
    if (status !== 'cancelled')
      throw new TasukiError('invalid_params', 'A test run can only be changed to "cancelled".')
    return testRunBody(request, await testRuns.cancel(run, request.user, message ?? ''))
  })

  api.get(
    '/test-runs/:run/test-nodes',
    { config, schema: { params: RunParams, response: { 200: Type.Array(TestNodeBody) } } },
    async (request) => {
      const run = await runOf(services, request.caller, request.params.run)
      return (await testRuns.nodes(run)).map((node) => testNodeBody(services, request, run, node))
    },
  )

  api.get(
    '/test-runs/:run/test-cases',
    { config, schema: { params: RunParams, response: { 200: Type.Array(TestCaseBody) } } },
    async ({ caller, params }) => {
      const run = await runOf(services, caller, params.run)
      return (await testRuns.cases(run)).map(testCaseBody)
    },
  )

  api.get('/streams/test-setups/:id/:secret', OPEN, async (request, reply) => {
    const { id, secret } = request.params
    secrets.check('test-output', id, secret)
    return sendOutput(request, reply, streams, (signal) => testRuns.setupOutput(id, signal))
  })

  api.get('/streams/tests/:id/:secret', OPEN, async (request, reply) => {
    const { id, secret } = request.params
    secrets.check('test-output', id, secret)
    return sendOutput(request, reply, streams, (signal) => testRuns.output(id, signal))
  })
}

/** The run of that id, for who may see its pipeline. Throws `not_found`. */
export async function runOf(
  { pipelines, testRuns }: Pick<Services, 'pipelines' | 'testRuns'>,
  caller: Caller,
  id: string,
): Promise<TestRun> {
  const run = await testRuns.get(id)
  await pipelines.get(caller, run.pipelineId)
  return run
}

function noDebugging(): TasukiError {
  return new TasukiError('not_offered', 'A test run can not be entered to look around.', {
    next: 'Run its commands with `tasuki run` in an app of that commit, such as its review app.',
  })
}
