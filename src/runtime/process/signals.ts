import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cgroupMembers } from './cgroups.ts'
import { isCode, writeDurably } from './files.ts'
import { instanceDir, type Layout, statusPath } from './layout.ts'
import { KILLED, SIGNALLED } from './observation.ts'
import {
  isAlive,
  liveProcesses,
  type ProcessIdentity,
  type ProcessStat,
  processEnvironment,
  processStat,
} from './proc.ts'
import { readStatus, type Status } from './status-file.ts'
import type { StoredSpec } from './stored-spec.ts'

export type StopSignal = 'SIGTERM' | 'SIGKILL'

/** Writes down, so that it outlasts us, that the platform has asked it to stop; the first time counts. */
export function recordSignal(layout: Layout, spec: StoredSpec, signal: StopSignal): void {
  const directory = instanceDir(layout, spec.id)
  if (!existsSync(join(directory, SIGNALLED))) writeDurably(join(directory, SIGNALLED), String(Date.now()))
  if (signal === 'SIGKILL') writeFileSync(join(directory, KILLED), '')
}

/**
 * Sends to the instance's process group; SIGKILL also to what has left that group, as far as it can be found.
 * Only after a look at who has the process id now.
 */
export async function sendToInstance(
  layout: Layout,
  spec: StoredSpec,
  signal: NodeJS.Signals,
): Promise<void> {
  const status = await statusWithMain(layout, spec)
  if (
    status?.main &&
    (isAlive(status.main) || (status.left && status.supervisor && isAlive(status.supervisor)))
  )
    sendToGroup(status.main, signal)
  if (signal === 'SIGKILL') killStrays(spec)
}

/** Between the start of a supervisor and of its instance lie some milliseconds. */
async function statusWithMain(layout: Layout, spec: StoredSpec): Promise<Status | null> {
  for (let tried = 0; ; tried += 1) {
    const status = readStatus(statusPath(layout, spec.id))
    if (status === null || status.main || status.exit || tried === 200) return status
    if (status.supervisor && !isAlive(status.supervisor)) return status
    await delay(5)
  }
}

/** For an instant the main process is not yet the leader of its group. */
function sendToGroup(main: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!send(-main.pid, signal)) send(main.pid, signal)
}

/** Whether there was anybody to send to. */
export function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false
    throw error
  }
}

/**
 * To a one-off. With a terminal, its group is `script` alone, which would end the program in its own way and forget
 * its exit status: so all in the terminal are sent to.
 */
export async function sendToRun(layout: Layout, spec: StoredSpec, signal: NodeJS.Signals): Promise<void> {
  const inTerminal = signal === 'SIGKILL' ? [] : membersOf(spec).filter(({ terminal }) => terminal !== 0)
  if (inTerminal.length === 0) return sendToInstance(layout, spec, signal)
  for (const { pid } of inTerminal) send(pid, signal)
}

/** Path of the terminal that processes of the instance have; null without one. */
export function terminalOf(spec: StoredSpec): string | null {
  const device = membersOf(spec).find(({ terminal }) => terminal !== 0)?.terminal
  return device === undefined ? null : `/dev/pts/${(device & 0xff) | ((device >> 12) & 0xfff00)}`
}

/** Ends also processes of the instance that are in another group or session, or whose leader has been killed. */
function killStrays(spec: StoredSpec): void {
  for (const { pid } of membersOf(spec)) send(pid, 'SIGKILL')
}

/** Every live process of the instance: by its cgroup, else by the environment that it was started with. */
function membersOf(spec: StoredSpec): ProcessStat[] {
  if (spec.cgroups.length > 0)
    return cgroupMembers(spec.cgroups)
      .map(processStat)
      .filter((stat) => stat !== null)
  return liveProcesses().filter(({ pid }) => pid !== process.pid && isOf(spec, pid))
}

function isOf(spec: StoredSpec, pid: number): boolean {
  return processEnvironment(pid)?.TASUKI_INSTANCE === spec.id
}
