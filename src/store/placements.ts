import type { Placement } from '../domain/placement.ts'
import type { Db } from './db.ts'

export interface PlacementsTable {
  appId: string
  /** Null: any host. */
  label: string | null
}

/** The apps that somebody has placed on Docker hosts. One without an entry runs where its artifact can. */
export interface Placements {
  of(appId: string): Promise<Placement | null>
  /** Ids of the apps that are placed on hosts with that label. */
  appsOn(label: string): Promise<string[]>
  set(appId: string, label: string | null): Promise<void>
  delete(appId: string): Promise<void>
}

export function placementsTable(db: Db): Placements {
  return {
    async of(appId) {
      const row = await db
        .selectFrom('placements')
        .select('label')
        .where('appId', '=', appId)
        .executeTakeFirst()
      return row ? { runtime: 'docker', label: row.label } : null
    },
    async appsOn(label) {
      const rows = await db.selectFrom('placements').select('appId').where('label', '=', label).execute()
      return rows.map(({ appId }) => appId)
    },
    async set(appId, label) {
      await db
        .insertInto('placements')
        .values({ appId, label })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet({ label }))
        .execute()
    },
    async delete(appId) {
      await db.deleteFrom('placements').where('appId', '=', appId).execute()
    },
  }
}
