import type { RegistryAccess } from '../domain/registry.ts'
import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

/** There is one row at most. `sealed`: JSON of both logins. */
export interface RegistryTable {
  id: number
  host: string
  prefix: string
  tls: number
  authority: string | null
  /** Where our own listens; null: it is somebody else's. */
  ownAddress: string | null
  sealed: Uint8Array
  setAt: number
}

/** The registry that images are kept in. */
export interface StoredRegistry extends RegistryAccess {
  /** `HOST:PORT` of the one that this server keeps itself; null: it is somebody else's. */
  readonly ownAddress: string | null
  /** UTC ms. */
  readonly setAt: number
}

export interface Registries {
  /** Null: there is none. */
  get(): Promise<StoredRegistry | null>
  set(registry: StoredRegistry): Promise<void>
  delete(): Promise<void>
}

const ONLY = 1
const CONTEXT = 'registry'

export function registryTable(db: Db, seal: Seal): Registries {
  return {
    async get() {
      const row = await db.selectFrom('registry').selectAll().executeTakeFirst()
      if (!row) return null
      const { id: _, sealed, tls, ...rest } = row
      return { ...rest, tls: tls === 1, ...JSON.parse(seal.open(sealed, CONTEXT)) }
    },
    async set({ push, pull, tls, ...rest }) {
      const sealed = seal.close(JSON.stringify({ push, pull }), CONTEXT)
      const row = { ...rest, tls: tls ? 1 : 0, sealed }
      await db
        .insertInto('registry')
        .values({ id: ONLY, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
    },
    async delete() {
      await db.deleteFrom('registry').execute()
    },
  }
}
