import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Level } from '../domain/webhook.ts'
import type { Change, Delivery } from '../store/outbox.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import { send } from './webhook-sender.ts'
import { addDeliveries, type Telling, tellingsOf } from './webhook-tellings.ts'

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
const REST_MS = 30 * SECOND

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
      .catch((error: unknown) => this.#rest(webhookId, error))
      .finally(() => {
        this.#busy.delete(webhookId)
        if (!this.#stopped.signal.aborted) this.#look()
      })
    this.#busy.set(webhookId, run)
  }

  /** What was told could not be written down, as with a full disk: the receiver is not to be told it without end. */
  async #rest(webhook: string, error: unknown): Promise<void> {
    this.#deps.log.error({ webhook, error: String(error) }, 'How telling a webhook went could not be kept')
    await pause(REST_MS, undefined, { signal: this.#stopped.signal, ref: false }).catch(() => undefined)
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
    const { store } = this.#deps
    if ((await store.tables.outbox.changes(1)).length === 0) return false
    return store.transaction(async (tables) => {
      const changes = await tables.outbox.changes(CHANGES_AT_ONCE)
      for (const change of changes) {
        for (const telling of await this.#tellingsOf(tables, change))
          await addDeliveries(tables, telling, this.#limits.waiting)
      }
      const last = changes.at(-1)
      if (last) await tables.outbox.forgetChanges(last.id)
      return changes.length === CHANGES_AT_ONCE
    })
  }

  /** Events of a change with whom to tell. One that can not be put into words does not hold up those that come later. */
  async #tellingsOf(tables: Tables, change: Change): Promise<Telling[]> {
    try {
      return await tellingsOf(tables, change, this.#deps.settings.domain)
    } catch (error) {
      const { appId: app, entity } = change
      this.#deps.log.error({ app, entity, error: String(error) }, 'A change could not be told to webhooks')
      return []
    }
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
