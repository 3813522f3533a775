import { type Static, Type } from '@fastify/type-provider-typebox'
import { LEVELS } from '../../domain/webhook.ts'
import type { Payload } from '../../services/webhook-payloads.ts'
import type { DeliveryView } from '../../services/webhooks.ts'
import type { App } from '../../store/apps.ts'
import type { Delivery, WebhookEvent } from '../../store/outbox.ts'
import type { Webhook } from '../../store/webhooks.ts'
import { Id, nullable, Time, timeOf, timeOrNull, User } from './common.ts'

const LevelName = Type.Enum([...LEVELS])

/** What it signs and authorizes with is never shown again. */
export const WebhookBody = Type.Object({
  id: Id,
  app: Type.Object({ id: Id, name: Type.String() }),
  include: Type.Array(Type.String()),
  level: LevelName,
  url: Type.String(),
  created_at: Time,
  updated_at: Time,
})

export function webhookBody(app: App, webhook: Webhook): Static<typeof WebhookBody> {
  const { id, include, level, url, createdAt, updatedAt } = webhook
  return {
    id,
    app: { id: app.id, name: app.name },
    include: [...include],
    level,
    url,
    created_at: timeOf(createdAt),
    updated_at: timeOf(updatedAt),
  }
}

const AttemptBody = Type.Object({
  id: Id,
  status: Type.Enum(['succeeded', 'failed']),
  code: nullable(Type.Integer({ description: 'HTTP status; null when no answer came' })),
  error_class: nullable(Type.String()),
  created_at: Time,
  updated_at: Time,
})

export const DeliveryBody = Type.Object({
  id: Id,
  event: Type.Object({ id: Id, include: Type.String() }),
  webhook: Type.Object({ id: Id, level: LevelName }),
  status: Type.Enum(['pending', 'retrying', 'succeeded', 'failed']),
  num_attempts: Type.Integer(),
  next_attempt_at: nullable(Time),
  last_attempt: nullable(AttemptBody),
  created_at: Time,
  updated_at: Time,
})

export function deliveryBody({ delivery, webhook, event }: DeliveryView): Static<typeof DeliveryBody> {
  return {
    id: delivery.id,
    event: { id: event.id, include: event.include },
    webhook: { id: webhook.id, level: webhook.level },
    status: delivery.status,
    num_attempts: delivery.attempts,
    next_attempt_at: timeOrNull(delivery.nextAt),
    last_attempt: attemptBody(delivery),
    created_at: timeOf(delivery.createdAt),
    updated_at: timeOf(delivery.updatedAt),
  }
}

function attemptBody(delivery: Delivery): Static<typeof AttemptBody> | null {
  const { attemptId, attemptAt, status, code, error, updatedAt } = delivery
  if (attemptId === null || attemptAt === null) return null
  return {
    id: attemptId,
    status: status === 'succeeded' ? 'succeeded' : 'failed',
    code,
    error_class: error,
    created_at: timeOf(attemptAt),
    updated_at: timeOf(updatedAt),
  }
}

const AnyObject = Type.Unsafe<Readonly<Record<string, unknown>>>({
  type: 'object',
  additionalProperties: true,
})

export const EventBody = Type.Object({
  id: Id,
  include: Type.String(),
  payload: Type.Object({
    action: Type.String(),
    actor: User,
    data: AnyObject,
    previous_data: AnyObject,
    resource: Type.String(),
    version: Type.String(),
  }),
  created_at: Time,
  updated_at: Time,
})

export function eventBody({ id, include, payload, createdAt }: WebhookEvent): Static<typeof EventBody> {
  const at = timeOf(createdAt)
  return { id, include, payload: JSON.parse(payload) as Payload, created_at: at, updated_at: at }
}
