import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { environmentScript } from './environment.ts'
import type { Scripts } from './scripts.ts'
import { openStatus } from './status-file.ts'

export interface Launch {
  readonly scripts: Scripts
  readonly directory: string
  readonly status: string
  readonly cwd: string
  /** Where the instance sees that directory too, as its own; null: nowhere. */
  readonly mount: string | null
  readonly uid: number | null
  readonly cgroups: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly command: readonly string[]
  /** Standard input, output and error of the instance: descriptors, or `ignore`. */
  readonly stdio: readonly ['ignore' | number, 'ignore' | number, 'ignore' | number]
}

/** All that a supervisor may know of the control plane's environment. */
const CLEAN = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' }

/** Starts a supervisor, in a session of its own, and hands it the environment. Resolves as soon as it has been spawned. */
export async function launchSupervisor(launch: Launch): Promise<void> {
  const script = environmentScript(launch.env, launch.command)
  const status = openStatus(launch.status)
  try {
    const child = spawn('/bin/sh', supervisorArguments(launch), {
      cwd: '/',
      env: CLEAN,
      detached: true,
      stdio: [...launch.stdio, status, 'pipe'],
    })
    await spawned(child)
    await deliver(child.stdio[4] as Writable, script)
    child.unref()
  } finally {
    closeSync(status)
  }
}

function supervisorArguments(launch: Launch): string[] {
  const uid = launch.uid === null ? '' : String(launch.uid)
  const { supervise, launch: script } = launch.scripts
  return [
    supervise,
    launch.directory,
    launch.status,
    script,
    launch.cwd,
    uid,
    launch.mount ?? '',
    ...launch.cgroups,
  ]
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  })
}

/** A supervisor that another one has come before reads nothing: that is no failure. */
function deliver(pipe: Writable, script: string): Promise<void> {
  return new Promise((resolve, reject) => {
    pipe.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') resolve()
      else reject(error)
    })
    pipe.end(script, () => {
      // The supervisor keeps its end as long as it lives: ours would keep this process from ending.
      pipe.destroy()
      resolve()
    })
  })
}
