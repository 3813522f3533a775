import type { Db } from './db.ts'

/** Written by triggers alone. */
export interface WebhookChangesTable {
  appId: string
  appName: string | null
  entity: string
  action: string
  data: string
  previous: string
  at: number
}

export interface WebhookEventsTable {
  id: string
  appId: string
  include: string
  payload: string
  createdAt: number
}

export interface WebhookDeliveriesTable {
  id: string
  webhookId: string
  eventId: string
  status: 'pending' | 'retrying' | 'succeeded' | 'failed'
  attempts: number
  /** Null once it has ended. */
  nextAt: number | null
  /** Of the last attempt. */
  attemptId: string | null
  attemptAt: number | null
  code: number | null
  error: string | null
  createdAt: number
  updatedAt: number
}

/** A change as the database has noted it: columns as they were at that moment. */
export interface Change {
  readonly id: number
  readonly appId: string
  readonly appName: string | null
  readonly entity: string
  readonly action: 'create' | 'update' | 'destroy'
  readonly data: Readonly<Record<string, unknown>>
  readonly previous: Readonly<Record<string, unknown>>
  /** UTC ms. */
  readonly at: number
}

/** What there is to tell. `payload` is JSON. */
export type WebhookEvent = Readonly<WebhookEventsTable>

/** That one webhook is to be told of one event, and how that went so far. Times are UTC ms. */
export interface Delivery extends Readonly<Omit<WebhookDeliveriesTable, 'number'>> {
  /** Deliveries of a webhook go out by it. */
  readonly number: number
}

/** How an attempt went. `code`: the HTTP status, null when there was none. */
interface Attempt {
  readonly id: string
  readonly at: number
  readonly code: number | null
  readonly error: string | null
}

/** The outbox of the webhooks: changes become events, events become deliveries, deliveries go out one after the other. */
export interface Outbox {
  /** The oldest changes that are no events yet. */
  changes(max: number): Promise<Change[]>
  forgetChanges(upTo: number): Promise<void>
  addEvent(event: WebhookEvent): Promise<void>
  addDelivery(delivery: Omit<Delivery, 'number'>): Promise<void>
  /** Deliveries of the webhook that have not ended. */
  waiting(webhookId: string): Promise<number>
  /** Of each webhook the oldest that has not ended, where its time has come. */
  due(at: number): Promise<Delivery[]>
  /** Writes down an attempt. `nextAt`: when the next one is due; null: none follows. */
  settle(id: string, status: Delivery['status'], nextAt: number | null, attempt: Attempt): Promise<void>
  event(id: string): Promise<WebhookEvent | null>
  /** Newest first. */
  events(appId: string, max: number): Promise<WebhookEvent[]>
  /** Of all webhooks of the app, newest first. */
  deliveries(appId: string, max: number): Promise<Delivery[]>
  /** Forgets all but the newest ended deliveries of each webhook, and events that no delivery is of. */
  trim(keep: number): Promise<void>
}

export function outboxTables(db: Db): Outbox {
  const deliveries = () => db.selectFrom('webhookDeliveries').selectAll('webhookDeliveries')
  return {
    async changes(max) {
      const rows = await db.selectFrom('webhookChanges').selectAll().orderBy('id').limit(max).execute()
      return rows.map(asChange)
    },
    async forgetChanges(upTo) {
      await db.deleteFrom('webhookChanges').where('id', '<=', upTo).execute()
    },
    async addEvent(event) {
      await db.insertInto('webhookEvents').values(event).execute()
    },
    async addDelivery(delivery) {
      await db.insertInto('webhookDeliveries').values(delivery).execute()
    },
    async waiting(webhookId) {
      const row = await db
        .selectFrom('webhookDeliveries')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .where('webhookId', '=', webhookId)
        .where('nextAt', 'is not', null)
        .executeTakeFirstOrThrow()
      return Number(row.count)
    },
    async due(at) {
      const heads = db
        .selectFrom('webhookDeliveries')
        .select((eb) => eb.fn.min('number').as('number'))
        .where('nextAt', 'is not', null)
        .groupBy('webhookId')
      return deliveries().where('number', 'in', heads).where('nextAt', '<=', at).orderBy('number').execute()
    },
    async settle(id, status, nextAt, { id: attemptId, at: attemptAt, code, error }) {
      await db
        .updateTable('webhookDeliveries')
        .set((eb) => ({ attempts: eb('attempts', '+', 1), updatedAt: Date.now() }))
        .set({ status, nextAt, attemptId, attemptAt, code, error })
        .where('id', '=', id)
        .execute()
    },
    async event(id) {
      return (
        (await db.selectFrom('webhookEvents').selectAll().where('id', '=', id).executeTakeFirst()) ?? null
      )
    },
    events: (appId, max) =>
      db
        .selectFrom('webhookEvents')
        .selectAll()
        .where('appId', '=', appId)
        .orderBy('createdAt', 'desc')
        .orderBy('id')
        .limit(max)
        .execute(),
    deliveries: (appId, max) =>
      deliveries()
        .innerJoin('webhooks', 'webhooks.id', 'webhookDeliveries.webhookId')
        .where('webhooks.appId', '=', appId)
        .orderBy('number', 'desc')
        .limit(max)
        .execute(),
    async trim(keep) {
      for (const { id } of await db.selectFrom('webhooks').select('id').execute()) {
        const newest = db
          .selectFrom('webhookDeliveries')
          .select('number')
          .where('webhookId', '=', id)
          .orderBy('number', 'desc')
          .limit(keep)
        await db
          .deleteFrom('webhookDeliveries')
          .where('webhookId', '=', id)
          .where('nextAt', 'is', null)
          .where('number', 'not in', newest)
          .execute()
      }
      const told = db.selectFrom('webhookDeliveries').select('eventId')
      await db.deleteFrom('webhookEvents').where('id', 'not in', told).execute()
    },
  }
}

function asChange({ data, previous, action, ...rest }: WebhookChangesTable & { id: number }): Change {
  return {
    ...rest,
    action: action as Change['action'],
    data: JSON.parse(data) as Change['data'],
    previous: JSON.parse(previous) as Change['previous'],
  }
}
