import type { Host } from '../domain/host.ts'
import type { Db } from './db.ts'

/** `labels` is JSON; times are UTC ms. */
export interface HostsTable {
  id: string
  name: string
  url: string
  labels: string
  privateAddress: string
  hostKey: string | null
  /** What its Docker engine calls itself, so that no machine is there twice. */
  engine: string
  state: 'active' | 'draining'
  createdAt: number
}

export interface StoredHost extends Host {
  readonly engine: string
}

/** The hosts, by name. */
export interface Hosts {
  all(): Promise<StoredHost[]>
  byId(id: string): Promise<StoredHost | null>
  byName(name: string): Promise<StoredHost | null>
  insert(host: StoredHost): Promise<void>
  update(id: string, change: Partial<Omit<StoredHost, 'id' | 'createdAt'>>): Promise<void>
  delete(id: string): Promise<void>
}

export function hostsTable(db: Db): Hosts {
  const select = () => db.selectFrom('hosts').selectAll().orderBy('name')
  const one = (row: HostsTable | undefined) => (row ? opened(row) : null)
  return {
    all: async () => (await select().execute()).map(opened),
    byId: async (id) => one(await select().where('id', '=', id).executeTakeFirst()),
    byName: async (name) => one(await select().where('name', '=', name).executeTakeFirst()),
    async insert({ labels, ...host }) {
      await db
        .insertInto('hosts')
        .values({ ...host, labels: JSON.stringify(labels) })
        .execute()
    },
    async update(id, { labels, ...rest }) {
      const change = labels === undefined ? rest : { ...rest, labels: JSON.stringify(labels) }
      await db.updateTable('hosts').set(change).where('id', '=', id).execute()
    },
    async delete(id) {
      await db.deleteFrom('hosts').where('id', '=', id).execute()
    },
  }
}

function opened({ labels, ...row }: HostsTable): StoredHost {
  return { ...row, labels: JSON.parse(labels) as string[] }
}
