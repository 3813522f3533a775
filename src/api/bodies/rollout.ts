import { type Static, Type } from '@fastify/type-provider-typebox'
import type { JournalEntry, Receipt, Rollout } from '../../domain/rollout.ts'
import { phaseOf } from '../../services/rollouts.ts'
import type { App } from '../../store/apps.ts'
import { Id, nullable, snakeKeys, Time, timeOf, timeOrNull } from './common.ts'

/** `Receipt` of `src/domain/rollout.ts` in snake_case. */
const ReceiptBody = Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true })

export const RolloutBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  generation: Type.Integer(),
  kind: Type.Union([Type.Literal('release'), Type.Literal('restart')]),
  strategy: Type.String(),
  from: nullable(Type.Integer({ description: 'Version' })),
  to: Type.Integer({ description: 'Version' }),
  direction: Type.Union([Type.Literal('forward'), Type.Literal('back')]),
  status: Type.String({ description: 'running, succeeded, returned, failed or superseded' }),
  reason: nullable(Type.String()),
  phase: nullable(
    Type.String({ description: 'release, rolling, bake or returning; null when it has ended' }),
  ),
  paused: Type.Boolean({ description: 'It waits until it is resumed' }),
  started_at: Time,
  finished_at: nullable(Time),
  receipt: nullable(ReceiptBody),
})

export const ReceiptAnswer = ReceiptBody

export function rolloutBody(
  app: Pick<App, 'id' | 'name'>,
  rollout: Rollout,
  receipt: Receipt | null,
): Static<typeof RolloutBody> {
  return {
    id: rollout.id,
    app: { id: app.id, name: app.name },
    generation: rollout.generation,
    kind: rollout.kind,
    strategy: rollout.strategy,
    from: rollout.base?.release ?? null,
    to: rollout.target.release,
    direction: rollout.direction,
    status: rollout.outcome ?? 'running',
    reason: rollout.reason,
    phase: phaseOf(rollout),
    paused: rollout.paused && rollout.outcome === null && rollout.direction === 'forward',
    started_at: timeOf(rollout.startedAt),
    finished_at: timeOrNull(rollout.finishedAt),
    receipt: receipt === null ? null : receiptBody(receipt),
  }
}

export function receiptBody(receipt: Receipt): Record<string, unknown> {
  const { startedAt, finishedAt, traffic, ...rest } = receipt
  const outages = traffic.outages.map(({ from, ms }) => ({ from: timeOf(from), ms }))
  const times = { startedAt: timeOf(startedAt), finishedAt: timeOf(finishedAt) }
  return snakeKeys({ ...rest, ...times, traffic: { ...traffic, outages } }) as Record<string, unknown>
}

export const EntryBody = Type.Object({
  id: Type.Integer(),
  kind: Type.String(),
  instance: nullable(Type.String()),
  name: nullable(Type.String()),
  release: nullable(Type.Integer()),
  note: Type.String(),
  state: Type.String({ description: 'intent, done, failed or seen' }),
  error: nullable(Type.String()),
  at: Time,
  ended_at: nullable(Time),
})

export function entryBody(entry: JournalEntry): Static<typeof EntryBody> {
  return {
    id: entry.id,
    kind: entry.kind,
    instance: entry.instance,
    name: entry.name,
    release: entry.release,
    note: entry.note,
    state: entry.state,
    error: entry.error,
    at: timeOf(entry.at),
    ended_at: timeOrNull(entry.endedAt),
  }
}
