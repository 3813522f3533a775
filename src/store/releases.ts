import type { Release, ReleaseStatus } from '../domain/release.ts'
import { closeConfig, digestOf, openConfig } from './config.ts'
import type { Db } from './db.ts'
import type { Seal } from './seal.ts'

export interface ReleasesTable {
  id: string
  appId: string
  version: number
  artifact: string | null
  commit: string | null
  description: string
  status: ReleaseStatus
  user: string
  config: Uint8Array
  /** Equal configs of an app have equal digests. */
  configDigest: string
  createdAt: number
  updatedAt: number
}

/** A release as stored, with what compares its config to another's. */
export interface StoredRelease extends Release {
  readonly configDigest: string
  readonly updatedAt: number
}

/** Which part of an app's releases: by version, both ends included, at most `max`. */
export interface ReleaseRange {
  readonly from?: number
  readonly to?: number
  readonly order?: 'asc' | 'desc'
  readonly max?: number
}

/** The releases: a ledger that only grows. */
export interface Releases {
  /** The next version of the app. */
  insert(release: NewRelease): Promise<StoredRelease>
  byVersion(appId: string, version: number): Promise<StoredRelease | null>
  byId(appId: string, id: string): Promise<StoredRelease | null>
  /** Newest version first unless told otherwise. */
  list(appId: string, range?: ReleaseRange): Promise<StoredRelease[]>
  latest(appId: string): Promise<StoredRelease | null>
  /** The newest one that has this artifact. */
  newestWith(appId: string, artifact: string): Promise<StoredRelease | null>
  config(appId: string, version: number): Promise<Record<string, string>>
  /** Sets the status of one that is still pending. */
  settle(appId: string, version: number, status: ReleaseStatus, at: number): Promise<void>
}

type NewRelease = Omit<Release, 'version'> & { readonly config: Readonly<Record<string, string>> }

const COLUMNS = [
  'id',
  'appId',
  'version',
  'artifact',
  'commit',
  'description',
  'status',
  'user',
  'configDigest',
  'createdAt',
  'updatedAt',
] as const

export function releasesTable(db: Db, seal: Seal): Releases {
  const select = (appId: string) => db.selectFrom('releases').select(COLUMNS).where('appId', '=', appId)
  const one = async (query: ReturnType<typeof select>) => (await query.executeTakeFirst()) ?? null
  return {
    async insert({ config, ...release }) {
      const latest = await one(select(release.appId).orderBy('version', 'desc').limit(1))
      const row = {
        ...release,
        version: (latest?.version ?? 0) + 1,
        configDigest: digestOf(seal, config, release.appId),
        updatedAt: release.createdAt,
      }
      const sealed = closeConfig(seal, config, release.appId)
      await db
        .insertInto('releases')
        .values({ ...row, config: sealed })
        .execute()
      return row
    },
    byVersion: (appId, version) => one(select(appId).where('version', '=', version)),
    byId: (appId, id) => one(select(appId).where('id', '=', id)),
    async list(appId, range = {}) {
      let query = select(appId).orderBy('version', range.order ?? 'desc')
      if (range.from !== undefined) query = query.where('version', '>=', range.from)
      if (range.to !== undefined) query = query.where('version', '<=', range.to)
      if (range.max !== undefined) query = query.limit(range.max)
      return query.execute()
    },
    latest: (appId) => one(select(appId).orderBy('version', 'desc').limit(1)),
    newestWith: (appId, artifact) =>
      one(select(appId).where('artifact', '=', artifact).orderBy('version', 'desc').limit(1)),
    async config(appId, version) {
      const row = await db
        .selectFrom('releases')
        .select('config')
        .where('appId', '=', appId)
        .where('version', '=', version)
        .executeTakeFirstOrThrow()
      return openConfig(seal, row.config, appId)
    },
    async settle(appId, version, status, at) {
      await db
        .updateTable('releases')
        .set({ status, updatedAt: at })
        .where('appId', '=', appId)
        .where('version', '=', version)
        .where('status', '=', 'pending')
        .execute()
    },
  }
}
