import type { Db } from './db.ts'

/** Switches of an app, e.g. `preboot`; one that was never touched is off. */
export interface Features {
  get(appId: string, name: string): Promise<{ enabled: boolean; updatedAt: number | null }>
  set(appId: string, name: string, enabled: boolean, at: number): Promise<void>
}

export function featuresTable(db: Db): Features {
  return {
    async get(appId, name) {
      const row = await db
        .selectFrom('features')
        .select(['enabled', 'updatedAt'])
        .where('appId', '=', appId)
        .where('name', '=', name)
        .executeTakeFirst()
      return { enabled: row?.enabled === 1, updatedAt: row?.updatedAt ?? null }
    },
    async set(appId, name, enabled, updatedAt) {
      const change = { enabled: Number(enabled), updatedAt }
      await db
        .insertInto('features')
        .values({ appId, name, ...change })
        .onConflict((conflict) => conflict.columns(['appId', 'name']).doUpdateSet(change))
        .execute()
    },
  }
}
