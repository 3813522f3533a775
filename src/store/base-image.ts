import type { Db } from './db.ts'

/** There is one row at most. */
export interface BaseImageTable {
  id: number
  name: string
  ref: string
  imageId: string
  setAt: number
}

/** What slugs are put on where they run in Docker. */
export interface BaseImage {
  /** As somebody named it: `node:24-slim`. */
  readonly name: string
  /** What it was then, as engines are told it: with its digest in a registry, or its id. */
  readonly ref: string
  /** Digest of its configuration. */
  readonly id: string
  /** UTC ms. */
  readonly setAt: number
}

export interface BaseImages {
  /** Null: nobody has named one. */
  get(): Promise<BaseImage | null>
  set(image: BaseImage): Promise<void>
  delete(): Promise<void>
}

const ONLY = 1

export function baseImageTable(db: Db): BaseImages {
  return {
    async get() {
      const row = await db.selectFrom('baseImage').selectAll().executeTakeFirst()
      return row ? { name: row.name, ref: row.ref, id: row.imageId, setAt: row.setAt } : null
    },
    async set({ id: imageId, ...rest }) {
      const row = { ...rest, imageId }
      await db
        .insertInto('baseImage')
        .values({ id: ONLY, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute()
    },
    async delete() {
      await db.deleteFrom('baseImage').execute()
    },
  }
}
