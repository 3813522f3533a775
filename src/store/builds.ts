import type { Db } from './db.ts'

export interface BuildsTable {
  id: string
  appId: string
  status: 'pending' | 'succeeded' | 'failed'
  sourceUrl: string
  sourceVersion: string | null
  artifact: string | null
  releaseId: string | null
  rolloutId: string | null
  /** `{id, message, next}` once it has failed. */
  error: string | null
  /** A list of URLs, as JSON; null as long as nobody knows. */
  buildpacks: string | null
  /** `SHA256:` and hex digits, as the source's sender gave it. */
  checksum: string | null
  user: string
  createdAt: number
  updatedAt: number
}

export interface BuildError {
  readonly id: string
  readonly message: string
  readonly next: string
}

/** One try to make an artifact, and the release that came of it. Times are UTC ms. */
export interface Build extends Readonly<Omit<BuildsTable, 'error' | 'buildpacks'>> {
  readonly error: BuildError | null
  /** URLs of what it is made with; null as long as nobody knows. */
  readonly buildpacks: readonly string[] | null
}

export interface Builds {
  insert(
    build: Pick<Build, 'id' | 'appId' | 'sourceUrl' | 'sourceVersion' | 'buildpacks' | 'user' | 'createdAt'> &
      Partial<Pick<Build, 'checksum'>>,
  ): Promise<void>
  /** What it is made with. */
  madeWith(id: string, buildpacks: readonly string[]): Promise<void>
  byId(id: string): Promise<Build | null>
  /** Newest first. */
  list(appId: string, max: number): Promise<Build[]>
  /** Of all apps, oldest first. */
  pending(): Promise<Build[]>
  succeed(
    id: string,
    made: { artifact: string; releaseId: string; rolloutId: string | null },
    at: number,
  ): Promise<void>
  fail(id: string, error: BuildError, at: number): Promise<void>
  /** Forgets all but the newest of those that have ended; returns their ids. */
  trim(appId: string, keep: number): Promise<string[]>
}

const START = {
  status: 'pending',
  artifact: null,
  releaseId: null,
  rolloutId: null,
  error: null,
  checksum: null,
} as const

export function buildsTable(db: Db): Builds {
  const select = () => db.selectFrom('builds').selectAll()
  return {
    async insert({ buildpacks, ...build }) {
      await db
        .insertInto('builds')
        .values({ ...START, ...build, buildpacks: listText(buildpacks), updatedAt: build.createdAt })
        .execute()
    },
    async madeWith(id, buildpacks) {
      await db
        .updateTable('builds')
        .set({ buildpacks: listText(buildpacks) })
        .where('id', '=', id)
        .execute()
    },
    async byId(id) {
      const row = await select().where('id', '=', id).executeTakeFirst()
      return row ? asBuild(row) : null
    },
    async list(appId, max) {
      const rows = await select().where('appId', '=', appId).orderBy('createdAt', 'desc').limit(max).execute()
      return rows.map(asBuild)
    },
    async pending() {
      return (await select().where('status', '=', 'pending').orderBy('createdAt').execute()).map(asBuild)
    },
    async succeed(id, made, updatedAt) {
      await db
        .updateTable('builds')
        .set({ ...made, status: 'succeeded', updatedAt })
        .where('id', '=', id)
        .execute()
    },
    async fail(id, error, updatedAt) {
      await db
        .updateTable('builds')
        .set({ status: 'failed', error: JSON.stringify(error), updatedAt })
        .where('id', '=', id)
        .where('status', '=', 'pending')
        .execute()
    },
    async trim(appId, keep) {
      const old = await select()
        .where('appId', '=', appId)
        .where('status', '!=', 'pending')
        .orderBy('createdAt', 'desc')
        .limit(-1)
        .offset(keep)
        .execute()
      for (const { id } of old) await db.deleteFrom('builds').where('id', '=', id).execute()
      return old.map((row) => row.id)
    },
  }
}

function listText(buildpacks: readonly string[] | null): string | null {
  return buildpacks === null ? null : JSON.stringify(buildpacks)
}

function asBuild(row: BuildsTable): Build {
  return {
    ...row,
    error: row.error === null ? null : (JSON.parse(row.error) as BuildError),
    buildpacks: row.buildpacks === null ? null : (JSON.parse(row.buildpacks) as string[]),
  }
}
