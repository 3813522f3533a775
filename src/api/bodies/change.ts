import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Change, ChangeStep } from '../../domain/change.ts'
import { Id, nullable, Time, timeOf, timeOrNull } from './common.ts'
import { ReceiptAnswer, receiptBody } from './rollout.ts'

const StepBody = Type.Object({
  kind: Type.String({
    description: 'push, pull-request, tests, review-app, deploy, approval or release',
  }),
  at: Time,
  ended_at: nullable(Time),
  pipeline: nullable(Type.String()),
  stage: nullable(Type.String()),
  app: nullable(Type.String()),
  status: Type.String(),
  text: Type.String(),
  reason: nullable(Type.String()),
  user: nullable(Type.String()),
  url: nullable(Type.String()),
  release: nullable(Type.Integer({ description: 'Version' })),
  rollout_id: nullable(Id),
  receipt: nullable(ReceiptAnswer),
})

export const ChangeBody = Type.Object({
  commit: Type.String(),
  message: nullable(Type.String()),
  author: nullable(Type.String()),
  committed_at: nullable(Time),
  steps: Type.Array(StepBody),
})

export function changeBody(change: Change): Static<typeof ChangeBody> {
  return {
    commit: change.commit,
    message: change.message,
    author: change.author,
    committed_at: timeOrNull(change.committedAt),
    steps: change.steps.map(stepBody),
  }
}

function stepBody({ at, endedAt, rolloutId, receipt, ...same }: ChangeStep): Static<typeof StepBody> {
  return {
    ...same,
    at: timeOf(at),
    ended_at: timeOrNull(endedAt),
    rollout_id: rolloutId,
    receipt: receipt === null ? null : receiptBody(receipt),
  }
}
