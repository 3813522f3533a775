import { readdirSync, readFileSync } from 'node:fs'

/** A process that can not be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Field 22 of /proc/PID/stat: clock ticks after the machine's boot. */
  readonly start: string
}

export interface ProcessStat extends ProcessIdentity {
  readonly state: string
  readonly group: number
  readonly session: number
  /** Device number of its terminal; 0 without one. */
  readonly terminal: number
}

let boot: string | undefined

/** Names this boot of the machine. */
export function bootId(): string {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return boot
}

/** Null when there is no such process. Some first processes never reap: a zombie is returned, with state `Z`. */
export function processStat(pid: number): ProcessStat | null {
  const text = readProc(`/proc/${pid}/stat`)
  return text === null ? null : parsed(pid, text.toString('latin1'))
}

/** The name in parentheses may hold anything, so the fields are counted from the last parenthesis. */
function parsed(pid: number, text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return {
    pid,
    state: fields[0]!,
    group: Number(fields[2]),
    session: Number(fields[3]),
    terminal: Number(fields[4]),
    start: fields[19]!,
  }
}

/** The same process as when it was recorded, and neither dead nor a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = processStat(identity.pid)
  return stat !== null && stat.start === identity.start && isLive(stat)
}

function isLive(stat: ProcessStat): boolean {
  return stat.state !== 'Z' && stat.state !== 'X'
}

/** Every live process of the machine. */
export function liveProcesses(): ProcessStat[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => processStat(Number(name)))
    .filter((stat) => stat !== null && isLive(stat)) as ProcessStat[]
}

/** The environment that a process was started with; null when it is gone or may not be read. */
export function processEnvironment(pid: number): Record<string, string> | null {
  const text = readProc(`/proc/${pid}/environ`)?.toString('utf8')
  if (!text) return null
  const pairs = text.split('\0').filter((pair) => pair.includes('='))
  return Object.fromEntries(pairs.map((pair) => splitOnce(pair, '=')))
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return [text.slice(0, at), text.slice(at + mark.length)]
}

/** Bytes that belong to the process alone, as far as the kernel says it cheaply: resident less shared. */
export function residentBytes(pid: number): number {
  const text = readProc(`/proc/${pid}/statm`)?.toString('latin1')
  if (!text) return 0
  const [, resident, shared] = text.split(' ').map(Number)
  return ((resident ?? 0) - (shared ?? 0)) * PAGE
}

/** Of every Linux that Node has builds for, but some ARM kernels, where the figure then is too low. */
const PAGE = 4096

const GONE = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

function readProc(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if (GONE.has((error as NodeJS.ErrnoException).code ?? '')) return null
    throw error
  }
}
