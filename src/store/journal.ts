import type { Generated } from 'kysely'
import type { InstanceId } from '../domain/instance.ts'
import type { JournalEntry, OperationKind } from '../domain/rollout.ts'
import type { NewEntry } from '../rollout/spec.ts'
import type { Db } from './db.ts'

export interface JournalTable {
  id: Generated<number>
  appId: string
  rollout: string | null
  generation: number
  kind: JournalEntry['kind']
  instance: string | null
  name: string | null
  release: number | null
  note: string
  state: JournalEntry['state']
  error: string | null
  at: number
  endedAt: number | null
}

/** What the engine intended, did and saw. */
export interface Journal {
  /** Ids, in order. */
  append(entries: readonly NewEntry[]): Promise<number[]>
  settle(outcomes: readonly { id: number; error: string | null; at: number }[]): Promise<void>
  /** Oldest first. */
  ofRollout(rollout: string): Promise<JournalEntry[]>
  /** Of each of the instances that have one: the newest entry of these kinds. */
  newestOf<K extends OperationKind>(
    instances: readonly InstanceId[],
    kinds: readonly K[],
  ): Promise<ReadonlyMap<InstanceId, K>>
  /** The last ones that belong to no rollout (restarts after a crash, scaling) are trimmed to `keep`. */
  trimLoose(appId: string, keep: number): Promise<void>
}

export function journalTable(db: Db): Journal {
  return {
    async append(entries) {
      const ids: number[] = []
      for (const entry of entries) ids.push(await insert(db, entry))
      return ids
    },
    async settle(outcomes) {
      for (const { id, error, at } of outcomes) {
        const state = error === null ? ('done' as const) : ('failed' as const)
        await db.updateTable('journal').set({ state, error, endedAt: at }).where('id', '=', id).execute()
      }
    },
    async ofRollout(rollout) {
      return db.selectFrom('journal').selectAll().where('rollout', '=', rollout).orderBy('id').execute()
    },
    async newestOf(instances, kinds) {
      const newest = db
        .selectFrom('journal')
        .select(({ fn }) => fn.max('id').as('id'))
        .where('instance', 'in', instances)
        .where('kind', 'in', kinds)
        .groupBy('instance')
      const rows = await db
        .selectFrom('journal')
        .select(['instance', 'kind'])
        .where('id', 'in', newest)
        .execute()
      return new Map(
        rows.map(({ instance, kind }) => [instance as InstanceId, kind as (typeof kinds)[number]]),
      )
    },
    async trimLoose(appId, keep) {
      const last = await db
        .selectFrom('journal')
        .select('id')
        .where('appId', '=', appId)
        .where('rollout', 'is', null)
        .orderBy('id', 'desc')
        .offset(keep)
        .limit(1)
        .executeTakeFirst()
      if (!last) return
      await db
        .deleteFrom('journal')
        .where('appId', '=', appId)
        .where('rollout', 'is', null)
        .where('id', '<=', last.id)
        .execute()
    },
  }
}

async function insert(db: Db, entry: NewEntry): Promise<number> {
  const row = await db.insertInto('journal').values(entry).returning('id').executeTakeFirstOrThrow()
  return row.id
}
