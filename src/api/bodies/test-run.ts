import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../services/index.ts'
import type { RecordedCase } from '../../store/test-cases.ts'
import type { TestNode, TestRun } from '../../store/test-runs.ts'
import { baseOf, testOutput, testSetupOutput } from '../addresses.ts'
import { Id, nullable, stableId, Time, timeOf, timeOrNull, User, userOf } from './common.ts'

const Status = Type.Enum([
  'pending',
  'creating',
  'building',
  'running',
  'succeeded',
  'failed',
  'errored',
  'cancelled',
])
const Ref = Type.Object({ id: Id })

export const TestRunBody = Type.Object({
  id: Id,
  number: Type.Integer({ description: 'Counts up in each pipeline' }),
  status: Status,
  message: nullable(Type.String({ description: 'Why it ended as it did, where that needs words' })),
  warning_message: Type.Null(),
  commit_branch: Type.String(),
  commit_message: Type.String(),
  commit_sha: Type.String(),
  source_blob_url: Type.String(),
  actor_email: Type.String(),
  user: User,
  pipeline: Ref,
  organization: Type.Null(),
  app_setup: Type.Null(),
  dyno: Type.Null(),
  clear_cache: Type.Boolean(),
  debug: Type.Boolean(),
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({
    attempts: Type.Integer({
      description: 'How many servers have begun it: more than one where one was started again',
    }),
    tests_at: nullable(Time),
    ended_at: nullable(Time),
  }),
})

export function testRunBody(request: FastifyRequest, run: TestRun): Static<typeof TestRunBody> {
  return {
    id: run.id,
    number: run.number,
    status: run.status,
    message: run.note,
    warning_message: null,
    commit_branch: run.branch,
    commit_message: run.commitMessage,
    commit_sha: run.sha,
    source_blob_url: run.sourceUrl === null ? '' : new URL(run.sourceUrl, baseOf(request)).href,
    actor_email: run.user,
    user: userOf(run.user),
    pipeline: { id: run.pipelineId },
    organization: null,
    app_setup: null,
    dyno: null,
    clear_cache: false,
    debug: false,
    created_at: timeOf(run.createdAt),
    updated_at: timeOf(run.updatedAt),
    tasuki: { attempts: run.attempts, tests_at: timeOrNull(run.testsAt), ended_at: timeOrNull(run.endedAt) },
  }
}

export const TestNodeBody = Type.Object({
  id: Id,
  index: Type.Integer({ description: 'From 0' }),
  status: Status,
  exit_code: nullable(Type.Integer()),
  message: nullable(Type.String()),
  error_status: nullable(Type.String({ description: 'What it was doing when it errored' })),
  setup_stream_url: Type.String(),
  output_stream_url: Type.String(),
  dyno: Type.Null(),
  pipeline: Ref,
  test_run: Ref,
  created_at: Time,
  updated_at: Time,
})

export function testNodeBody(
  { secrets }: Pick<Services, 'secrets'>,
  request: FastifyRequest,
  run: TestRun,
  node: TestNode,
): Static<typeof TestNodeBody> {
  return {
    id: node.id,
    index: node.position,
    status: node.status,
    exit_code: node.exitCode,
    message: node.note,
    error_status: node.errorStatus,
    setup_stream_url: testSetupOutput(request, secrets, node.id),
    output_stream_url: testOutput(request, secrets, node.id),
    dyno: null,
    pipeline: { id: run.pipelineId },
    test_run: { id: run.id },
    created_at: timeOf(node.createdAt),
    updated_at: timeOf(node.updatedAt),
  }
}

export const TestCaseBody = Type.Object({
  id: Id,
  number: Type.Integer({ description: 'Its place among those of its node, from 1' }),
  description: Type.String(),
  passed: Type.Boolean(),
  directive: Type.String({ description: '`skip` or `todo`, with the reason; else empty' }),
  diagnostic: Type.String({ description: 'What the tests say of a failure; else empty' }),
  test_node: Ref,
  test_run: Ref,
  created_at: Time,
  updated_at: Time,
  tasuki: Type.Object({ duration_ms: nullable(Type.Number()) }),
})

export function testCaseBody(one: RecordedCase): Static<typeof TestCaseBody> {
  return {
    id: stableId('test-case', one.nodeId, String(one.number)),
    number: one.number,
    description: one.name,
    passed: one.passed,
    directive: one.directive ?? '',
    diagnostic: one.diagnostic ?? '',
    test_node: { id: one.nodeId },
    test_run: { id: one.runId },
    created_at: timeOf(one.at),
    updated_at: timeOf(one.at),
    tasuki: { duration_ms: one.ms },
  }
}
