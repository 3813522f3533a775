import type { Receipt, Rollout, RolloutOutcome, SetRef } from '../domain/rollout.ts'
import type { Strategy } from '../domain/settings.ts'
import { type Db, listed } from './db.ts'

export interface RolloutsTable {
  id: string
  appId: string
  generation: number
  kind: 'release' | 'restart'
  /** Version of the target's release; its generation is the rollout's own. */
  release: number
  baseGeneration: number | null
  baseRelease: number | null
  strategy: Strategy
  direction: 'forward' | 'back'
  reason: string | null
  backOutcome: 'failed' | 'returned' | null
  releasePhaseDone: number
  switched: number
  paused: number
  outcome: RolloutOutcome | null
  startedAt: number
  finishedAt: number | null
  receipt: string | null
}

interface NewRollout {
  readonly id: string
  readonly appId: string
  readonly generation: number
  readonly kind: Rollout['kind']
  readonly release: number
  readonly base: SetRef | null
  readonly strategy: Strategy
  readonly releasePhaseDone: boolean
  readonly startedAt: number
}

/** The rollouts of the apps, running and past. */
export interface Rollouts {
  insert(rollout: NewRollout): Promise<void>
  byId(id: string): Promise<Rollout | null>
  /** The one without an outcome. */
  running(appId: string): Promise<Rollout | null>
  /** Running, or superseded without a receipt yet; newest first. */
  unfinished(appId: string): Promise<Rollout[]>
  /** Newest first. */
  list(appId: string, max: number): Promise<Rollout[]>
  /** Of the `release` kind: id of the newest one to each of the versions, else to every version. */
  idsByRelease(appId: string, versions?: readonly number[]): Promise<Map<number, string>>
  receipt(id: string): Promise<Receipt | null>
  /** Receipt of the newest finished rollout, to that release if one is named. */
  latestReceipt(appId: string, version: number | null): Promise<Receipt | null>
  supersede(id: string): Promise<void>
  passReleasePhase(id: string): Promise<void>
  /** Only one that runs forward. */
  turnBack(id: string, reason: string, outcome: 'failed' | 'returned'): Promise<void>
  markSwitched(id: string): Promise<void>
  /** Has one that runs forward wait, or go on; false when it does not run forward (any more). */
  pause(id: string, paused: boolean): Promise<boolean>
  /** Ends it; one that was superseded keeps that outcome. */
  end(id: string, outcome: RolloutOutcome, receipt: Receipt, at: number): Promise<void>
  /** Forgets all but the newest finished ones, with their journals. */
  trim(appId: string, keep: number): Promise<number>
}

export function rolloutsTable(db: Db): Rollouts {
  return { ...reading(db), ...writing(db) }
}

type Reading = Pick<
  Rollouts,
  'byId' | 'running' | 'unfinished' | 'list' | 'idsByRelease' | 'receipt' | 'latestReceipt'
>

function reading(db: Db): Reading {
  const select = () => db.selectFrom('rollouts').selectAll()
  const newest = (appId: string) => select().where('appId', '=', appId).orderBy('generation', 'desc')
  return {
    async byId(id) {
      return asRollout(await select().where('id', '=', id).executeTakeFirst())
    },
    async running(appId) {
      return asRollout(
        await select().where('appId', '=', appId).where('outcome', 'is', null).executeTakeFirst(),
      )
    },
    async unfinished(appId) {
      const rows = await newest(appId).where('finishedAt', 'is', null).execute()
      return rows.map((row) => asRollout(row)!)
    },
    async list(appId, max) {
      return (await newest(appId).limit(max).execute()).map((row) => asRollout(row)!)
    },
    async idsByRelease(appId, versions) {
      const query = db
        .selectFrom('rollouts')
        .select(['release', 'id'])
        .where('appId', '=', appId)
        .where('kind', '=', 'release')
        .orderBy('generation')
      const rows = await (versions ? query.where('release', 'in', listed(versions)) : query).execute()
      return new Map(rows.map((row) => [row.release, row.id]))
    },
    async receipt(id) {
      return asReceipt(await select().where('id', '=', id).executeTakeFirst())
    },
    async latestReceipt(appId, version) {
      let query = newest(appId).where('receipt', 'is not', null).limit(1)
      if (version !== null) query = query.where('release', '=', version)
      return asReceipt(await query.executeTakeFirst())
    },
  }
}

function writing(db: Db): Omit<Rollouts, keyof Reading> {
  const update = (id: string) => db.updateTable('rollouts').where('id', '=', id)
  return {
    async insert({ base, ...rollout }) {
      const row = {
        ...rollout,
        baseGeneration: base?.generation ?? null,
        baseRelease: base?.release ?? null,
        releasePhaseDone: Number(rollout.releasePhaseDone),
      }
      await db
        .insertInto('rollouts')
        .values({ ...row, direction: 'forward', switched: 0, paused: 0 })
        .execute()
    },
    async supersede(id) {
      await update(id).set({ outcome: 'superseded' }).where('outcome', 'is', null).execute()
    },
    async passReleasePhase(id) {
      await update(id).set({ releasePhaseDone: 1 }).execute()
    },
    async turnBack(id, reason, backOutcome) {
      await update(id)
        .set({ direction: 'back', reason, backOutcome })
        .where('outcome', 'is', null)
        .where('direction', '=', 'forward')
        .execute()
    },
    async markSwitched(id) {
      await update(id).set({ switched: 1 }).execute()
    },
    async pause(id, paused) {
      const { numUpdatedRows } = await update(id)
        .set({ paused: Number(paused) })
        .where('outcome', 'is', null)
        .where('direction', '=', 'forward')
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    async end(id, outcome, receipt, at) {
      await update(id)
        .set((eb) => ({
          outcome: eb.fn.coalesce('outcome', eb.val(outcome)),
          receipt: JSON.stringify(receipt),
          finishedAt: at,
        }))
        .where('finishedAt', 'is', null)
        .execute()
    },
    async trim(appId, keep) {
      const old = await db
        .selectFrom('rollouts')
        .select('id')
        .where('appId', '=', appId)
        .where('finishedAt', 'is not', null)
        .orderBy('generation', 'desc')
        .limit(-1)
        .offset(keep)
        .execute()
      for (const { id } of old) {
        await db.deleteFrom('journal').where('rollout', '=', id).execute()
        await db.deleteFrom('rollouts').where('id', '=', id).execute()
      }
      return old.length
    },
  }
}

function asReceipt(row: RolloutsTable | undefined): Receipt | null {
  return row?.receipt ? (JSON.parse(row.receipt) as Receipt) : null
}

function asRollout(row: RolloutsTable | undefined): Rollout | null {
  if (!row) return null
  return {
    id: row.id,
    appId: row.appId,
    generation: row.generation,
    kind: row.kind,
    target: { generation: row.generation, release: row.release },
    base: baseOf(row),
    strategy: row.strategy,
    direction: row.direction,
    reason: row.reason,
    backOutcome: row.backOutcome,
    releasePhaseDone: row.releasePhaseDone === 1,
    switched: row.switched === 1,
    paused: row.paused === 1,
    outcome: row.outcome,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
  }
}

function baseOf(row: RolloutsTable): SetRef | null {
  if (row.baseGeneration === null || row.baseRelease === null) return null
  return { generation: row.baseGeneration, release: row.baseRelease }
}
