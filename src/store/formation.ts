import type { FormationEntry } from '../domain/release.ts'
import type { Db } from './db.ts'

/** What was asked for per process type; a type that nobody scaled has no entry. */
export interface Formations {
  get(appId: string): Promise<FormationEntry[]>
  set(appId: string, entry: FormationEntry): Promise<void>
}

export function formationTable(db: Db): Formations {
  return {
    async get(appId) {
      return db
        .selectFrom('formation')
        .select(['type', 'quantity', 'size'])
        .where('appId', '=', appId)
        .orderBy('type')
        .execute()
    },
    async set(appId, { type, quantity, size }) {
      await db
        .insertInto('formation')
        .values({ appId, type, quantity, size })
        .onConflict((conflict) => conflict.columns(['appId', 'type']).doUpdateSet({ quantity, size }))
        .execute()
    },
  }
}
