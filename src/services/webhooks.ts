import { randomBytes, randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { headerValue, included, levelOf, receiverUrl } from '../domain/webhook.ts'
import type { App } from '../store/apps.ts'
import type { Delivery, WebhookEvent } from '../store/outbox.ts'
import type { Tables } from '../store/tables.ts'
import type { Webhook } from '../store/webhooks.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'

const MOST_WEBHOOKS = 50
const MOST_LISTED = 1000
const SECRET_BYTES = 32

/** What a webhook is to be; in a change, what is left out stays. */
export interface WebhookWish {
  readonly include?: readonly string[]
  readonly level?: string
  readonly url?: string
  /** What deliveries are signed with; null: one is made. */
  readonly secret?: string | null
  /** The `Authorization` header of deliveries; null: none. */
  readonly authorization?: string | null
}

/** A delivery with what it is of. */
export interface DeliveryView {
  readonly delivery: Delivery
  readonly webhook: Pick<Webhook, 'id' | 'level'>
  readonly event: Pick<WebhookEvent, 'id' | 'include'>
}

/** Whom to tell of an app's changes, and what they were told. */
export class WebhookService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  list(app: App): Promise<Webhook[]> {
    return this.#tables.webhooks.ofApp(app.id)
  }

  /** Throws `not_found`. */
  async get(app: App, id: string): Promise<Webhook> {
    const found = await this.#tables.webhooks.byId(id)
    if (found?.appId === app.id) return found
    throw missing(app, 'webhook', id)
  }

  /** Told of everything from now on. Throws `invalid_params`. */
  async create(app: App, wish: WebhookWish & Required<Pick<WebhookWish, 'include' | 'level' | 'url'>>) {
    const at = Date.now()
    const fresh = { secret: newSecret(), authorization: null }
    const empty: Webhook = {
      ...{ id: randomUUID(), appId: app.id, include: [], level: 'notify', url: '' },
      ...{ secrets: fresh, createdAt: at, updatedAt: at },
    }
    const webhook = wished(empty, wish, at)
    await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      if ((await tables.webhooks.ofApp(app.id)).length >= MOST_WEBHOOKS)
        throw new TasukiError(
          'invalid_params',
          `${app.name} has ${MOST_WEBHOOKS} webhooks, the most an app may have.`,
        )
      await tables.webhooks.insert(webhook)
    })
    return webhook
  }

  /** Deliveries that have not gone out yet go where it points then. Throws `not_found`, `invalid_params`. */
  async change(app: App, id: string, wish: WebhookWish): Promise<Webhook> {
    const changed = wished(await this.get(app, id), wish, Date.now())
    await this.#tables.webhooks.change(changed)
    return changed
  }

  /** What it has not been told yet is forgotten. Throws `not_found`. */
  async remove(app: App, id: string): Promise<Webhook> {
    const found = await this.get(app, id)
    await this.#tables.webhooks.delete(id)
    return found
  }

  /** The last ones, newest first. */
  async deliveries(app: App): Promise<DeliveryView[]> {
    const webhooks = new Map((await this.list(app)).map((webhook) => [webhook.id, webhook]))
    const events = new Map((await this.events(app)).map((event) => [event.id, event]))
    const all = await this.#tables.outbox.deliveries(app.id, MOST_LISTED)
    return all.flatMap((delivery) => {
      const [webhook, event] = [webhooks.get(delivery.webhookId), events.get(delivery.eventId)]
      return webhook && event ? [{ delivery, webhook, event }] : []
    })
  }

  /** Throws `not_found`. */
  async delivery(app: App, id: string): Promise<DeliveryView> {
    const found = (await this.deliveries(app)).find(({ delivery }) => delivery.id === id)
    if (found) return found
    throw missing(app, 'webhook delivery', id)
  }

  /** The last ones, newest first. */
  events(app: App): Promise<WebhookEvent[]> {
    return this.#tables.outbox.events(app.id, MOST_LISTED)
  }

  /** Throws `not_found`. */
  async event(app: App, id: string): Promise<WebhookEvent> {
    const found = await this.#tables.outbox.event(id)
    if (found?.appId === app.id) return found
    throw missing(app, 'webhook event', id)
  }
}

function wished(webhook: Webhook, wish: WebhookWish, at: number): Webhook {
  const { include, level, url, secret, authorization } = wish
  const { secrets } = webhook
  return {
    ...webhook,
    include: include === undefined ? webhook.include : included(include),
    level: level === undefined ? webhook.level : levelOf(level),
    url: url === undefined ? webhook.url : receiverUrl(url),
    secrets: {
      secret: secret === undefined ? secrets.secret : (headerValue('secret', secret) ?? newSecret()),
      authorization:
        authorization === undefined ? secrets.authorization : headerValue('authorization', authorization),
    },
    updatedAt: at,
  }
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('hex')
}

function missing(app: App, what: string, id: string): TasukiError {
  return new TasukiError('not_found', `${app.name} has no ${what} "${id.slice(0, 60)}".`, {
    next: `\`tasuki webhooks -a ${app.name}\` lists its webhooks.`,
  })
}
