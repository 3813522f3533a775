import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Buildpack } from '../../domain/buildpack.ts'
import { TasukiError } from '../../domain/errors.ts'
import { Turns } from '../turns.ts'
import { giveTo, type Workplace } from '../workshop.ts'
import { type Fetched, fetchBuildpack, Unavailable } from './fetch.ts'
import { preparePack } from './prepare.ts'

interface ShelfOptions {
  /** Folder for what was fetched; of the server alone. */
  readonly dir: string
  /** Folders of this machine below which buildpacks may lie. */
  readonly local: readonly string[]
  /** Longest fetch of one buildpack, in seconds. */
  readonly fetchSeconds: number
}

/** What a build brings along to have a buildpack put beside it. */
export interface Shopper {
  readonly work: Workplace
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

/** Buildpacks that no build has used for so long go. */
const UNUSED_MS = 30 * 24 * 3_600_000
const NOTE = 'buildpack.json'
const run = promisify(execFile)

/**
 * Buildpacks from elsewhere, each as it was fetched last. A build asks whether there is something newer; when that cannot be
 * learnt, it gets what is there, with a warning. One appears by a rename, so it is there whole or not at all.
 */
export class Shelf {
  readonly #options: ShelfOptions
  readonly #turns = new Turns()

  constructor(options: ShelfOptions) {
    this.#options = options
  }

  /** Makes the folder, and removes what a killed server left half-done. */
  async open(): Promise<void> {
    await mkdir(this.#options.dir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#options.dir)) {
      if (!/^[0-9a-f]{64}$/.test(name)) await rm(join(this.#options.dir, name), { recursive: true })
    }
  }

  /**
   * Puts a copy of the buildpack at `target`, which belongs to the build's user. Says whether it has a `bin/release`.
   * Throws `build_failed` when it is not to be had or is none, `invalid_params` when it is not allowed here.
   */
  async place(buildpack: Buildpack, target: string, shopper: Shopper): Promise<{ hasRelease: boolean }> {
    await this.#turns.take(buildpack.url, shopper.signal, async () => {
      const from = await this.#obtain(buildpack, shopper)
      await run('cp', ['-a', '--reflink=auto', '--', from, target])
    })
    const prepared = await preparePack(buildpack, target)
    await giveTo(shopper.work.user, target)
    return prepared
  }

  /** Removes what no build has used for a month. */
  async prune(): Promise<void> {
    for (const name of await readdir(this.#options.dir)) {
      const note = await stat(join(this.#options.dir, name, NOTE)).catch(() => null)
      if (note && Date.now() - note.mtimeMs > UNUSED_MS)
        await rm(join(this.#options.dir, name), { recursive: true })
    }
  }

  /** The folder to copy from: fresh if it can be had. */
  async #obtain(buildpack: Buildpack, shopper: Shopper): Promise<string> {
    const home = join(this.#options.dir, keyOf(buildpack))
    const present = await versionOf(home)
    const got = await this.#fetch(buildpack, present, shopper).catch((error: unknown) => {
      shopper.signal.throwIfAborted()
      if (!(error instanceof Unavailable)) throw error
      if (present === null) throw notToBeHad(buildpack, error)
      shopper.log(` !     The buildpack ${buildpack.name} could not be fetched: ${error.message}`)
      shopper.log(' !     Using it as it was fetched the last time')
      return { version: present, dir: null }
    })
    const at = got.version === null ? '' : `, version ${got.version.slice(0, 7)}`
    shopper.log(`-----> Buildpack ${buildpack.name}${at}`)
    if (got.dir === null) return this.#use(home)
    return got.version === null ? got.dir : this.#keep(buildpack, got.version, got.dir, home)
  }

  async #fetch(buildpack: Buildpack, present: string | null, shopper: Shopper): Promise<Fetched> {
    const limit = AbortSignal.timeout(this.#options.fetchSeconds * 1000)
    const signal = AbortSignal.any([shopper.signal, limit])
    try {
      return await fetchBuildpack(buildpack, present, this.#options.local, { ...shopper, signal })
    } catch (error) {
      if (limit.aborted) throw new Unavailable(`it took longer than ${this.#options.fetchSeconds} s`)
      throw error
    }
  }

  async #use(home: string): Promise<string> {
    const now = new Date()
    await utimes(join(home, NOTE), now, now)
    return join(home, 'tree')
  }

  /** From now on it is the server's own, so that no build can change it for another. */
  async #keep(buildpack: Buildpack, version: string, dir: string, home: string): Promise<string> {
    if (process.getuid?.() === 0) await giveTo({ uid: 0, gid: 0 }, dir)
    const aside = `${home}.new`
    await rm(aside, { recursive: true, force: true })
    await mkdir(aside, { mode: 0o700 })
    await rename(dir, join(aside, 'tree'))
    await writeFile(join(aside, NOTE), JSON.stringify({ url: buildpack.url, version }))
    await rm(home, { recursive: true, force: true })
    await rename(aside, home)
    return join(home, 'tree')
  }
}

function keyOf({ url }: Buildpack): string {
  return createHash('sha256').update(url).digest('hex')
}

async function versionOf(home: string): Promise<string | null> {
  const text = await readFile(join(home, NOTE), 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as { version: string }).version
}

function notToBeHad({ name }: Buildpack, error: Unavailable): TasukiError {
  return new TasukiError('build_failed', `The buildpack ${name} could not be fetched: ${error.message}.`, {
    next: 'Check its address with `tasuki buildpacks`, then deploy again.',
    cause: error,
  })
}
