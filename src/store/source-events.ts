import type { Generated } from 'kysely'
import type { SourceEvent } from '../domain/source-event.ts'
import type { Db } from './db.ts'

export interface SourceEventsTable {
  number: Generated<number>
  id: string
  pipelineId: string
  /** The same for what is the same, under whichever id it comes. */
  digest: string
  event: string
  /** `expected`: not true yet; `overtaken`: a newer one came before it. */
  state: 'expected' | 'waiting' | 'handled' | 'overtaken' | 'failed'
  expects: string | null
  /** Names of those who have taken note of it, a list. */
  handled: string
  attempts: number
  nextAt: number
  error: string | null
  at: number
}

/** A ref of an app's repository that is to be moved. */
interface Expected {
  readonly appId: string
  readonly ref: string
  /** Null: it is to go. */
  readonly to: string | null
}

/** An event with what has become of it. Times are UTC ms. */
export interface KeptEvent
  extends Readonly<Omit<SourceEventsTable, 'number' | 'event' | 'expects' | 'handled'>> {
  /** Those of a pipeline go out by it. */
  readonly number: number
  readonly event: SourceEvent
  readonly expects: Expected | null
  readonly handled: readonly string[]
}

type NewEvent = Pick<KeptEvent, 'digest' | 'event' | 'state' | 'expects'>
export type EventChange = Partial<Pick<KeptEvent, 'state' | 'handled' | 'attempts' | 'nextAt' | 'error'>>

export interface SourceEvents {
  /** False when there is one of that id or digest already; then nothing is written. */
  insert(event: NewEvent): Promise<boolean>
  /** The oldest that wait. */
  waitingOf(pipelineId: string, max: number): Promise<KeptEvent[]>
  /** Ids of the pipelines in which one waits. */
  waiting(): Promise<string[]>
  expected(): Promise<KeptEvent[]>
  change(number: number, change: EventChange): Promise<void>
  /** What was expected is true now, or never will be. Does nothing to others. */
  confirm(pipelineId: string, id: string): Promise<void>
  drop(pipelineId: string, id: string): Promise<void>
  /** Newest first. */
  list(pipelineId: string, max: number): Promise<KeptEvent[]>
  /** Forgets all but the newest of those that nobody waits for. */
  trim(pipelineId: string, keep: number): Promise<void>
}

const START = { handled: '[]', attempts: 0, nextAt: 0, error: null } as const

export function sourceEventsTable(db: Db): SourceEvents {
  const select = () => db.selectFrom('sourceEvents').selectAll()
  const one = (pipelineId: string, id: string) => ({ pipelineId, id, state: 'expected' }) as const
  return {
    async insert({ event, digest, state, expects }) {
      const { id, pipelineId, at } = event
      const json = {
        event: JSON.stringify(event),
        expects: expects === null ? null : JSON.stringify(expects),
      }
      const result = await db
        .insertInto('sourceEvents')
        .values({ ...START, ...json, id, pipelineId, digest, state, at })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirst()
      return Number(result.numInsertedOrUpdatedRows ?? 0) > 0
    },
    async waitingOf(pipelineId, max) {
      const rows = select().where('pipelineId', '=', pipelineId).where('state', '=', 'waiting')
      return (await rows.orderBy('number').limit(max).execute()).map(kept)
    },
    async waiting() {
      const rows = db
        .selectFrom('sourceEvents')
        .select('pipelineId')
        .distinct()
        .where('state', '=', 'waiting')
      return (await rows.execute()).map(({ pipelineId }) => pipelineId)
    },
    async expected() {
      return (await select().where('state', '=', 'expected').orderBy('number').execute()).map(kept)
    },
    async change(number, { handled, ...rest }) {
      const set = { ...rest, ...(handled === undefined ? {} : { handled: JSON.stringify(handled) }) }
      await db.updateTable('sourceEvents').set(set).where('number', '=', number).execute()
    },
    async confirm(pipelineId, id) {
      await db
        .updateTable('sourceEvents')
        .set({ state: 'waiting' })
        .where((eb) => eb.and(one(pipelineId, id)))
        .execute()
    },
    async drop(pipelineId, id) {
      await db
        .deleteFrom('sourceEvents')
        .where((eb) => eb.and(one(pipelineId, id)))
        .execute()
    },
    async list(pipelineId, max) {
      const rows = select().where('pipelineId', '=', pipelineId).orderBy('number', 'desc').limit(max)
      return (await rows.execute()).map(kept)
    },
    async trim(pipelineId, keep) {
      const old = db
        .selectFrom('sourceEvents')
        .select('number')
        .where('pipelineId', '=', pipelineId)
        .where('state', 'not in', ['waiting', 'expected'])
        .orderBy('number', 'desc')
        .limit(-1)
        .offset(keep)
      await db.deleteFrom('sourceEvents').where('number', 'in', old).execute()
    },
  }
}

type Row = Omit<SourceEventsTable, 'number'> & { number: number }

function kept({ event, expects, handled, ...rest }: Row): KeptEvent {
  return {
    ...rest,
    event: JSON.parse(event) as SourceEvent,
    expects: expects === null ? null : (JSON.parse(expects) as Expected),
    handled: JSON.parse(handled) as string[],
  }
}
