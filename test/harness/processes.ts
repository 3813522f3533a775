import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * Ids of all living processes that belong to a directory: it is in their command, environment or working directory.
 * The directory must have a name of its own, as mkdtemp makes it.
 */
export function processesOf(directory: string): number[] {
  const pids = existsSync('/proc/self/cmdline') ? fromProc(directory) : fromPs(directory)
  return pids.filter((pid) => pid !== process.pid)
}

/** Ends all processes of a directory at once. Those of zombies are left: their parents have to reap them. */
export function killProcessesOf(directory: string): void {
  for (const pid of processesOf(directory)) signal(pid, 'SIGKILL')
}

/** Sends a signal; false when there is no such process. */
export function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}

/**
 * Id of the process that serves as that instance (`web.1`): the innermost of those which have its name in their
 * environment, so that neither its wrapper nor a shell is meant. In a rollout `release` (`v3`) says which of the two.
 * Null when there is none.
 */
export function processOfInstance(directory: string, name: string, release?: string): number | null {
  return innermostWith(directory, [
    `DYNO=${name}`,
    ...(release === undefined ? [] : [`TASUKI_RELEASE=${release}`]),
  ])
}

/** The same for the id of an instance (`web-1-9f3a0c5d1e2b`), which no other ever has. */
export function processOfInstanceId(directory: string, id: string): number | null {
  return innermostWith(directory, [`TASUKI_INSTANCE=${id}`])
}

function innermostWith(directory: string, variables: readonly string[]): number | null {
  const pids = processesOf(directory).filter((pid) => {
    const environment = environmentOf(pid)
    return variables.every((variable) => environment.includes(variable))
  })
  const parents = new Set(pids.map(parentOf))
  return pids.filter((pid) => !parents.has(pid)).at(-1) ?? null
}

/** Ids of all processes of HAProxy in that directory: the master and its workers. */
export function routerProcesses(directory: string): number[] {
  return processesOf(directory).filter((pid) => /(^|\/)haproxy$/.test(programOf(pid)))
}

function programOf(pid: number): string {
  return ps(pid, 'comm=')
}

function environmentOf(pid: number): string[] {
  if (existsSync('/proc/self/environ')) return read(pid, 'environ').split('\0')
  return ps(pid, 'command=', '-wwE').split(' ')
}

function parentOf(pid: number): number {
  return Number.parseInt(ps(pid, 'ppid='), 10)
}

/** Empty for a process that has gone meanwhile. */
function ps(pid: number, column: string, ...flags: readonly string[]): string {
  return spawnSync('ps', [...flags, '-o', column, '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
}

function fromProc(directory: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    const texts = [read(pid, 'cmdline'), read(pid, 'environ'), workingDirectory(pid)]
    return texts.some((text) => text.includes(directory)) && !isZombie(pid)
  })
}

/** Empty for a process that has gone meanwhile. */
function read(pid: number, file: string): string {
  return orEmpty(() => readFileSync(`/proc/${pid}/${file}`, 'latin1'))
}

function workingDirectory(pid: number): string {
  return orEmpty(() => readlinkSync(`/proc/${pid}/cwd`))
}

function orEmpty(text: () => string): string {
  try {
    return text()
  } catch {
    return ''
  }
}

function isZombie(pid: number): boolean {
  return /\) Z /.test(read(pid, 'stat'))
}

function fromPs(directory: string): number[] {
  const lines = execFileSync('ps', ['-axwwE', '-o', 'pid=,command='], { encoding: 'utf8' }).split('\n')
  return lines.filter((line) => line.includes(directory)).map((line) => Number.parseInt(line, 10))
}
