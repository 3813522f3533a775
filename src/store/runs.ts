import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

export interface RunsTable {
  id: string
  appId: string
  name: string
  instance: string
  command: string
  size: string
  release: number
  /** What the user gave beside the command, sealed: it may hold secrets. */
  options: Uint8Array
  state: 'waiting' | 'up' | 'ended'
  exitCode: number | null
  user: string
  createdAt: number
  endedAt: number | null
}

/** What the user gave beside the command. */
interface RunOptions {
  readonly env: Readonly<Record<string, string>>
  readonly tty: boolean
  readonly columns: number
  readonly lines: number
  /** Its user sits at its terminal, or at the ends of its pipes. */
  readonly attached: boolean
  /** Longest that it may go on. */
  readonly seconds: number
}

/** For runs that an earlier version has written down. */
const EARLIER = { attached: false, seconds: 86_400 }

/** One run of a command with an app's release and config. Times are UTC ms. */
export interface Run extends Readonly<Omit<RunsTable, 'options'>> {
  readonly options: RunOptions
}

export interface Runs {
  insert(run: Run): Promise<void>
  get(id: string): Promise<Run | null>
  byId(appId: string, id: string): Promise<Run | null>
  /** Of all apps: those that have not ended. */
  open(): Promise<Run[]>
  /** Waiting → up: true for the one caller that may start it. */
  claim(id: string): Promise<boolean>
  /** Waiting → ended: false when somebody has claimed it, or it has ended. */
  expire(id: string, at: number): Promise<boolean>
  end(id: string, exitCode: number | null, at: number): Promise<void>
  /** Those that ended before that time. */
  forget(before: number): Promise<void>
}

export function runsTable(db: Db, seal: Seal): Runs {
  const select = () => db.selectFrom('runs').selectAll()
  const asRun = (row: RunsTable): Run => ({
    ...row,
    options: { ...EARLIER, ...(JSON.parse(seal.open(row.options, row.appId)) as RunOptions) },
  })
  const one = async (query: ReturnType<typeof select>) => {
    const row = await query.executeTakeFirst()
    return row ? asRun(row) : null
  }
  return {
    async insert(run) {
      const options = seal.close(JSON.stringify(run.options), run.appId)
      await db
        .insertInto('runs')
        .values({ ...run, options })
        .execute()
    },
    get: (id) => one(select().where('id', '=', id)),
    byId: (appId, id) => one(select().where('appId', '=', appId).where('id', '=', id)),
    async open() {
      return (await select().where('state', 'in', ['waiting', 'up']).execute()).map(asRun)
    },
    async claim(id) {
      const result = await db
        .updateTable('runs')
        .set({ state: 'up' })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirst()
      return result.numUpdatedRows === 1n
    },
    async expire(id, endedAt) {
      const result = await db
        .updateTable('runs')
        .set({ state: 'ended', endedAt })
        .where('id', '=', id)
        .where('state', '=', 'waiting')
        .executeTakeFirst()
      return result.numUpdatedRows === 1n
    },
    async end(id, exitCode, endedAt) {
      await db
        .updateTable('runs')
        .set({ state: 'ended', exitCode, endedAt })
        .where('id', '=', id)
        .where('state', '!=', 'ended')
        .execute()
    },
    async forget(before) {
      await db.deleteFrom('runs').where('endedAt', '<', before).execute()
    },
  }
}
