import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { processOfInstance, type Ran, signal, TestApp, TestServer, until } from '../../test/harness/index.ts'
import { type LoadReport, type RunningLoad, startLoad } from '../../test/load/index.ts'
import { Stage } from './stage.ts'

const HELLO = fileURLToPath(new URL('../../examples/hello', import.meta.url))
const APP = 'hello'
/** `rollout_failed` of the table of errors. */
const ROLLOUT_FAILED = 7
/** How long the load goes on without a control plane. */
const ALONE_MS = 1_500

/** The steps of the demo, each of which shows what it does and throws when it did not end as it should. */
export class Story {
  readonly stage = new Stage()
  #server: TestServer | null = null
  #load: RunningLoad | null = null
  #versions = 0
  #ending: Promise<void> | null = null

  async begin(): Promise<void> {
    this.#server = await TestServer.start({ domain: 'localhost' })
    this.stage.line(
      `Server, router and app run in ${this.server.directory}; visitors come in at ${this.server.url}.`,
    )
  }

  get server(): TestServer {
    if (!this.#server) throw new Error('the server has not been started')
    return this.#server
  }

  get app(): TestApp {
    return TestApp.existing(this.server, APP)
  }

  /** Runs a command of ours with its output shown. */
  async tasuki(args: readonly string[], expected = 0): Promise<Ran> {
    this.stage.command(args)
    const onOutput = lines((text) => this.stage.output(text))
    const ran = await this.server.cli(args, { cwd: this.server.directory, onOutput })
    if (ran.code === expected) return ran
    throw new Error(
      `\`tasuki ${args.join(' ')}\` ended with ${ran.code} instead of ${expected}.\n${this.server.log()}`,
    )
  }

  /** A copy of the example, changed so that it is another build, is deployed from a directory of that name. */
  async deploy(name: string, ...flags: readonly string[]): Promise<void> {
    await this.#source(name)
    await this.tasuki(['deploy', name, '-a', APP, ...flags])
  }

  /** The entry of the program throws at once. */
  async deployBroken(): Promise<void> {
    const directory = await this.#source('broken')
    const entry = join(directory, 'server.js')
    await writeFile(entry, `throw new Error('broken on purpose')\n${await readFile(entry, 'utf8')}`)
    await this.tasuki(['deploy', 'broken', '-a', APP], ROLLOUT_FAILED)
  }

  async startLoad(): Promise<void> {
    this.#load = await startLoad({
      url: this.server.url,
      host: this.app.host,
      rates: { get: 300, fresh: 30, slow: 2 },
      slowMs: 1_000,
      maxSeconds: 180,
    })
    this.stage.watch(this.#load)
  }

  /** Waits until all answers of a second come from one release, the one before the newest. */
  async servedByTheOneBefore(): Promise<void> {
    const releases: { version: number }[] = await this.server.get(`/apps/${APP}/releases`)
    const before = `v${Math.max(...releases.map(({ version }) => version)) - 1}`
    await until(`${before} alone to answer`, () => {
      const answering = Object.keys(this.#load?.snapshot()?.releases ?? {})
      return answering.length === 1 && answering[0] === before
    })
    this.stage.line(`All answers come from ${before}.`)
  }

  async killInstance(): Promise<void> {
    const pid = processOfInstance(this.server.directory, 'web.1')
    if (pid === null) throw new Error('web.1 has no process')
    this.stage.line(`kill -9 ${pid}   (web.1)`)
    signal(pid, 'SIGKILL')
    await until('another web.1 to be up', async () => {
      const dynos = await this.app.dynos()
      return (
        processOfInstance(this.server.directory, 'web.1') !== pid &&
        dynos.every((dyno) => dyno.state === 'up')
      )
    })
    await this.tasuki(['ps', '-a', APP])
  }

  async killControlPlaneInRollout(): Promise<void> {
    await this.deploy('third', '--detach')
    await until('the rollout to be half way', () => this.#half())
    this.stage.line(
      `kill -9 ${this.server.pid}   (the control plane, with the old and the new version both in service)`,
    )
    await this.server.kill()
    await pause(ALONE_MS)
    await this.server.restart()
    this.stage.line('The control plane is back and looks at what is there.')
    const rollout = await this.app.settled()
    if (rollout?.status !== 'succeeded') throw new Error(`the rollout ended as ${rollout?.status}`)
    this.stage.line(`It has brought v${rollout.to} to its end.`)
  }

  /** Ends the load and says what became of every request; sets the exit code. */
  async count(): Promise<void> {
    const report = await this.#stopLoad()
    if (!report) throw new Error('there was no load')
    const served = Object.entries(report.byRelease).map(
      ([release, many]) => `${release} ${many.toLocaleString('en')}`,
    )
    this.stage.line()
    this.stage.line(`answered by ${served.join(' · ')}`)
    for (const [cause, many] of Object.entries(report.byCause)) this.stage.line(`lost: ${many} × ${cause}`)
    const errors = Object.entries(report.byStatus).filter(([status]) => status >= '400')
    for (const [status, many] of errors) this.stage.line(`answered with ${status}: ${many}`)
    this.stage.line(`\n${report.sent.toLocaleString('en')} requests, ${report.lost} lost`)
    if (report.lost > 0 || errors.length > 0) process.exitCode = 1
  }

  /** Ends everything that was started and removes its files. Repeatable. */
  end(): Promise<void> {
    this.#ending ??= this.#stopLoad().then(() => this.#server?.close())
    return this.#ending
  }

  async #stopLoad(): Promise<LoadReport | null> {
    this.stage.unwatch()
    const load = this.#load
    this.#load = null
    return load ? load.stop() : null
  }

  /** One new instance takes requests, and an old one does so too. */
  async #half(): Promise<boolean> {
    const [rollout] = await this.app.rollouts()
    if (rollout?.status !== 'running') return false
    const journal: { kind: string; state: string }[] = await this.server.get(
      `/tasuki/rollouts/${rollout.id}/journal`,
    )
    return journal.some(({ kind, state }) => kind === 'admit' && state === 'done')
  }

  /** A copy of the example that says which version it is. */
  async #source(name: string): Promise<string> {
    const directory = join(this.server.directory, name)
    await cp(HELLO, directory, { recursive: true, filter: (path) => !path.includes('/node_modules') })
    const manifest = join(directory, 'package.json')
    const text = await readFile(manifest, 'utf8')
    await writeFile(manifest, text.replace(/"version": ".*?"/, `"version": "${++this.#versions}.0.0"`))
    return directory
  }
}

/** Hands on whole lines. */
function lines(use: (text: string) => void): (text: string) => void {
  let rest = ''
  return (text) => {
    const end = (rest + text).lastIndexOf('\n') + 1
    const whole = (rest + text).slice(0, end)
    rest = (rest + text).slice(end)
    if (whole !== '') use(whole)
  }
}
