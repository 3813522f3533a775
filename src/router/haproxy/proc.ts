import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'

/** A process that can not be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Start time in clock ticks since the machine's boot. */
  readonly start: string
}

const AFTER_NAME = /^.*\) /s
const STATE = 0
const PARENT = 1
const START = 19

/** State, parent and start time of a live process; null for one that is gone or a zombie. */
export function liveProcess(pid: number): (ProcessIdentity & { readonly parent: number }) | null {
  const fields = statOf(pid)
  if (!fields || fields[STATE] === 'Z' || fields[STATE] === 'X') return null
  return { pid, start: String(fields[START]), parent: Number(fields[PARENT]) }
}

export function isAlive(identity: ProcessIdentity | null): identity is ProcessIdentity {
  return identity !== null && liveProcess(identity.pid)?.start === identity.start
}

/** What a run file (`PID START`) says; null when there is none or it is not whole. */
export function readRun(path: string): ProcessIdentity | null {
  const [, pid, start] = /^(\d+) (\d+)\s*$/.exec(textOf(path) ?? '') ?? []
  return pid && start ? { pid: Number(pid), start } : null
}

/** Names this boot of the machine. */
export async function machineBoot(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

function statOf(pid: number): string[] | null {
  return textOf(`/proc/${pid}/stat`)?.replace(AFTER_NAME, '').split(' ') ?? null
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
