import type { Db } from './db.ts'

export interface SourcesTable {
  id: string
  createdAt: number
  /** Bytes; null until it has been uploaded whole. */
  size: number | null
}

type Source = Readonly<SourcesTable>

/** Uploaded sources, waiting for their build. */
export interface Sources {
  insert(id: string, at: number): Promise<void>
  byId(id: string): Promise<Source | null>
  uploaded(id: string, size: number): Promise<void>
  olderThan(at: number): Promise<Source[]>
  delete(id: string): Promise<void>
}

export function sourcesTable(db: Db): Sources {
  return {
    async insert(id, createdAt) {
      await db.insertInto('sources').values({ id, createdAt, size: null }).execute()
    },
    async byId(id) {
      return (await db.selectFrom('sources').selectAll().where('id', '=', id).executeTakeFirst()) ?? null
    },
    async uploaded(id, size) {
      await db.updateTable('sources').set({ size }).where('id', '=', id).execute()
    },
    async olderThan(at) {
      return db.selectFrom('sources').selectAll().where('createdAt', '<', at).execute()
    },
    async delete(id) {
      await db.deleteFrom('sources').where('id', '=', id).execute()
    },
  }
}
