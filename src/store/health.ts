import { type Generated, type Selectable, sql } from 'kysely'
import type { HealthState } from '../domain/health.ts'
import { type Db, listed } from './db.ts'

/** A stretch of time in which a state did not change. Times are UTC ms. */
export interface HealthTable {
  id: Generated<number>
  /** `watch`: the control plane looked. */
  kind: 'instance' | 'host' | 'watch'
  /** Null for what belongs to no app. */
  appId: string | null
  /** Id of the instance; name of the host. */
  subject: string
  /** `web.1`; name of the host. */
  name: string
  release: number | null
  /** Where the instance runs; null: on the server's own machine. */
  host: string | null
  state: HealthState
  reason: string
  fromAt: number
  /** Null: it goes on. */
  untilAt: number | null
}

export type HealthStretch = Readonly<Selectable<HealthTable>>
export type NewStretch = Omit<HealthStretch, 'id' | 'untilAt'>

/** How it stood with instances and hosts, as stretches of time. */
export interface HealthStretches {
  /** Begins one that goes on; returns its id. */
  begin(stretch: NewStretch): Promise<number>
  end(ids: readonly number[], at: number): Promise<void>
  /** Says why, of one that began without a reason. */
  explain(id: number, reason: string): Promise<void>
  /** Ends all that go on: whoever was watching them is gone since then. */
  endAll(at: number): Promise<void>
  /** A watch has gone on up to that instant; `id` null: it begins. Returns its id. */
  watched(id: number | null, from: number, until: number): Promise<number>
  /** Until when the last watch is known to have gone on; null when there has been none. */
  lastWatched(): Promise<number | null>
  /** What an app's instances, or without an app the hosts, were since the instant; oldest first. */
  since(instant: number, appId: string | null): Promise<HealthStretch[]>
  watches(since: number): Promise<{ from: number; until: number }[]>
  /** Deletes what ended before the instant, and of each app and of the hosts all but the newest so many. */
  forget(before: number, most: number): Promise<void>
}

export function healthTable(db: Db): HealthStretches {
  const ended = (at: number) => db.updateTable('health').set({ untilAt: at })
  return {
    async begin(stretch) {
      const row = { ...stretch, untilAt: null }
      return (await db.insertInto('health').values(row).returning('id').executeTakeFirstOrThrow()).id
    },
    async end(ids, at) {
      await ended(at).where('id', 'in', listed(ids)).where('untilAt', 'is', null).execute()
    },
    async explain(id, reason) {
      await db.updateTable('health').set({ reason }).where('id', '=', id).execute()
    },
    async endAll(at) {
      // What began after the watch was last written down has no length, rather than one below zero.
      const end = sql<number>`max(fromAt, ${at})`
      await db.updateTable('health').set({ untilAt: end }).where('untilAt', 'is', null).execute()
    },
    async watched(id, fromAt, untilAt) {
      if (id !== null) {
        await ended(untilAt).where('id', '=', id).execute()
        return id
      }
      const row = { kind: 'watch', subject: '', name: '', state: 'up', reason: '' } as const
      const values = { ...row, appId: null, release: null, host: null, fromAt, untilAt }
      return (await db.insertInto('health').values(values).returning('id').executeTakeFirstOrThrow()).id
    },
    async lastWatched() {
      const last = db.selectFrom('health').select((row) => row.fn.max('untilAt').as('at'))
      return (await last.where('kind', '=', 'watch').executeTakeFirst())?.at ?? null
    },
    since(instant, appId) {
      const rows = db
        .selectFrom('health')
        .selectAll()
        .where('appId', appId === null ? 'is' : '=', appId)
        .where((row) => row.or([row('untilAt', 'is', null), row('untilAt', '>', instant)]))
        .orderBy('fromAt')
      return rows.where('kind', '=', appId === null ? 'host' : 'instance').execute()
    },
    async watches(since) {
      const rows = await db
        .selectFrom('health')
        .select(['fromAt', 'untilAt'])
        .where('kind', '=', 'watch')
        .where('untilAt', '>', since)
        .orderBy('fromAt')
        .execute()
      return rows.map(({ fromAt, untilAt }) => ({ from: fromAt, until: untilAt! }))
    },
    async forget(before, most) {
      await db.deleteFrom('health').where('untilAt', '<', before).execute()
      const crowded = await db
        .selectFrom('health')
        .select(['appId', (row) => row.fn.max('id').as('newest')])
        .groupBy('appId')
        .having((row) => row.fn.countAll(), '>', most)
        .execute()
      for (const { appId } of crowded) {
        const oldest = db
          .selectFrom('health')
          .select('id')
          .where('appId', appId === null ? 'is' : '=', appId)
          .orderBy('id', 'desc')
          .offset(most)
          .limit(-1)
        await db.deleteFrom('health').where('id', 'in', oldest).where('untilAt', 'is not', null).execute()
      }
    },
  }
}
