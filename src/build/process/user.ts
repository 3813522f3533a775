import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** The unprivileged user that the builds of one app run as. */
export interface BuildUser {
  readonly uid: number
  readonly gid: number
}

/** Ids without an entry in /etc/passwd, clear of people, services, and the users of instances. */
const FIRST_ID = 12_000
const IDS = 5_000

/** The build user of an app, always the same one; null when the server itself may not change users. */
export function buildUser(dataDir: string, appId: string): BuildUser | null {
  if (process.getuid?.() !== 0) return null
  const hash = createHash('sha256').update(`${dataDir}\0${appId}`).digest()
  const id = FIRST_ID + (hash.readUInt32BE(0) % IDS)
  return { uid: id, gid: id }
}

/**
 * Ends every process of a build user, also those that left the process group of their build, and resolves when none is
 * left. Does nothing where there is no /proc.
 */
export async function endProcessesOf(user: BuildUser): Promise<void> {
  for (;;) {
    const pids = await processesOf(user.uid)
    if (pids.length === 0) return
    for (const pid of pids) killIfThere(pid)
    await pause(5)
  }
}

async function processesOf(uid: number): Promise<number[]> {
  const names = await readdir('/proc').catch(() => [])
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const owned = await Promise.all(pids.map(async (pid) => ((await isAlive(pid, uid)) ? [pid] : [])))
  return owned.flat()
}

async function isAlive(pid: number, uid: number): Promise<boolean> {
  // A process that ended meanwhile has no status to read.
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const real = /^Uid:\s+(\d+)/m.exec(status)?.[1]
  return Number(real) === uid && !/^State:\s+[ZX]/m.test(status)
}

/** Kills a process, or with a negative id a process group; one that is gone already is fine. */
export function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
