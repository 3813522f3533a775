import { randomUUID } from 'node:crypto'
import type { Change, WebhookEvent } from '../store/outbox.ts'
import type { Tables } from '../store/tables.ts'
import type { Webhook } from '../store/webhooks.ts'
import { payloadOf } from './webhook-payloads.ts'

/** An event, and who is to be told of it. */
export interface Telling {
  readonly event: WebhookEvent
  readonly webhooks: readonly Webhook[]
}

/** What a change is to those of the app's webhooks that want to know. None wants to: nothing. */
export async function tellingsOf(tables: Tables, change: Change, domain: string): Promise<Telling[]> {
  const app = { id: change.appId, name: change.appName ?? '' }
  const all = await tables.webhooks.ofApp(app.id)
  const tellings: Telling[] = []
  for (const entity of entitiesOf(change)) {
    const webhooks = all.filter(
      ({ include, createdAt }) => include.includes(entity) && createdAt <= change.at,
    )
    if (webhooks.length === 0) continue
    const payload = JSON.stringify(await payloadOf({ tables, app, domain }, entity, change))
    const event = { id: randomUUID(), appId: app.id, include: entity, payload, createdAt: change.at }
    tellings.push({ event, webhooks })
  }
  return tellings
}

/** Writes the event down, with a delivery for each webhook. `most`: deliveries of one that may wait. */
export async function addDeliveries(
  tables: Tables,
  { event, webhooks }: Telling,
  most: number,
): Promise<void> {
  await tables.outbox.addEvent(event)
  for (const webhook of webhooks) await addDelivery(tables, webhook, event.id, most)
}

/** That an instance begins is also an event of the API. */
function entitiesOf({ entity, action }: Change): string[] {
  return entity === 'dyno' && action === 'create' ? ['api:dyno', 'dyno'] : [entity]
}

/** A receiver that has been away for long can not fill the disk: what does not fit is given up, and is listed as such. */
async function addDelivery(tables: Tables, webhook: Webhook, eventId: string, most: number): Promise<void> {
  const at = Date.now()
  const full = (await tables.outbox.waiting(webhook.id)) >= most
  await tables.outbox.addDelivery({
    id: randomUUID(),
    webhookId: webhook.id,
    eventId,
    status: full ? 'failed' : 'pending',
    attempts: 0,
    nextAt: full ? null : at,
    attemptId: null,
    attemptAt: null,
    code: null,
    error: full ? 'QueueFull' : null,
    createdAt: at,
    updatedAt: at,
  })
}
