import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

/** Answers by the key of their call, sealed: they may hold config. */
export interface Replays {
  get(key: string): Promise<string | null>
  put(key: string, answer: string, at: number): Promise<void>
  /** Those from before that time. */
  forget(before: number): Promise<void>
}

export function replaysTable(db: Db, seal: Seal): Replays {
  return {
    async get(key) {
      const row = await db.selectFrom('replays').select('sealed').where('key', '=', key).executeTakeFirst()
      return row ? seal.open(row.sealed, key) : null
    },
    async put(key, answer, at) {
      const sealed = seal.close(answer, key)
      await db
        .insertInto('replays')
        .values({ key, sealed, at })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ sealed, at }))
        .execute()
    },
    async forget(before) {
      await db.deleteFrom('replays').where('at', '<', before).execute()
    },
  }
}
