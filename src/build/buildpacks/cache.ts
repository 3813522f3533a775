import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { giveTo, nameOf, type Workplace } from '../workshop.ts'
import { bytesBelow } from './size.ts'

/** What `du` counts for an empty folder, at most. */
const EMPTY_BYTES = 4096
const run = promisify(execFile)

/**
 * What the buildpacks of an app keep from one build for the next. A build works on a copy, which takes the place of what was
 * there only when the build has succeeded: of a build that failed or was killed nothing is kept.
 */
export class BuildpackCache {
  readonly #dir: string
  readonly #mostBytes: number
  /** How often each app's cache was purged: a build that began before keeps nothing. */
  readonly #purges = new Map<string, number>()

  constructor(dir: string, mostBytes: number) {
    this.#dir = dir
    this.#mostBytes = mostBytes
  }

  /** Makes the folder, and removes what a killed server left half-done. */
  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#dir)) {
      if (!/^[0-9a-f]{32}$/.test(name)) await rm(join(this.#dir, name), { recursive: true })
    }
  }

  /**
   * Puts a copy into the workplace, for the build's user. The result keeps what has become of it, and says whether it did:
   * not when it has grown too large, or was purged meanwhile.
   */
  async lend(
    appId: string,
    work: Workplace,
  ): Promise<{ keep: () => Promise<'kept' | 'purged' | 'too large'> }> {
    const copy = join(work.place, 'cache')
    const purges = this.#purges.get(appId) ?? 0
    const home = this.#home(appId)
    if (existsSync(home)) await run('cp', ['-a', '--reflink=auto', '--', home, copy])
    else await mkdir(copy)
    await giveTo(work.user, copy)
    const keep = async () => {
      if ((this.#purges.get(appId) ?? 0) !== purges) return 'purged'
      const bytes = await bytesBelow(copy)
      const tooLarge = bytes > this.#mostBytes
      // After a power failure the next build must not find empty files.
      if (!tooLarge && bytes > EMPTY_BYTES && process.platform === 'linux') await run('sync', ['-f', copy])
      await this.#replace(home, tooLarge ? null : copy)
      return tooLarge ? 'too large' : 'kept'
    }
    return { keep }
  }

  async purge(appId: string): Promise<void> {
    this.#purges.set(appId, (this.#purges.get(appId) ?? 0) + 1)
    await this.#replace(this.#home(appId), null)
  }

  /** The old one is away, or the new one is there whole: never something between. */
  async #replace(home: string, fresh: string | null): Promise<void> {
    const aside = `${home}.old`
    await rm(aside, { recursive: true, force: true })
    await rename(home, aside).catch(ignoreMissing)
    if (fresh !== null) await rename(fresh, home)
    await rm(aside, { recursive: true, force: true })
  }

  #home(appId: string): string {
    return join(this.#dir, nameOf(appId))
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
