import type { Db } from './db.ts'

export interface PushesTable {
  id: string
  appId: string
  ref: string
  /** Where the ref was; null when it was not there. */
  fromCommit: string | null
  toCommit: string
  /** Null until its build has been asked for. */
  buildId: string | null
  state: 'pending' | 'accepted' | 'refused'
  reason: string | null
  user: string
  createdAt: number
  endedAt: number | null
}

/** A push to a branch that is deployed. Times are UTC ms. */
export type Push = Readonly<PushesTable>

export interface Pushes {
  insert(
    push: Pick<Push, 'id' | 'appId' | 'ref' | 'fromCommit' | 'toCommit' | 'user' | 'createdAt'>,
  ): Promise<void>
  /** Its build has been asked for. */
  building(id: string, buildId: string): Promise<void>
  /** `reason`: why it was refused, null when it was not. */
  end(id: string, reason: string | null, at: number): Promise<void>
  /** Of all apps, oldest first. */
  pending(): Promise<Push[]>
  /** Newest first. */
  list(appId: string, max: number): Promise<Push[]>
  /** Forgets all but the newest of those that have ended. */
  trim(appId: string, keep: number): Promise<void>
}

const START = { buildId: null, state: 'pending', reason: null, endedAt: null } as const

export function pushesTable(db: Db): Pushes {
  const select = () => db.selectFrom('pushes').selectAll()
  return {
    async insert(push) {
      await db
        .insertInto('pushes')
        .values({ ...START, ...push })
        .execute()
    },
    async building(id, buildId) {
      await db.updateTable('pushes').set({ buildId }).where('id', '=', id).execute()
    },
    async end(id, reason, endedAt) {
      const state = reason === null ? 'accepted' : 'refused'
      await db.updateTable('pushes').set({ state, reason, endedAt }).where('id', '=', id).execute()
    },
    pending() {
      return select().where('state', '=', 'pending').orderBy('createdAt').execute()
    },
    list(appId, max) {
      return select().where('appId', '=', appId).orderBy('createdAt', 'desc').limit(max).execute()
    },
    async trim(appId, keep) {
      const old = select()
        .clearSelect()
        .select('id')
        .where('appId', '=', appId)
        .where('state', '!=', 'pending')
        .orderBy('createdAt', 'desc')
        .limit(-1)
        .offset(keep)
      await db.deleteFrom('pushes').where('id', 'in', old).execute()
    },
  }
}
