import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What was built before: a key, made of all that goes into a build → the digest that came out. One small file each. */
export class CacheIndex {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
  }

  /** The digest for that key, or null. */
  async find(key: string): Promise<string | null> {
    try {
      return await readFile(join(this.#dir, key), 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw error
    }
  }

  async put(key: string, digest: string): Promise<void> {
    const aside = join(this.#dir, `${key}.new`)
    try {
      await writeFile(aside, digest)
      await rename(aside, join(this.#dir, key))
    } catch (error) {
      await rm(aside, { force: true })
      throw error
    }
  }

  /** Forgets keys whose slug is gone. */
  async prune(there: ReadonlySet<string>): Promise<void> {
    for (const key of await readdir(this.#dir)) {
      const digest = await this.find(key)
      if (digest === null || !there.has(digest)) await rm(join(this.#dir, key), { force: true })
    }
  }
}

/** A key of everything that a build depends on. */
export function cacheKey(parts: Readonly<Record<string, unknown>>): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
