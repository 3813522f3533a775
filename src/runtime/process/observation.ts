import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceExit, RuntimeInstance } from '../../domain/instance.ts'
import { readIfThere } from './files.ts'
import { instanceDir, type Layout, statusPath } from './layout.ts'
import { bootId, isAlive, liveProcesses, processEnvironment } from './proc.ts'
import { readStatus, type Status, settleStatus } from './status-file.ts'
import type { StoredSpec } from './stored-spec.ts'

const HOST = '127.0.0.1'

/** A supervisor that was spawned says its first word within milliseconds; after this it never will. */
const FIRST_WORD_MS = 5_000

export const SIGNALLED = 'signalled'
export const KILLED = 'killed'
export const OVER_MEMORY = 'memory'

/** What is true of an instance now: from its status file and the kernel's list of processes. */
export function observed(layout: Layout, spec: StoredSpec): RuntimeInstance {
  const status = readStatus(statusPath(layout, spec.id))
  const exit = exitOf(layout, spec, status)
  return {
    id: spec.id,
    kind: spec.kind,
    appId: spec.appId,
    type: spec.type,
    name: spec.name,
    release: spec.release,
    generation: spec.generation,
    size: spec.size.name,
    state: exit === null ? 'running' : 'exited',
    address: spec.ports && { host: HOST, port: spec.ports.serve },
    privateAddress: spec.ports && { host: HOST, port: spec.ports.private },
    host: null,
    unreachable: false,
    pid: status?.main?.pid ?? null,
    startedAt: spec.startedAt,
    signalledAt: signalledAt(layout, spec),
    exit,
  }
}

/** Null while it runs. An end that nobody has recorded is recorded here, so that it stays the same. */
function exitOf(layout: Layout, spec: StoredSpec, status: Status | null): InstanceExit | null {
  if (status?.exit) return status.exit
  if (runs(spec, status)) return null
  // It may have ended properly between the reading and the look at the processes.
  const again = readStatus(statusPath(layout, spec.id))
  if (!again?.exit) settleStatus(statusPath(layout, spec.id), unrecordedEnd(layout, spec, again))
  return readStatus(statusPath(layout, spec.id))!.exit
}

function runs(spec: StoredSpec, status: Status | null): boolean {
  if ((status?.supervisor?.boot ?? spec.boot) !== bootId()) return false
  if (!status?.supervisor) return Date.now() - spec.startedAt < FIRST_WORD_MS
  if (status.left) return isAlive(status.supervisor) && hasLiveGroup(status)
  return isAlive(status.supervisor) || (status.main !== null && isAlive(status.main))
}

/** The supervisor alone can not tell the living of its group from zombies that nobody reaps. */
function hasLiveGroup(status: Status): boolean {
  return liveProcesses().some((process) => process.group === status.main?.pid)
}

function unrecordedEnd(layout: Layout, spec: StoredSpec, status: Status | null): Omit<InstanceExit, 'at'> {
  const directory = instanceDir(layout, spec.id)
  if (status?.left) return status.left
  if (existsSync(join(directory, OVER_MEMORY))) return { code: 137, cause: 'memory' }
  return { code: existsSync(join(directory, KILLED)) ? 137 : null, cause: 'exit' }
}

function signalledAt(layout: Layout, spec: StoredSpec): number | null {
  const text = readIfThere(join(instanceDir(layout, spec.id), SIGNALLED))
  return text === null ? null : Number(text)
}

/** The environment that an instance was started with, from the kernel. Null when it has ended or has overwritten it. */
export async function adoptedEnvironment(
  layout: Layout,
  spec: StoredSpec,
): Promise<Record<string, string> | null> {
  // Until its command has taken over, some milliseconds after the start, a process has none of its own.
  for (let waited = 0; waited < 500; waited += 10) {
    const main = readStatus(statusPath(layout, spec.id))?.main
    const env = main && isAlive(main) ? processEnvironment(main.pid) : null
    if (env?.TASUKI_INSTANCE === spec.id) return env
    await delay(10)
  }
  return null
}
