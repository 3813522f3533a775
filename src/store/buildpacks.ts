import type { Db } from './db.ts'

export interface BuildpacksTable {
  appId: string
  /** A list of URLs, as JSON. */
  urls: string
  updatedAt: number
}

/** The buildpacks that an app is built with, in order. */
export interface Buildpacks {
  /** Their URLs; null when nobody has ever set or cleared them. */
  of(appId: string): Promise<readonly string[] | null>
  set(appId: string, urls: readonly string[], at: number): Promise<void>
}

export function buildpacksTable(db: Db): Buildpacks {
  return {
    async of(appId) {
      const row = await db
        .selectFrom('buildpacks')
        .select('urls')
        .where('appId', '=', appId)
        .executeTakeFirst()
      return row ? (JSON.parse(row.urls) as string[]) : null
    },
    async set(appId, urls, updatedAt) {
      const change = { urls: JSON.stringify(urls), updatedAt }
      await db
        .insertInto('buildpacks')
        .values({ appId, ...change })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet(change))
        .execute()
    },
  }
}
