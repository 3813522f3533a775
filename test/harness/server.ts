import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { chmod, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts } from './ports.ts'
import { killProcessesOf, processesOf } from './processes.ts'
import { type Ran, type RunOptions, run } from './run.ts'
import { until } from './until.ts'

const TASUKI = fileURLToPath(new URL('../../bin/tasuki', import.meta.url))
/** What that starts once it has found a Node, which takes it as long as some commands. */
const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const LOG_LINES_SHOWN = 60

/** Servers that are up: none of their processes may outlive this one, however it ends. */
const live = new Set<TestServer>()
process.on('exit', () => {
  for (const server of live) {
    server.sweep()
    rmSync(server.directory, { recursive: true, force: true })
  }
})
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

export interface ServerOptions {
  /** Apps answer at `APP.DOMAIN`. Default `test`. */
  readonly domain?: string
  /** Further flags of `tasuki server`. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: the shapes of docs/api.md, read by tests only
  readonly body: any
}

/** A real control plane with its own HAProxy, instances and files, all in one temporary directory. */
export class TestServer {
  /** The temporary directory: data, log and whatever a test wants to put there. */
  readonly directory: string
  readonly domain: string
  /** Where visitors come in, and where the API listens. */
  readonly http: string
  readonly api: string
  readonly #options: ServerOptions
  #child: ChildProcess | null = null
  #closed = false

  private constructor(directory: string, ports: readonly number[], options: ServerOptions) {
    this.directory = directory
    this.domain = options.domain ?? 'test'
    this.http = `127.0.0.1:${ports[0]}`
    this.api = `127.0.0.1:${ports[1]}`
    this.#options = options
  }

  /** Starts one and waits until it answers. Rejects with the end of its log when it does not. */
  static async start(options: ServerOptions = {}): Promise<TestServer> {
    const directory = await mkdtemp(join(tmpdir(), 'tasuki-test-'))
    // Instances run with a user of their own and must be able to reach their files.
    await chmod(directory, 0o755)
    const server = new TestServer(directory, await freePorts(2), options)
    live.add(server)
    try {
      await server.restart()
    } catch (error) {
      await server.close()
      throw error
    }
    return server
  }

  get data(): string {
    return join(this.directory, 'data')
  }

  /** Where visitors come in. */
  get url(): string {
    return `http://${this.http}`
  }

  /** Process id of the control plane; throws when it does not run. */
  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined || this.#child?.exitCode !== null) throw new Error('the control plane does not run')
    return pid
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** Host header of an app. */
  host(app: string): string {
    return `${app}.${this.domain}`
  }

  /** Starts the control plane on the same data; it must not be running. `env` is added for this run only. */
  async restart(env: Readonly<Record<string, string>> = {}): Promise<void> {
    this.start(env)
    await this.ready()
  }

  /** Like `restart`, without waiting for it. */
  start(env: Readonly<Record<string, string>> = {}): void {
    const log = openSync(this.#log, 'a')
    const flags = ['--data', this.data, '--http', this.http, '--api', this.api, '--domain', this.domain]
    this.#child = spawn(TASUKI, ['server', ...flags, ...(this.#options.flags ?? [])], {
      cwd: this.directory,
      env: { ...process.env, TASUKI_RATE_LIMIT: '0', ...this.#options.env, ...env, HOME: this.directory },
      stdio: ['ignore', log, log],
    })
    closeSync(log)
  }

  /** Waits until the API answers. */
  async ready(limitMs = 90_000): Promise<void> {
    const answers = async () => {
      if (!this.running) throw new Error(`the control plane ended by itself:\n${this.log()}`)
      return (await this.#healthy()) || null
    }
    await until('the control plane to answer', answers, limitMs).catch((error) => {
      throw new Error(`${error.message}\n${this.log()}`)
    })
  }

  /** Ends the control plane, and nothing else, by that signal; resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child
    if (!child || !this.running) return
    child.kill(signal)
    await until(`the control plane to end by ${signal}`, () => !this.running, 30_000).catch((error) => {
      throw new Error(`${error.message}\n${this.log()}`)
    })
  }

  async token(): Promise<string> {
    return (await readFile(join(this.data, 'token'), 'utf8')).trim()
  }

  /** One call of the API. Rejects only when the control plane can't be reached. */
  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await fetch(`http://${this.api}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.token()}`,
        accept: 'application/vnd.heroku+json; version=3',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }

  /** GET of the API; throws unless it answers with a 2xx. */
  // biome-ignore lint/suspicious/noExplicitAny: as `Answer`
  async get(path: string): Promise<any> {
    const { status, body } = await this.call('GET', path)
    if (status >= 300) throw new Error(`GET ${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  /** Runs `tasuki ARGS` against this server. */
  async cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const env = {
      HOME: this.directory,
      TASUKI_URL: `http://${this.api}`,
      TASUKI_TOKEN: await this.token(),
      NO_COLOR: '1',
      ...options.env,
    }
    return run(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
      ...options,
      env,
    })
  }

  /** The end of the control plane's log. */
  log(): string {
    try {
      return readFileSync(this.#log, 'utf8').split('\n').slice(-LOG_LINES_SHOWN).join('\n')
    } catch {
      return '(no log)'
    }
  }

  /** All processes of this server: control plane, router, instances. */
  processes(): number[] {
    return processesOf(this.directory)
  }

  /** Ends everything that it started and removes its files. Repeatable. */
  async close(): Promise<void> {
    if (this.#closed) return
    if (this.running) await this.#shutDown()
    this.sweep()
    await until('all processes of the server to be gone', () => this.processes().length === 0, 90_000)
    rmSync(this.directory, { recursive: true, force: true })
    live.delete(this)
    this.#closed = true
  }

  /** Ends all its processes at once, the impolite way. */
  sweep(): void {
    killProcessesOf(this.directory)
  }

  get #log(): string {
    return join(this.directory, 'server.log')
  }

  async #healthy(): Promise<boolean> {
    try {
      return (await fetch(`http://${this.api}/health`, { signal: AbortSignal.timeout(2_000) })).ok
    } catch {
      return false
    }
  }

  /** The polite way; what is left after it is swept away. */
  async #shutDown(): Promise<void> {
    const asked = await this.call('POST', '/tasuki/server/down').catch(() => null)
    if (asked === null) return
    await until('the control plane to end', () => !this.running, 20_000).catch(() => undefined)
  }
}
