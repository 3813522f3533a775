import { spawn } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../../domain/errors.ts'
import type { Layout } from './layout.ts'
import { isAlive, type ProcessIdentity, readRun } from './proc.ts'

const POLL_MS = 10
const START_MS = 15_000
const STOP_MS = 5000
const SUPERVISION_MS = 500

/** HAProxy's process and the script that restarts it. Neither dies with this process. */
export class Watchdog {
  readonly #layout: Layout
  readonly #program: string
  #supervision: NodeJS.Timeout | null = null

  constructor(layout: Layout, program: string) {
    this.#layout = layout
    this.#program = program
  }

  /** HAProxy's master, when it lives. */
  master(): ProcessIdentity | null {
    const run = readRun(this.#layout.masterRun)
    return isAlive(run) ? run : null
  }

  /** Starts the script if it does not run (then true); it starts HAProxy if that does not run. */
  async ensure(): Promise<boolean> {
    await rm(this.#layout.down, { force: true })
    if (isAlive(readRun(this.#layout.watchdogRun))) return false
    const { directory, watchdogScript } = this.#layout
    const child = spawn('/bin/sh', [watchdogScript, directory, this.#program], {
      detached: true,
      stdio: 'ignore',
      cwd: directory,
      env: { PATH: process.env.PATH },
    })
    let ended = false
    child.once('error', () => (ended = true)).once('exit', () => (ended = true))
    child.unref()
    await this.#taken(() => ended)
    return true
  }

  /** Characters in HAProxy's own log. */
  async logLength(): Promise<number> {
    return (await textOf(this.#layout.log)).length
  }

  /** Waits until HAProxy listens; throws `router_refused` with what it wrote after `log` characters when it does not. */
  async ready(log: number): Promise<void> {
    const limit = performance.now() + START_MS
    while (!(await this.#listens())) {
      const words = await this.#lastWords(log)
      if (words) throw new TasukiError('router_refused', `HAProxy does not start: ${words}`)
      if (performance.now() > limit)
        throw new TasukiError('router_unavailable', 'HAProxy has not started in time.')
      await pause(POLL_MS)
    }
  }

  /** Until `close`: restarts the script whenever it has died, and tells when HAProxy has been started anew. */
  supervise(restarted: () => Promise<void>, failed: (error: unknown) => void): void {
    let known = this.master()
    let looking = false
    const look = async () => {
      await this.#look()
      const now = this.master()
      if (!now || now.pid === known?.pid || !(await this.#listens())) return
      known = now
      await restarted()
    }
    const turn = async () => {
      if (looking) return
      looking = true
      await look().catch(failed)
      looking = false
    }
    this.#supervision = setInterval(() => void turn(), SUPERVISION_MS).unref()
  }

  /** Stops looking; script and HAProxy run on. */
  close(): void {
    if (this.#supervision) clearInterval(this.#supervision)
    this.#supervision = null
  }

  /** Waits until a script has said that it runs, or the one that was started has ended. */
  async #taken(ended: () => boolean): Promise<void> {
    const limit = performance.now() + START_MS
    while (!isAlive(readRun(this.#layout.watchdogRun)) && !ended() && performance.now() < limit)
      await pause(POLL_MS)
  }

  async #look(): Promise<void> {
    if (this.master()) await writeFile(this.#layout.seen, `${Date.now()}\n`)
    if (!isAlive(readRun(this.#layout.watchdogRun))) await this.ensure()
  }

  async #listens(): Promise<boolean> {
    const master = this.master()
    return master !== null && (await textOf(this.#layout.pidFile)).trim() === String(master.pid)
  }

  /** What HAProxy wrote since, when it is an error. */
  async #lastWords(from: number): Promise<string | null> {
    const lines = (await textOf(this.#layout.log)).slice(from).split('\n')
    const alerts = lines.filter((line) => line.startsWith('[ALERT]'))
    return alerts.length > 0 && !this.master() ? alerts.slice(-5).join(' · ') : null
  }
}

/** Ends HAProxy and the script, if they run. */
export async function bringDown(layout: Layout): Promise<void> {
  await writeFile(layout.down, '')
  await rm(layout.seen, { force: true })
  await end(readRun(layout.masterRun), 'SIGTERM')
  await end(readRun(layout.watchdogRun), null)
  await rm(layout.watchdogRun, { force: true })
}

/** Signals a process (null: leaves it to end by itself first), waits, and kills it when it does not end. */
async function end(identity: ProcessIdentity | null, signal: 'SIGTERM' | null): Promise<void> {
  if (!isAlive(identity)) return
  if (signal) process.kill(identity.pid, signal)
  const limit = performance.now() + STOP_MS
  while (isAlive(identity) && performance.now() < limit) await pause(POLL_MS)
  if (isAlive(identity)) process.kill(identity.pid, 'SIGKILL')
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
