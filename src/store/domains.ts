import type { Db } from './db.ts'

/** Hostnames by which visitors reach an app. */
export interface Domains {
  of(appId: string): Promise<string[]>
  /** All of them, for the start of a control plane. */
  all(): Promise<{ appId: string; hostname: string }[]>
  add(appId: string, hostname: string, at: number): Promise<void>
  removeAll(appId: string): Promise<void>
}

export function domainsTable(db: Db): Domains {
  return {
    async of(appId) {
      const rows = await db
        .selectFrom('domains')
        .select('hostname')
        .where('appId', '=', appId)
        .orderBy('hostname')
        .execute()
      return rows.map((row) => row.hostname)
    },
    async all() {
      return db.selectFrom('domains').select(['appId', 'hostname']).orderBy('hostname').execute()
    },
    async add(appId, hostname, createdAt) {
      await db.insertInto('domains').values({ appId, hostname, kind: 'app', createdAt }).execute()
    },
    async removeAll(appId) {
      await db.deleteFrom('domains').where('appId', '=', appId).execute()
    },
  }
}
