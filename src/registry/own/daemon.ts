import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { TasukiError } from '../../domain/errors.ts'
import { type RegistryPaths, registryConfig } from './config.ts'

const PROGRAM = 'docker-registry'
const READY_MS = 15_000
const LOOK_MS = 50
const STOP_MS = 10_000
const AGAIN_MS = 1_000
const GARBAGE_MS = 30 * 60_000
const run = promisify(execFile)

export interface RegistryLog {
  warn(fields: Record<string, unknown>, message: string): void
}

/** Debian's `docker-registry` as a child, started again when it ends. */
export class RegistryDaemon {
  readonly #paths: RegistryPaths
  readonly #log: RegistryLog
  #child: ChildProcess | null = null
  #wanted = false

  constructor(paths: RegistryPaths, log: RegistryLog) {
    this.#paths = paths
    this.#log = log
  }

  /** Resolves once it answers. One that an earlier control plane left behind is ended first. Throws `setup_missing`. */
  async start(): Promise<void> {
    if (this.#wanted) return
    const { home, storage, config } = this.#paths
    mkdirSync(storage, { recursive: true, mode: 0o700 })
    chmodSync(home, 0o700)
    await this.#endStranger()
    writeFileSync(config, registryConfig(this.#paths), { mode: 0o600 })
    this.#wanted = true
    try {
      this.#spawn()
      await this.#ready()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  /** What it stores stays. */
  async stop(): Promise<void> {
    this.#wanted = false
    const child = this.#child
    // What an earlier control plane left behind is not ours to forget yet.
    if (child === null) return
    const alive = child.pid !== undefined && child.exitCode === null && child.signalCode === null
    if (alive) await ended(child)
    this.#child = null
    rmSync(this.#paths.socket, { force: true })
    rmSync(this.#pidFile, { force: true })
  }

  /** Frees what no image refers to. It must not run meanwhile: what it remembers of blobs would be wrong. */
  async collectGarbage(): Promise<void> {
    const { config } = this.#paths
    await run(PROGRAM, ['garbage-collect', config], { timeout: GARBAGE_MS, maxBuffer: 2 ** 26 })
  }

  get #pidFile(): string {
    return `${this.#paths.home}/pid`
  }

  #spawn(): void {
    rmSync(this.#paths.socket, { force: true })
    const output = openSync(`${this.#paths.home}/log`, 'w', 0o600)
    const child = spawn(PROGRAM, ['serve', this.#paths.config], {
      stdio: ['ignore', output, output],
      detached: true,
    })
    closeSync(output)
    this.#child = child
    child.on('error', () => undefined)
    if (child.pid !== undefined)
      writeFileSync(this.#pidFile, `${child.pid} ${startOf(child.pid) ?? ''}`, { mode: 0o600 })
    child.once('exit', (code) => {
      if (!this.#wanted || this.#child !== child) return
      this.#log.warn({ code }, 'the registry ended; it is started again')
      void delay(AGAIN_MS, undefined, { ref: false }).then(() => {
        if (this.#wanted && this.#child === child) this.#spawn()
      })
    })
  }

  async #ready(): Promise<void> {
    for (const end = Date.now() + READY_MS; Date.now() < end; await delay(LOOK_MS)) {
      if (this.#child?.pid === undefined) throw missing()
      if (await answers(this.#paths.socket)) return
      if (this.#child.exitCode !== null) break
    }
    const said = readFileSync(`${this.#paths.home}/log`, 'utf8').trim().split('\n').at(-1) ?? ''
    throw new TasukiError(
      'setup_missing',
      `The registry did not start: ${said.slice(0, 300) || 'it said nothing'}`,
    )
  }

  async #endStranger(): Promise<void> {
    const [pid, start] = readIfThere(this.#pidFile).split(' ')
    const number = Number(pid)
    if (!Number.isInteger(number) || number < 2 || startOf(number) !== start) return
    process.kill(number, 'SIGTERM')
    for (const end = Date.now() + STOP_MS; startOf(number) === start && Date.now() < end; )
      await delay(LOOK_MS)
    if (startOf(number) === start) process.kill(number, 'SIGKILL')
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  await Promise.race([exit, delay(STOP_MS, undefined, { ref: false }).then(() => child.kill('SIGKILL'))])
  await exit
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const one = connect(socket)
    one.once('connect', () => {
      one.destroy()
      resolve(true)
    })
    one.once('error', () => resolve(false))
  })
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // A process that ends while it is read of is not there.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

/** When a process began, in ticks after boot, so that none is taken for a later one with its number; null: there is none. */
function startOf(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return stat === '' || fields[0] === 'Z' ? null : (fields[19] ?? null)
}

function missing(): TasukiError {
  return new TasukiError('setup_missing', `The program ${PROGRAM} is not installed on the server.`, {
    next: `Install it: \`apt-get install ${PROGRAM}\`. Or use a registry that is there: \`tasuki registry:set URL\`.`,
  })
}
