import { type Static, Type } from '@fastify/type-provider-typebox'
import type { FreezeView } from '../../services/freezes.ts'
import type { StageView } from '../../services/stages.ts'
import { Id, nullable, Time, timeOf, timeOrNull } from './common.ts'

const Approval = Type.Object({
  count: Type.Integer(),
  approvers: Type.Array(Type.String()),
  allow_self: Type.Boolean(),
  expires_ms: Type.Integer(),
})
const Frozen = Type.Object({ id: Id, until: nullable(Time), reason: nullable(Type.String()) })

export const StageBody = Type.Object({
  name: Type.String(),
  own: Type.Boolean({ description: 'Not one of those that every pipeline has' }),
  approval: nullable(Approval),
  promotions_only: Type.Boolean(),
  frozen: nullable(Frozen),
})

export function stageBody(
  { name, own, rules }: StageView,
  freezes: readonly FreezeView[],
): Static<typeof StageBody> {
  const freeze = freezes.find((one) => one.stage === name && one.open !== null)
  const { approvals: count, approvers, allowSelf, expiresMs } = rules
  return {
    name,
    own,
    approval:
      count === 0 ? null : { count, approvers: [...approvers], allow_self: allowSelf, expires_ms: expiresMs },
    promotions_only: rules.promotionsOnly,
    frozen: freeze
      ? { id: freeze.id, until: timeOrNull(freeze.open?.until ?? null), reason: freeze.reason }
      : null,
  }
}

const Window = Type.Object({ from: Time, until: nullable(Time) })

export const FreezeBody = Type.Object({
  id: Id,
  stage: Type.String(),
  reason: nullable(Type.String()),
  user: Type.String(),
  from: nullable(Time),
  until: nullable(Time),
  cron: nullable(Type.String()),
  lasts_ms: nullable(Type.Integer()),
  open: nullable(Window),
  created_at: Time,
})

export function freezeBody(freeze: FreezeView): Static<typeof FreezeBody> {
  const { id, stage, reason, user, cron, open } = freeze
  return {
    id,
    stage,
    reason,
    user,
    from: timeOrNull(freeze.fromAt),
    until: timeOrNull(freeze.untilAt),
    cron,
    lasts_ms: freeze.lastsMs,
    open: open === null ? null : { from: timeOf(open.from), until: timeOrNull(open.until) },
    created_at: timeOf(freeze.createdAt),
  }
}
