import { execFile } from 'node:child_process'
import {
  access,
  chmod,
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
import { openFolder } from '../reach.ts'
import { Turns } from '../turns.ts'

const DIGEST = /^sha256:([0-9a-f]{64})$/

/** How long a slug is kept although no release holds it yet: the release is made after the build has answered. */
const YOUNG_MS = 10 * 60_000

const NEVER = new AbortController().signal

/**
 * The slugs on disk: `DIR/<64 hex digits>/tree` and `artifact.json` beside it. A slug appears by a rename, so it is there
 * whole or not at all.
 */
export class SlugStore {
  readonly #dir: string
  readonly #turns = new Turns()

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Makes the folder and removes what a killed server left half-made. */
  async open(): Promise<void> {
    await openFolder(this.#dir)
    // Who knows a digest may read that artifact; nobody but the server sees which there are.
    await chmod(this.#dir, 0o711)
    for (const name of await readdir(this.#dir)) {
      if (!isSlugName(name)) await rm(join(this.#dir, name), { recursive: true })
    }
  }

  /** Where the tree of that digest lies or would lie; throws `invalid_params` when it is no digest. */
  path(digest: string): string {
    return join(this.#home(digest), 'tree')
  }

  /** Whether there is such a slug; if so, it is young again, and so safe from `collect` until it has a release. */
  async claim(digest: string): Promise<boolean> {
    return this.#turn(digest, async () => {
      if (!(await this.#has(digest))) return false
      await this.#touch(digest)
      return true
    })
  }

  /** Throws `not_found` when there is no such slug. */
  async metadata(digest: string): Promise<Artifact> {
    const file = join(this.#home(digest), 'artifact.json')
    if (await this.#has(digest)) return JSON.parse(await readFile(file, 'utf8')) as Artifact
    throw new TasukiError('not_found', `There is no artifact ${digest}.`, {
      next: 'It may have been collected; deploy its commit again.',
    })
  }

  /** Moves a sealed tree into the store; of one that is there already only what is known of it is written anew. */
  async put(tree: string, artifact: Artifact): Promise<void> {
    await this.#turn(artifact.digest, async () => {
      const there = await this.#has(artifact.digest)
      if (there) await this.#describe(artifact)
      else await this.#add(tree, artifact)
    })
  }

  /** Digests of all slugs. */
  async list(): Promise<string[]> {
    const names = await readdir(this.#dir)
    return names.filter(isSlugName).map((name) => `sha256:${name}`)
  }

  /** Removes a slug; one that is not there is fine. */
  async remove(digest: string): Promise<void> {
    await this.#turn(digest, () => this.#remove(digest))
  }

  /** Removes slugs that are neither kept nor young; returns their digests. */
  async collect(keep: ReadonlySet<string>): Promise<string[]> {
    const removed: string[] = []
    for (const digest of await this.list()) {
      if (!keep.has(digest) && (await this.#turn(digest, () => this.#removeIfOld(digest))))
        removed.push(digest)
    }
    return removed
  }

  async #removeIfOld(digest: string): Promise<boolean> {
    const { mtimeMs } = await stat(join(this.#home(digest), 'artifact.json'))
    if (Date.now() - mtimeMs < YOUNG_MS) return false
    await this.#remove(digest)
    return true
  }

  async #remove(digest: string): Promise<void> {
    const home = this.#home(digest)
    if (!(await exists(home))) return
    await using aside = await this.#aside()
    await rename(home, join(aside.path, 'slug'))
  }

  async #add(tree: string, artifact: Artifact): Promise<void> {
    await using aside = await this.#aside()
    const slug = join(aside.path, 'slug')
    await openFolder(slug)
    await rename(tree, join(slug, 'tree'))
    await writeFile(join(slug, 'artifact.json'), JSON.stringify(artifact, null, 2))
    await flush(slug)
    await rename(slug, this.#home(artifact.digest))
    await flush(this.#dir)
  }

  async #describe(artifact: Artifact): Promise<void> {
    await using aside = await this.#aside()
    const file = join(aside.path, 'artifact.json')
    await writeFile(file, JSON.stringify(artifact, null, 2))
    await rename(file, join(this.#home(artifact.digest), 'artifact.json'))
  }

  /** A folder for what is on its way in or out; gone afterwards, with what is still in it. */
  async #aside(): Promise<{ readonly path: string } & AsyncDisposable> {
    const path = await mkdtemp(join(this.#dir, '.aside-'))
    return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
  }

  async #touch(digest: string): Promise<void> {
    const now = new Date()
    await utimes(join(this.#home(digest), 'artifact.json'), now, now)
  }

  async #has(digest: string): Promise<boolean> {
    return exists(join(this.#home(digest), 'artifact.json'))
  }

  /** One thing at a time happens to a slug, so that none is collected just as a build finds it again. */
  #turn<Result>(digest: string, task: () => Promise<Result>): Promise<Result> {
    return this.#turns.take(digest, NEVER, task)
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
