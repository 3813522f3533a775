import type { Artifact, ArtifactImage, ArtifactKind } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { type Db, listed } from './db.ts'

export interface ArtifactsTable {
  digest: string
  kind: ArtifactKind
  size: number
  commit: string | null
  builder: string
  processTypes: string
  manifest: string
  env: string
  /** JSON of where an image is found. */
  image: string | null
  createdAt: number
  /** When its files were collected; the row stays for the history. */
  collectedAt: number | null
}

/** What was built. The rows outlive the files, for the history. */
export interface Artifacts {
  /** Keeps it; built again after its files were collected, it is there again, and an image is where it was put last. */
  put(artifact: Artifact, at: number): Promise<void>
  /** Throws `not_found`. */
  get(digest: string): Promise<Artifact>
  /** Digests that begin so. */
  startingWith(start: string): Promise<string[]>
  /** When it was made, and when its files were collected. */
  times(digest: string): Promise<{ createdAt: number; collectedAt: number | null }>
  /** Its files have not been collected. */
  present(digest: string): Promise<boolean>
  presentDigests(): Promise<string[]>
  /** Those of them whose files have not been collected. */
  presentOf(digests: readonly string[]): Promise<string[]>
  /** All that are images, also those that were collected. */
  images(): Promise<KnownImage[]>
  /** Digests of the slugs whose files have been collected. */
  collectedSlugs(): Promise<string[]>
  markCollected(digest: string, at: number): Promise<void>
  markPresent(digest: string): Promise<void>
}

/** An artifact that is an image. Times are UTC ms. */
interface KnownImage {
  readonly digest: string
  readonly image: ArtifactImage
  readonly createdAt: number
  readonly collectedAt: number | null
}

/** Artifacts are immutable, but for where an image is: read once, they are kept until they are put again. */
export type ArtifactCache = Map<string, Artifact>

const MOST_CACHED = 2000

export function artifactsTable(db: Db, cache: ArtifactCache): Artifacts {
  return {
    async put(artifact, createdAt) {
      const row = { ...asRow(artifact), createdAt, collectedAt: null }
      const again = { collectedAt: null, image: row.image }
      await db
        .insertInto('artifacts')
        .values(row)
        .onConflict((conflict) => conflict.column('digest').doUpdateSet(again))
        .execute()
      cache.delete(artifact.digest)
    },
    async get(digest) {
      return cache.get(digest) ?? remembered(cache, await readArtifact(db, digest))
    },
    async startingWith(start) {
      const rows = await db
        .selectFrom('artifacts')
        .select('digest')
        .where('digest', '>=', start)
        .where('digest', '<', `${start}g`)
        .execute()
      return rows.map((row) => row.digest)
    },
    times: (digest) =>
      db
        .selectFrom('artifacts')
        .select(['createdAt', 'collectedAt'])
        .where('digest', '=', digest)
        .executeTakeFirstOrThrow(),
    async present(digest) {
      const row = await db
        .selectFrom('artifacts')
        .select('digest')
        .where('digest', '=', digest)
        .where('collectedAt', 'is', null)
        .executeTakeFirst()
      return row !== undefined
    },
    async presentDigests() {
      const rows = await db
        .selectFrom('artifacts')
        .select('digest')
        .where('collectedAt', 'is', null)
        .execute()
      return rows.map((row) => row.digest)
    },
    async presentOf(digests) {
      const rows = await db
        .selectFrom('artifacts')
        .select('digest')
        .where('digest', 'in', listed(digests))
        .where('collectedAt', 'is', null)
        .execute()
      return rows.map((row) => row.digest)
    },
    async images() {
      const rows = await db
        .selectFrom('artifacts')
        .select(['digest', 'image', 'createdAt', 'collectedAt'])
        .where('image', 'is not', null)
        .execute()
      return rows.map(({ image, ...rest }) => ({ ...rest, image: JSON.parse(image!) as ArtifactImage }))
    },
    async collectedSlugs() {
      const rows = await db
        .selectFrom('artifacts')
        .select('digest')
        .where('kind', '=', 'slug')
        .where('collectedAt', 'is not', null)
        .execute()
      return rows.map((row) => row.digest)
    },
    async markCollected(digest, collectedAt) {
      await db.updateTable('artifacts').set({ collectedAt }).where('digest', '=', digest).execute()
    },
    async markPresent(digest) {
      await db.updateTable('artifacts').set({ collectedAt: null }).where('digest', '=', digest).execute()
    },
  }
}

function remembered(cache: ArtifactCache, artifact: Artifact): Artifact {
  if (cache.size >= MOST_CACHED) cache.delete(cache.keys().next().value!)
  cache.set(artifact.digest, artifact)
  return artifact
}

async function readArtifact(db: Db, digest: string): Promise<Artifact> {
  const row = await db.selectFrom('artifacts').selectAll().where('digest', '=', digest).executeTakeFirst()
  if (!row) throw new TasukiError('not_found', `There is no artifact ${digest}.`)
  return {
    digest: row.digest,
    kind: row.kind,
    size: row.size,
    commit: row.commit,
    builder: row.builder,
    processTypes: JSON.parse(row.processTypes),
    manifest: JSON.parse(row.manifest),
    env: JSON.parse(row.env),
    ...(row.image === null ? {} : { image: JSON.parse(row.image) }),
  }
}

function asRow(artifact: Artifact): Omit<ArtifactsTable, 'createdAt' | 'collectedAt'> {
  return {
    digest: artifact.digest,
    kind: artifact.kind,
    size: artifact.size,
    commit: artifact.commit,
    builder: artifact.builder,
    processTypes: JSON.stringify(artifact.processTypes),
    manifest: JSON.stringify(artifact.manifest),
    env: JSON.stringify(artifact.env),
    image: artifact.image ? JSON.stringify(artifact.image) : null,
  }
}
