import { type Static, Type } from '@fastify/type-provider-typebox'
import type { TargetView } from '../../services/promotion-views.ts'
import type { Coupling, Pipeline } from '../../store/pipelines.ts'
import type { Promotion } from '../../store/promotions.ts'
import { Id, nullable, stableId, Time, timeOf, userOf } from './common.ts'

const Generation = Type.Object({ id: Id, name: Type.String() })
const Ref = Type.Object({ id: Id })

const StageName = Type.String({
  description: 'review, development, staging, production, or one of the pipeline’s own',
})

export const PipelineBody = Type.Object({
  id: Id,
  name: Type.String(),
  owner: Type.Object({ id: Id, type: Type.Literal('user') }),
  generation: Generation,
  created_at: Time,
  updated_at: Time,
})

export function pipelineBody(pipeline: Pipeline): Static<typeof PipelineBody> {
  return {
    id: pipeline.id,
    name: pipeline.name,
    owner: { id: userOf(pipeline.owner).id, type: 'user' },
    generation: { id: stableId('generation', 'cedar'), name: 'cedar' },
    created_at: timeOf(pipeline.createdAt),
    updated_at: timeOf(pipeline.updatedAt),
  }
}

export const CouplingBody = Type.Object({
  id: Id,
  app: Ref,
  pipeline: Type.Object({ id: Id, name: Type.String() }),
  stage: StageName,
  created_at: Time,
  updated_at: Time,
})

export function couplingBody(
  coupling: Coupling,
  { id, name }: Pick<Pipeline, 'id' | 'name'>,
): Static<typeof CouplingBody> {
  return {
    id: coupling.id,
    app: { id: coupling.appId },
    pipeline: { id, name },
    stage: coupling.stage,
    created_at: timeOf(coupling.createdAt),
    updated_at: timeOf(coupling.updatedAt),
  }
}

export const PromotionBody = Type.Object({
  id: Id,
  pipeline: Ref,
  source: Type.Object({ app: Ref, release: Ref }),
  status: Type.Enum(['pending', 'completed']),
  created_at: Time,
  updated_at: Time,
})

export function promotionBody(
  promotion: Promotion,
  targets: readonly TargetView[],
): Static<typeof PromotionBody> {
  const pending = targets.some(({ status }) => status === 'pending')
  return {
    id: promotion.id,
    pipeline: { id: promotion.pipelineId },
    source: { app: { id: promotion.appId }, release: { id: promotion.releaseId } },
    status: pending ? 'pending' : 'completed',
    created_at: timeOf(promotion.createdAt),
    updated_at: timeOf(promotion.createdAt),
  }
}

export const TargetBody = Type.Object({
  id: Id,
  app: Ref,
  pipeline_promotion: Ref,
  release: nullable(Ref),
  status: Type.Enum(['pending', 'succeeded', 'failed']),
  error_message: nullable(Type.String()),
  tasuki: Type.Object({ approval: nullable(Ref) }),
})

export function targetBody(target: TargetView): Static<typeof TargetBody> {
  return {
    id: target.id,
    app: { id: target.appId },
    pipeline_promotion: { id: target.promotionId },
    release: target.releaseId === null ? null : { id: target.releaseId },
    status: target.status,
    error_message: target.reason,
    tasuki: { approval: target.approvalId === null ? null : { id: target.approvalId } },
  }
}
