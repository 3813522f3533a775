import type { Level } from '../domain/webhook.ts'
import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

export interface WebhooksTable {
  id: string
  appId: string
  /** A list of entities, as JSON. */
  include: string
  level: Level
  url: string
  /** What it signs and authorizes with, sealed. */
  sealed: Uint8Array
  createdAt: number
  updatedAt: number
}

/** Whom to tell of an app's changes. Times are UTC ms. */
export interface Webhook extends Readonly<Omit<WebhooksTable, 'include' | 'sealed'>> {
  readonly include: readonly string[]
  readonly secrets: WebhookSecrets
}

interface WebhookSecrets {
  /** What deliveries are signed with. */
  readonly secret: string
  /** The `Authorization` header of deliveries; null: none. */
  readonly authorization: string | null
}

export interface Webhooks {
  insert(webhook: Webhook): Promise<void>
  /** In the order in which they were made. */
  ofApp(appId: string): Promise<Webhook[]>
  byId(id: string): Promise<Webhook | null>
  change(webhook: Webhook): Promise<void>
  /** With its deliveries. */
  delete(id: string): Promise<void>
  /** Those of apps that are gone, or being destroyed, and that have nothing left to tell. */
  deleteDone(): Promise<void>
}

export function webhooksTable(db: Db, seal: Seal): Webhooks {
  const select = () => db.selectFrom('webhooks').selectAll().orderBy('createdAt').orderBy('id')
  const opened = (row: WebhooksTable): Webhook => {
    const { sealed, include, ...rest } = row
    const secrets = JSON.parse(seal.open(sealed, row.id)) as WebhookSecrets
    return { ...rest, include: JSON.parse(include) as string[], secrets }
  }
  const closed = ({ secrets, include, ...rest }: Webhook): WebhooksTable => ({
    ...rest,
    include: JSON.stringify(include),
    sealed: seal.close(JSON.stringify(secrets), rest.id),
  })
  return {
    async insert(webhook) {
      await db.insertInto('webhooks').values(closed(webhook)).execute()
    },
    ofApp: async (appId) => (await select().where('appId', '=', appId).execute()).map(opened),
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst()
      return row ? opened(row) : null
    },
    async change(webhook) {
      const { include, level, url, sealed, updatedAt } = closed(webhook)
      await db
        .updateTable('webhooks')
        .set({ include, level, url, sealed, updatedAt })
        .where('id', '=', webhook.id)
        .execute()
    },
    async delete(id) {
      await db.deleteFrom('webhooks').where('id', '=', id).execute()
    },
    async deleteDone() {
      const living = db.selectFrom('apps').select('id').where('destroyedAt', 'is', null)
      const telling = db.selectFrom('webhookDeliveries').select('webhookId').where('nextAt', 'is not', null)
      const changed = db.selectFrom('webhookChanges').select('appId')
      await db
        .deleteFrom('webhooks')
        .where('appId', 'not in', living)
        .where('id', 'not in', telling)
        .where('appId', 'not in', changed)
        .execute()
    },
  }
}
