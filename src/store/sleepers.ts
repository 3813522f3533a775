import type { PoolLimits, SleepRule, SleepState } from '../domain/sleep.ts'
import { type Db, listed } from './db.ts'

/** Times are UTC ms. */
export interface SleepersTable {
  appId: string
  state: SleepState
  afterIdleMs: number | null
  pool: string | null
  /** Since when it has that state. */
  since: number
  /** When it was last known to be in use. */
  activeAt: number
}

export interface SleepPoolsTable {
  pool: string
  mostAwake: number | null
  mostBytes: number | null
}

export type Sleeper = Readonly<SleepersTable>

/** Apps that sleep or may be put to sleep; one without an entry is awake and stays so. */
export interface Sleepers {
  of(appId: string): Promise<Sleeper | null>
  /** Of those apps, as far as they have an entry. */
  states(ids: readonly string[]): Promise<ReadonlyMap<string, SleepState>>
  /** Of apps that are not being destroyed. */
  all(): Promise<Sleeper[]>
  /** From now on it sleeps by that rule; null: never by itself. What it does now it goes on doing. */
  rule(appId: string, rule: SleepRule | null, at: number): Promise<void>
  enter(appId: string, state: SleepState, at: number): Promise<void>
  /** Whoever sleeps is to wake up. False when it did not sleep. */
  wake(appId: string, at: number): Promise<boolean>
  active(appId: string, at: number): Promise<void>
  pools(): Promise<ReadonlyMap<string, PoolLimits>>
  /** Null: the pool has no limits any more. */
  limit(pool: string, limits: PoolLimits | null): Promise<void>
}

const NO_RULE: SleepRule = { afterIdleMs: null, pool: null }

export function sleepersTable(db: Db): Sleepers {
  return {
    async of(appId) {
      const row = await db.selectFrom('sleepers').selectAll().where('appId', '=', appId).executeTakeFirst()
      return row ?? null
    },
    async states(ids) {
      const query = db.selectFrom('sleepers').select(['appId', 'state']).where('appId', 'in', listed(ids))
      return new Map((await query.execute()).map(({ appId, state }) => [appId, state]))
    },
    all() {
      return db
        .selectFrom('sleepers')
        .innerJoin('apps', 'apps.id', 'sleepers.appId')
        .selectAll('sleepers')
        .where('apps.destroyedAt', 'is', null)
        .orderBy('sleepers.activeAt')
        .execute()
    },
    async rule(appId, rule, at) {
      const { afterIdleMs, pool } = rule ?? NO_RULE
      await db
        .insertInto('sleepers')
        .values({ appId, state: 'awake', afterIdleMs, pool, since: at, activeAt: at })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet({ afterIdleMs, pool }))
        .execute()
    },
    async enter(appId, state, at) {
      await db
        .insertInto('sleepers')
        .values({ appId, state, ...NO_RULE, since: at, activeAt: at })
        .onConflict((conflict) => conflict.column('appId').doUpdateSet({ state, since: at }))
        .execute()
    },
    async wake(appId, at) {
      const changed = await db
        .updateTable('sleepers')
        .set({ state: 'waking', since: at, activeAt: at })
        .where('appId', '=', appId)
        .where('state', '=', 'asleep')
        .executeTakeFirst()
      return changed.numUpdatedRows > 0n
    },
    async active(appId, activeAt) {
      await db.updateTable('sleepers').set({ activeAt }).where('appId', '=', appId).execute()
    },
    async pools() {
      const rows = await db.selectFrom('sleepPools').selectAll().execute()
      return new Map(rows.map(({ pool, ...limits }) => [pool, limits]))
    },
    async limit(pool, limits) {
      if (!limits) {
        await db.deleteFrom('sleepPools').where('pool', '=', pool).execute()
        return
      }
      const { mostAwake, mostBytes } = limits
      await db
        .insertInto('sleepPools')
        .values({ pool, mostAwake, mostBytes })
        .onConflict((conflict) => conflict.column('pool').doUpdateSet({ mostAwake, mostBytes }))
        .execute()
    },
  }
}
