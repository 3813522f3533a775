import { mkdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Buildpack } from '../../domain/buildpack.ts'
import { localPathOf } from '../../domain/buildpack.ts'
import { runCommand } from '../process/command.ts'
import { SYSTEM_PATH } from '../toolchain/toolchain.ts'
import { giveTo, noteGroup } from '../workshop.ts'
import { ArchiveError, takeArchive } from './archive.ts'
import { GitError, StrangeGit } from './git.ts'
import { checkLocal } from './local.ts'
import type { Shopper } from './shelf.ts'
import { bytesBelow } from './size.ts'

/** Thrown when a buildpack can not be had now; an earlier copy of it would do. */
export class Unavailable extends Error {}

export interface Fetched {
  /** What tells this state of it from others; null when it is not worth keeping. */
  readonly version: string | null
  /** A folder in the workplace; null when that version is here already. */
  readonly dir: string | null
}

/** Largest buildpack. */
const MOST_BYTES = 512 * 2 ** 20
const LOOK_MS = 1_000

/**
 * Gets a buildpack, unless the version that is here is still the newest. Everything runs as the build's user, so that nothing
 * can be got that this user could not read anyway. Throws `Unavailable`, or `invalid_params` when it is not allowed here.
 */
export async function fetchBuildpack(
  buildpack: Buildpack,
  present: string | null,
  local: readonly string[],
  shopper: Shopper,
): Promise<Fetched> {
  await refuseElsewhere(buildpack, local)
  await rm(join(shopper.work.place, 'fetched'), { recursive: true, force: true })
  try {
    const got = await get(buildpack, present, shopper)
    if (got.dir !== null && (await bytesBelow(got.dir)) > MOST_BYTES) throw tooLarge()
    return got
  } catch (error) {
    if (error instanceof GitError || error instanceof ArchiveError)
      throw new Unavailable(error.message, { cause: error })
    throw error
  }
}

async function get({ place }: Buildpack, present: string | null, shopper: Shopper): Promise<Fetched> {
  if (place.kind === 'folder') return { version: null, dir: await copied(place.path, shopper) }
  if (place.kind === 'archive') {
    const { dir, version } = await takeArchive(place.url, shopper.work, shopper.signal)
    return { version, dir: version === present ? null : dir }
  }
  if (place.kind === 'own') throw new Error('our own builders are not fetched')
  const growth = new AbortController()
  const git = new StrangeGit(place.url, shopper.work, AbortSignal.any([shopper.signal, growth.signal]))
  const version = await git.resolve(place.ref)
  if (version === present) return { version, dir: null }
  const unwatch = watchSize(join(shopper.work.place, 'fetched'), () => growth.abort(tooLarge()))
  try {
    return { version, dir: await git.take(version) }
  } finally {
    unwatch()
  }
}

function tooLarge(): Unavailable {
  return new Unavailable(`it has more than ${MOST_BYTES / 2 ** 20} MiB`)
}

/** Calls `over` once when a folder that is being filled has become too large; returns the way to stop. */
function watchSize(dir: string, over: () => void): () => void {
  const look = async () => {
    // Files come and go under its hands, or it is not there yet: the next look will do.
    const bytes = await bytesBelow(dir).catch(() => 0)
    if (bytes > MOST_BYTES) over()
  }
  const timer = setInterval(look, LOOK_MS).unref()
  return () => clearInterval(timer)
}

/** What a link on this machine leads to must be allowed too. */
async function refuseElsewhere(buildpack: Buildpack, local: readonly string[]): Promise<void> {
  checkLocal(buildpack, local)
  const path = localPathOf(buildpack)
  if (path === null) return
  const real = await realpath(path).catch(() => {
    throw new Unavailable(`there is no ${path}`)
  })
  const folders = await Promise.all(local.map((folder) => realpath(folder).catch(() => folder)))
  checkLocal({ ...buildpack, place: { kind: 'folder', path: real } }, folders)
}

async function copied(path: string, { work, signal }: Shopper): Promise<string> {
  // The workplace itself is closed to the build's user.
  const target = join(work.place, 'fetched')
  await mkdir(target)
  await giveTo(work.user, target)
  const errors: string[] = []
  const status = await runCommand({
    argv: ['cp', '-RP', '--preserve=mode', '--', `${path}/.`, target],
    cwd: work.home,
    env: { PATH: SYSTEM_PATH.join(':'), LANG: 'C.UTF-8' },
    user: work.user,
    log: (line) => void errors.push(line),
    signal,
    started: (group) => noteGroup(work, group),
  })
  if (status !== 0) throw new Unavailable(errors.at(-1) ?? `cp ended with status ${status}`)
  return target
}
