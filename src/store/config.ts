import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

/** An app's config vars, as the next release would have them. Sealed at rest. */
export interface Configs {
  get(appId: string): Promise<Record<string, string>>
  set(appId: string, config: Readonly<Record<string, string>>): Promise<void>
}

export function configTable(db: Db, seal: Seal): Configs {
  return {
    async get(appId) {
      const row = await db.selectFrom('config').select('sealed').where('appId', '=', appId).executeTakeFirst()
      return row ? openConfig(seal, row.sealed, appId) : {}
    },
    async set(appId, config) {
      const sealed = closeConfig(seal, config, appId)
      await db
        .insertInto('config')
        .values({ appId, sealed })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet({ sealed }))
        .execute()
    },
  }
}

export function openConfig(seal: Seal, sealed: Uint8Array, appId: string): Record<string, string> {
  return JSON.parse(seal.open(sealed, appId)) as Record<string, string>
}

export function closeConfig(seal: Seal, config: Readonly<Record<string, string>>, appId: string): Uint8Array {
  return seal.close(JSON.stringify(config), appId)
}

/** Equal configs of an app give equal digests; without the key nothing can be learnt from one. */
export function digestOf(seal: Seal, config: Readonly<Record<string, string>>, appId: string): string {
  const entries = Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))
  return seal.stamp(`config ${appId}`, JSON.stringify(entries))
}
