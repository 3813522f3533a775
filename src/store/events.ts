import type { Generated, Selectable } from 'kysely'
import type { Db } from './db.ts'

export interface EventsTable {
  id: Generated<number>
  appId: string | null
  appName: string | null
  at: number
  user: string
  kind: string
  text: string
}

type Event = Readonly<Selectable<EventsTable>>

/** Who did what, for the record. Outlives the apps. */
export interface Events {
  add(event: Omit<Event, 'id'>): Promise<void>
  /** Newest first. */
  list(appId: string, max: number): Promise<Event[]>
}

export function eventsTable(db: Db): Events {
  return {
    async add(event) {
      await db.insertInto('events').values(event).execute()
    },
    async list(appId, max) {
      return db
        .selectFrom('events')
        .selectAll()
        .where('appId', '=', appId)
        .orderBy('id', 'desc')
        .limit(max)
        .execute()
    },
  }
}
