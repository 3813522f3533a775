import type { Db } from './db.ts'

export interface AppTransfersTable {
  id: string
  appId: string
  /** E-mail address of who offered it, and of whom it was offered to. */
  owner: string
  recipient: string
  state: 'pending' | 'accepted' | 'declined'
  createdAt: number
  updatedAt: number
}

/** An app on its way from one owner to another. Times are UTC ms. */
export type AppTransfer = Readonly<AppTransfersTable>

export interface AppTransfers {
  insert(transfer: AppTransfer): Promise<void>
  byId(id: string): Promise<AppTransfer | null>
  /** The one of that app that nobody has answered yet. */
  pending(appId: string): Promise<AppTransfer | null>
  /** Newest first. */
  all(): Promise<AppTransfer[]>
  settle(id: string, state: AppTransfer['state'], at: number): Promise<void>
  delete(id: string): Promise<void>
}

export function appTransfersTable(db: Db): AppTransfers {
  const select = () => db.selectFrom('appTransfers').selectAll()
  return {
    async insert(transfer) {
      await db.insertInto('appTransfers').values(transfer).execute()
    },
    async byId(id) {
      return (await select().where('id', '=', id).executeTakeFirst()) ?? null
    },
    async pending(appId) {
      return (
        (await select().where('appId', '=', appId).where('state', '=', 'pending').executeTakeFirst()) ?? null
      )
    },
    all: () => select().orderBy('createdAt', 'desc').execute(),
    async settle(id, state, updatedAt) {
      await db.updateTable('appTransfers').set({ state, updatedAt }).where('id', '=', id).execute()
    },
    async delete(id) {
      await db.deleteFrom('appTransfers').where('id', '=', id).execute()
    },
  }
}
