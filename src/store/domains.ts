import type { Db } from './db.ts'

export interface DomainsTable {
  id: string
  /** In lower case, as DNS has it; `*.` at its beginning stands for every name below. */
  hostname: string
  appId: string
  kind: 'app' | 'custom'
  createdAt: number
}

/** A hostname by which visitors reach an app: its own (`app`), or one that a user has added (`custom`). */
export type Domain = Readonly<DomainsTable>

/** The hostnames of all apps; each belongs to one app only. */
export interface Domains {
  /** The app's hostnames, in their order. */
  of(appId: string): Promise<string[]>
  list(appId: string): Promise<Domain[]>
  /** By hostname, among all apps. */
  byHostname(hostname: string): Promise<Domain | null>
  add(domain: Domain): Promise<void>
  /** Removes those of that kind, or one. */
  remove(appId: string, which: { readonly kind: Domain['kind'] } | { readonly id: string }): Promise<void>
  removeAll(appId: string): Promise<void>
}

export function domainsTable(db: Db): Domains {
  const select = () => db.selectFrom('domains').selectAll().orderBy('hostname')
  const list = (appId: string) => select().where('appId', '=', appId).execute()
  return {
    list,
    of: async (appId) => (await list(appId)).map(({ hostname }) => hostname),
    async byHostname(hostname) {
      return (await select().where('hostname', '=', hostname).executeTakeFirst()) ?? null
    },
    async add(domain) {
      await db.insertInto('domains').values(domain).execute()
    },
    async remove(appId, which) {
      const [column, value] = 'kind' in which ? (['kind', which.kind] as const) : (['id', which.id] as const)
      await db.deleteFrom('domains').where('appId', '=', appId).where(column, '=', value).execute()
    },
    async removeAll(appId) {
      await db.deleteFrom('domains').where('appId', '=', appId).execute()
    },
  }
}
