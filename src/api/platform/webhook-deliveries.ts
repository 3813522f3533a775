import { Type } from '@fastify/type-provider-typebox'
import type { Services } from '../../services/index.ts'
import type { DeliveryView } from '../../services/webhooks.ts'
import type { WebhookEvent } from '../../store/outbox.ts'
import { AppParams, Id } from '../bodies/common.ts'
import { DeliveryBody, deliveryBody, EventBody, eventBody } from '../bodies/webhook.ts'
import { type Keys, pageOf } from '../ranges.ts'
import type { Api } from '../types.ts'

const DeliveryParams = Type.Object({ app: Type.String(), delivery: Id })
const EventParams = Type.Object({ app: Type.String(), event: Id })

const Filter = Type.Object({ 'eq[status]': Type.Optional(Type.String()) })

const DELIVERIES: Keys<DeliveryView> = {
  id: ({ delivery }) => delivery.id,
  seq: ({ delivery }) => delivery.number,
  created_at: ({ delivery }) => delivery.createdAt,
}
const EVENTS: Keys<WebhookEvent> = { id: ({ id }) => id, created_at: ({ createdAt }) => createdAt }

/** What the webhooks of an app were told. */
export function webhookDeliveryRoutes(api: Api, services: Services): void {
  const { apps, webhooks } = services

  api.get(
    '/apps/:app/webhook-deliveries',
    { schema: { params: AppParams, querystring: Filter, response: { '2xx': Type.Array(DeliveryBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      const wanted = request.query['eq[status]']
      const all = await webhooks.deliveries(app)
      const found = wanted === undefined ? all : all.filter(({ delivery }) => delivery.status === wanted)
      return pageOf(request, reply, found, DELIVERIES).map(deliveryBody)
    },
  )

  api.get(
    '/apps/:app/webhook-deliveries/:delivery',
    { schema: { params: DeliveryParams, response: { 200: DeliveryBody } } },
    async ({ params }) => deliveryBody(await webhooks.delivery(await apps.find(params.app), params.delivery)),
  )

  api.get(
    '/apps/:app/webhook-events',
    { schema: { params: AppParams, response: { '2xx': Type.Array(EventBody) } } },
    async (request, reply) => {
      const app = await apps.find(request.params.app)
      return pageOf(request, reply, await webhooks.events(app), EVENTS).map(eventBody)
    },
  )

  api.get(
    '/apps/:app/webhook-events/:event',
    { schema: { params: EventParams, response: { 200: EventBody } } },
    async ({ params }) => eventBody(await webhooks.event(await apps.find(params.app), params.event)),
  )
}
