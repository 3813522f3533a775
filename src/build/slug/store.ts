import { execFile } from 'node:child_process'
import {
  access,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Artifact } from '../../domain/artifact.ts'
import { TasukiError } from '../../domain/errors.ts'

const DIGEST = /^sha256:([0-9a-f]{64})$/

/** How long a slug is kept although no release holds it yet: the release is made after the build has answered. */
const YOUNG_MS = 10 * 60_000

/**
 * The slugs on disk: `DIR/<64 hex digits>/tree` and `artifact.json` beside it. A slug appears by a rename, so it is there
 * whole or not at all.
 */
export class SlugStore {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Makes the folder and removes what a killed server left half-made. */
  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o755 })
    for (const name of await readdir(this.#dir)) {
      if (!isSlugName(name)) await rm(join(this.#dir, name), { recursive: true })
    }
  }

  /** Where the tree of that digest lies or would lie; throws `invalid_params` when it is no digest. */
  path(digest: string): string {
    return join(this.#home(digest), 'tree')
  }

  async has(digest: string): Promise<boolean> {
    return exists(join(this.#home(digest), 'artifact.json'))
  }

  /** Throws `not_found` when there is no such slug. */
  async metadata(digest: string): Promise<Artifact> {
    const file = join(this.#home(digest), 'artifact.json')
    if (await this.has(digest)) return JSON.parse(await readFile(file, 'utf8')) as Artifact
    throw new TasukiError('not_found', `There is no artifact ${digest}.`, {
      next: 'It may have been collected; deploy its commit again.',
    })
  }

  /** Moves a sealed tree into the store; one that is there already stays, and is young again. */
  async put(tree: string, artifact: Artifact): Promise<void> {
    const home = this.#home(artifact.digest)
    if (!(await this.has(artifact.digest))) {
      const aside = await mkdtemp(join(this.#dir, '.new-'))
      await mkdir(join(aside, 'slug'), { mode: 0o755 })
      await rename(tree, join(aside, 'slug/tree'))
      await writeFile(join(aside, 'slug/artifact.json'), JSON.stringify(artifact, null, 2))
      await flush(aside)
      await rename(join(aside, 'slug'), home)
      await rm(aside, { recursive: true })
      await flush(this.#dir)
    }
    await this.touch(artifact.digest)
  }

  /** Makes a slug young again: it is about to get a release. */
  async touch(digest: string): Promise<void> {
    const now = new Date()
    await utimes(join(this.#home(digest), 'artifact.json'), now, now)
  }

  /** Digests of all slugs. */
  async list(): Promise<string[]> {
    const names = await readdir(this.#dir)
    return names.filter(isSlugName).map((name) => `sha256:${name}`)
  }

  /** Removes a slug; one that is not there is fine. */
  async remove(digest: string): Promise<void> {
    const home = this.#home(digest)
    if (!(await exists(home))) return
    const aside = await mkdtemp(join(this.#dir, '.old-'))
    await rename(home, join(aside, 'slug'))
    await rm(aside, { recursive: true })
  }

  /** Removes slugs that are neither kept nor young; returns their digests. */
  async collect(keep: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = []
    for (const digest of await this.list()) {
      if (keep.has(digest) || (await this.#isYoung(digest))) continue
      await this.remove(digest)
      removed.push(digest)
    }
    return removed
  }

  async #isYoung(digest: string): Promise<boolean> {
    const { mtimeMs } = await stat(join(this.#home(digest), 'artifact.json'))
    return Date.now() - mtimeMs < YOUNG_MS
  }

  #home(digest: string): string {
    const hex = DIGEST.exec(digest)?.[1]
    if (hex !== undefined) return join(this.#dir, hex)
    throw new TasukiError('invalid_params', `"${digest.slice(0, 80)}" is not the digest of an artifact.`)
  }
}

function isSlugName(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Brings the whole file system of `path` to the disk: after a power failure a release must not find empty files. */
async function flush(path: string): Promise<void> {
  if (process.platform === 'linux') await promisify(execFile)('sync', ['-f', path])
}
