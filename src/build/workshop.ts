import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type BuildUser, endProcessesOf, killIfThere } from './process/user.ts'

/** The folder of one build: gone when it ends, however it ends. */
export interface Workplace {
  /** Holds all the others; nobody but the server writes into it directly. */
  readonly place: string
  readonly source: string
  readonly home: string
  readonly temp: string
  readonly user: BuildUser | null
}

/** What a killed server needs to know, to end the build that it left. */
interface Note {
  readonly uid: number | null
  readonly group: number | null
  readonly groupStart: string | null
}

/** Makes and clears the places where builds work. */
export class Workshop {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  /** Ends builds that a killed server left running, and removes what they wrote. */
  async open(): Promise<void> {
    await mkdir(this.#dir, { recursive: true })
    await chmod(this.#dir, 0o711)
    for (const name of await readdir(this.#dir)) {
      const place = join(this.#dir, name)
      await endLeftover(place)
      await rm(place, { recursive: true })
    }
  }

  /**
   * Makes the workplace of an app, of which there is one at a time. It has the same path in each build, because builds
   * write their path into what they make.
   */
  async make(appId: string, user: BuildUser | null): Promise<Workplace & AsyncDisposable> {
    const place = join(this.#dir, nameOf(appId))
    await rm(place, { recursive: true, force: true })
    await mkdir(place)
    await chmod(place, 0o711)
    await note(place, { uid: user?.uid ?? null, group: null, groupStart: null })
    const dirs = {
      place,
      source: join(place, 'source'),
      home: join(place, 'home'),
      temp: join(place, 'temp'),
    }
    await mkdir(dirs.home)
    await mkdir(dirs.temp)
    return { ...dirs, user, [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }) }
  }
}

/** A file name for an app, whatever its id looks like. */
export function nameOf(appId: string): string {
  return createHash('sha256').update(appId).digest('hex').slice(0, 32)
}

/** Hands files over to the build's user, links as links. */
export async function giveTo(user: BuildUser | null, ...paths: readonly string[]): Promise<void> {
  if (user) await promisify(execFile)('chown', ['-Rh', `${user.uid}:${user.gid}`, '--', ...paths])
}

/** Writes down a process group, so that the next server can end it if this one is killed. */
export async function noteGroup(work: Workplace, group: number): Promise<void> {
  const uid = work.user?.uid ?? null
  await note(work.place, { uid, group, groupStart: await startOf(group) })
}

/** The app's folder for what makes its next build quicker; emptied when it belonged to another user. */
export async function cacheDir(dir: string, user: BuildUser | null): Promise<string> {
  await mkdir(dirname(dir), { recursive: true })
  await chmod(dirname(dir), 0o711)
  await mkdir(dir, { recursive: true, mode: 0o700 })
  if (user && (await stat(dir)).uid !== user.uid) {
    await rm(dir, { recursive: true })
    await mkdir(dir, { mode: 0o700 })
    await giveTo(user, dir)
  }
  return dir
}

const FULL_BELOW_BYTES = 1024 * 1024

/** Whether there is practically no space, or no room for files, left where `path` is. */
export async function isDiskFull(path: string): Promise<boolean> {
  const { bavail, bsize, ffree, files } = await statfs(path)
  return bavail * bsize < FULL_BELOW_BYTES || (files > 0 && ffree === 0)
}

async function note(place: string, content: Note): Promise<void> {
  await writeFile(join(place, 'build.json'), JSON.stringify(content), { mode: 0o600 })
}

async function endLeftover(place: string): Promise<void> {
  // Without its note a build had not begun to run anything.
  const text = await readFile(join(place, 'build.json'), 'utf8').catch(() => '')
  if (text === '') return
  const { uid, group, groupStart } = JSON.parse(text) as Note
  if (uid !== null) await endProcessesOf({ uid, gid: uid })
  else if (group !== null && groupStart !== null && (await startOf(group)) === groupStart) killIfThere(-group)
}

/** When a process began, in clock ticks since the machine did: with its id, this names it beyond doubt. */
async function startOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null
}
