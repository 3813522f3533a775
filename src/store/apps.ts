import { type Db, listed } from './db.ts'

export interface AppsTable {
  id: string
  name: string
  owner: string
  maintenance: number
  /** The highest generation issued. */
  generation: number
  /** The set that serves when no rollout runs. */
  servingGeneration: number | null
  servingRelease: number | null
  createdAt: number
  updatedAt: number
  releasedAt: number | null
  destroyedAt: number | null
}

/** An app as stored. Times are UTC ms. */
export interface App extends Readonly<Omit<AppsTable, 'maintenance'>> {
  readonly maintenance: boolean
}

/** The apps. One that is being destroyed has given up its name and is found by its id only. */
export interface Apps {
  insert(app: Pick<App, 'id' | 'name' | 'owner' | 'createdAt'>): Promise<void>
  byId(id: string): Promise<App | null>
  /** Of those not being destroyed. */
  byName(name: string): Promise<App | null>
  /** Those not being destroyed, by name. */
  all(): Promise<App[]>
  /** Ids, also of those being destroyed. */
  ids(): Promise<string[]>
  /** Bytes of the artifact that serves, by app. */
  slugSizes(ids: readonly string[]): Promise<Map<string, number>>
  change(
    id: string,
    change: Partial<Pick<App, 'name' | 'owner' | 'maintenance' | 'releasedAt' | 'destroyedAt'>>,
    at: number,
  ): Promise<void>
  /** All apps of one owner are the other's now. */
  changeOwner(from: string, to: string): Promise<void>
  /** The next generation of the app, issued now. */
  nextGeneration(id: string): Promise<number>
  serve(id: string, set: { generation: number; release: number } | null): Promise<void>
  delete(id: string): Promise<void>
}

const START = {
  maintenance: 0,
  generation: 0,
  servingGeneration: null,
  servingRelease: null,
  releasedAt: null,
  destroyedAt: null,
}

export function appsTable(db: Db): Apps {
  const select = () => db.selectFrom('apps').selectAll()
  return {
    async insert(app) {
      await db
        .insertInto('apps')
        .values({ ...START, ...app, updatedAt: app.createdAt })
        .execute()
    },
    async byId(id) {
      return asApp(await select().where('id', '=', id).executeTakeFirst())
    },
    async byName(name) {
      return asApp(
        await select().where('name', '=', name).where('destroyedAt', 'is', null).executeTakeFirst(),
      )
    },
    async all() {
      const rows = await select().where('destroyedAt', 'is', null).orderBy('name').execute()
      return rows.map((row) => asApp(row)!)
    },
    async ids() {
      return (await db.selectFrom('apps').select('id').execute()).map((row) => row.id)
    },
    async slugSizes(ids) {
      const query = db
        .selectFrom('apps')
        .innerJoin('releases', (join) =>
          join.onRef('releases.appId', '=', 'apps.id').onRef('releases.version', '=', 'apps.servingRelease'),
        )
        .innerJoin('artifacts', 'artifacts.digest', 'releases.artifact')
        .select(['apps.id', 'artifacts.size'])
        .where('apps.id', 'in', listed(ids))
      return new Map((await query.execute()).map((row) => [row.id, row.size]))
    },
    async change(id, { maintenance, ...change }, at) {
      const flag = maintenance === undefined ? {} : { maintenance: Number(maintenance) }
      await db
        .updateTable('apps')
        .set({ ...change, ...flag, updatedAt: at })
        .where('id', '=', id)
        .execute()
    },
    async changeOwner(from, to) {
      await db.updateTable('apps').set({ owner: to }).where('owner', '=', from).execute()
    },
    async nextGeneration(id) {
      const row = await db
        .updateTable('apps')
        .set((eb) => ({ generation: eb('generation', '+', 1) }))
        .where('id', '=', id)
        .returning('generation')
        .executeTakeFirstOrThrow()
      return row.generation
    },
    async serve(id, set) {
      const serving = { servingGeneration: set?.generation ?? null, servingRelease: set?.release ?? null }
      await db.updateTable('apps').set(serving).where('id', '=', id).execute()
    },
    async delete(id) {
      await db.deleteFrom('apps').where('id', '=', id).execute()
    },
  }
}

function asApp(row: AppsTable | undefined): App | null {
  return row ? { ...row, maintenance: row.maintenance === 1 } : null
}
