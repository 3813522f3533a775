import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

/** Where the lines of an app are sent to. */
export interface StoredDrain {
  readonly id: string
  readonly appId: string
  /** `d.UUID`: names it towards its receiver. */
  readonly token: string
  /** May hold credentials. */
  readonly url: string
  /** PEM of an authority to trust beside the well-known ones. */
  readonly authority: string | null
  /** UTC ms. */
  readonly createdAt: number
}

/** The drains of all apps. Their addresses are sealed at rest. */
export interface Drains {
  /** Those of an app, oldest first. */
  of(appId: string): Promise<StoredDrain[]>
  all(): Promise<StoredDrain[]>
  insert(drain: StoredDrain): Promise<void>
  delete(id: string): Promise<void>
}

interface Row {
  readonly id: string
  readonly appId: string
  readonly token: string
  readonly sealed: Uint8Array
  readonly createdAt: number
}

export function drainsTable(db: Db, seal: Seal): Drains {
  const select = () => db.selectFrom('drains').selectAll().orderBy('createdAt').orderBy('id')
  const opened = ({ sealed, ...row }: Row): StoredDrain => ({
    ...row,
    ...(JSON.parse(seal.open(sealed, row.appId)) as Pick<StoredDrain, 'url' | 'authority'>),
  })
  return {
    of: async (appId) => (await select().where('appId', '=', appId).execute()).map(opened),
    all: async () => (await select().execute()).map(opened),
    async insert({ url, authority, ...row }) {
      const sealed = seal.close(JSON.stringify({ url, authority }), row.appId)
      await db
        .insertInto('drains')
        .values({ ...row, sealed })
        .execute()
    },
    async delete(id) {
      await db.deleteFrom('drains').where('id', '=', id).execute()
    },
  }
}
