import type { Db } from './db.ts'

/** Instances to be replaced one for one. */
export interface Condemned {
  of(appId: string): Promise<string[]>
  add(appId: string, instance: string): Promise<void>
  remove(appId: string, instance: string): Promise<void>
}

export function condemnedTable(db: Db): Condemned {
  return {
    async of(appId) {
      const rows = await db.selectFrom('condemned').select('instance').where('appId', '=', appId).execute()
      return rows.map((row) => row.instance)
    },
    async add(appId, instance) {
      await db
        .insertInto('condemned')
        .values({ appId, instance })
        .onConflict((conflict) => conflict.doNothing())
        .execute()
    },
    async remove(appId, instance) {
      await db.deleteFrom('condemned').where('appId', '=', appId).where('instance', '=', instance).execute()
    },
  }
}
