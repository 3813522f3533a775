import { randomUUID } from 'node:crypto'
import type { Level } from '../domain/webhook.ts'
import type { Change, Delivery } from '../store/outbox.ts'
import type { Tables } from '../store/tables.ts'
import type { Webhook } from '../store/webhooks.ts'
import type { ServiceDeps } from './context.ts'
import { payloadOf } from './webhook-payloads.ts'
import { send } from './webhook-sender.ts'

/** How webhooks are served. Times in ms. */
export interface PumpLimits {
  /** Between two looks for what is to be told. */
  readonly lookMs: number
  /** For one attempt. */
  readonly attemptMs: number
  /** Webhooks that are told at once. */
  readonly parallel: number
  /** Deliveries of one webhook that may wait; more are given up at once. */
  readonly waiting: number
  /** Ended deliveries of one webhook that are kept. */
  readonly kept: number
  /** By level: pause before the nth attempt more, the last one for all further, how many attempts, how old it may get. */
  readonly retries: Readonly<Record<Level, Retries>>
}

interface Retries {
  readonly pausesMs: readonly number[]
  readonly attempts: number
  readonly ageMs: number
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

export const PUMP_LIMITS: PumpLimits = {
  lookMs: 500,
  attemptMs: 10 * SECOND,
  parallel: 20,
  waiting: 1000,
  kept: 200,
  retries: {
    notify: { pausesMs: [SECOND, 10 * SECOND, MINUTE], attempts: 4, ageMs: HOUR },
    sync: {
      pausesMs: [SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE],
      attempts: 500,
      ageMs: 72 * HOUR,
    },
  },
}

const CHANGES_AT_ONCE = 200
const TRIM_MS = 5 * MINUTE

/**
 * Makes deliveries of what the database has noted, and delivers: at least once, those of one webhook in order and one
 * after the other. All of it lies in the database, so a restart goes on where it was; nobody waits for it.
 */
export class WebhookPump {
  readonly #deps: Pick<ServiceDeps, 'store' | 'log' | 'settings'>
  readonly #limits: PumpLimits
  readonly #busy = new Map<string, Promise<void>>()
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | null = null
  #round: Promise<void> | null = null
  #again = false
  #trimmedAt = 0

  constructor(deps: Pick<ServiceDeps, 'store' | 'log' | 'settings'>, limits: PumpLimits = PUMP_LIMITS) {
    this.#deps = deps
    this.#limits = limits
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#look(), this.#limits.lookMs).unref()
  }

  /** Breaks off what is on its way: it counts as not attempted, and is told by the next control plane. */
  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer)
    this.#stopped.abort()
    await this.#round
    await Promise.all(this.#busy.values())
  }

  /** One round at a time; what is asked for meanwhile makes another. */
  #look(): void {
    this.#again = true
    this.#round ??= this.#rounds().finally(() => {
      this.#round = null
    })
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stopped.signal.aborted) {
      this.#again = false
      try {
        await this.#once()
      } catch (error) {
        this.#deps.log.error({ error: String(error) }, 'Telling webhooks failed; again soon')
      }
    }
  }

  async #once(): Promise<void> {
    while (await this.#expand()) if (this.#stopped.signal.aborted) return
    await this.#trim()
    for (const delivery of await this.#deps.store.tables.outbox.due(Date.now())) {
      if (this.#busy.size >= this.#limits.parallel) return
      if (!this.#busy.has(delivery.webhookId)) this.#begin(delivery)
    }
  }

  #begin(delivery: Delivery): void {
    const { webhookId } = delivery
    const run = this.#deliver(delivery)
      .catch((error: unknown) =>
        this.#deps.log.error({ webhook: webhookId, error: String(error) }, 'A webhook could not be told'),
      )
      .finally(() => {
        this.#busy.delete(webhookId)
        if (!this.#stopped.signal.aborted) this.#look()
      })
    this.#busy.set(webhookId, run)
  }

  async #deliver(delivery: Delivery): Promise<void> {
    const { outbox, webhooks } = this.#deps.store.tables
    const webhook = await webhooks.byId(delivery.webhookId)
    const event = await outbox.event(delivery.eventId)
    if (!webhook || !event) return // removed a moment ago, and the delivery with it
    const attempt = randomUUID()
    const at = Date.now()
    const result = await send(
      { webhook, event, delivery, attempt },
      this.#limits.attemptMs,
      this.#stopped.signal,
    )
    if (this.#stopped.signal.aborted && !result.ok) return
    const nextAt = result.ok ? null : this.#nextAt(webhook.level, delivery)
    const status = result.ok ? 'succeeded' : nextAt === null ? 'failed' : 'retrying'
    await outbox.settle(delivery.id, status, nextAt, { id: attempt, at, ...result })
  }

  #nextAt(level: Level, { attempts, createdAt }: Delivery): number | null {
    const { pausesMs, attempts: most, ageMs } = this.#limits.retries[level]
    const at = Date.now() + pausesMs[Math.min(attempts, pausesMs.length - 1)]!
    return attempts + 1 >= most || at - createdAt > ageMs ? null : at
  }

  /** Makes events and deliveries of some changes; whether there may be more. */
  async #expand(): Promise<boolean> {
    const { store, settings } = this.#deps
    if ((await store.tables.outbox.changes(1)).length === 0) return false
    return store.transaction(async (tables) => {
      const changes = await tables.outbox.changes(CHANGES_AT_ONCE)
      for (const change of changes) await expand(tables, change, settings.domain, this.#limits.waiting)
      const last = changes.at(-1)
      if (last) await tables.outbox.forgetChanges(last.id)
      return changes.length === CHANGES_AT_ONCE
    })
  }

  async #trim(): Promise<void> {
    if (Date.now() - this.#trimmedAt < TRIM_MS) return
    this.#trimmedAt = Date.now()
    await this.#deps.store.transaction(async ({ outbox, webhooks }) => {
      await webhooks.deleteDone()
      await outbox.trim(this.#limits.kept)
    })
  }
}

async function expand(tables: Tables, change: Change, domain: string, most: number): Promise<void> {
  const app = { id: change.appId, name: change.appName ?? '' }
  const webhooks = await tables.webhooks.ofApp(app.id)
  for (const entity of entitiesOf(change)) {
    const told = webhooks.filter(
      (webhook) => webhook.include.includes(entity) && webhook.createdAt <= change.at,
    )
    if (told.length === 0) continue
    const payload = JSON.stringify(await payloadOf({ tables, app, domain }, entity, change))
    const event = { id: randomUUID(), appId: app.id, include: entity, payload, createdAt: change.at }
    await tables.outbox.addEvent(event)
    for (const webhook of told) await addDelivery(tables, webhook, event.id, most)
  }
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
