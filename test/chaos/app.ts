import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { create } from 'tar'
import { sourceFrom, type TestServer } from '../harness/index.ts'
import type { BuildKind, Command } from './draw.ts'
import type { PatientApi } from './patient.ts'

const STEADY = fileURLToPath(new URL('../apps/steady', import.meta.url))
const BUILD_TRIES = 10
const BUILD_POLL_MS = 150

/** Short limits, so that a rollout takes seconds. */
const QUICK = {
  drain_seconds: 15,
  stream_seconds: 0.5,
  stop_seconds: 0.5,
  boot_seconds: 20,
  hold_seconds: 10,
  pre_stop: { path: '/shutdown' },
}
/** One of them, some checks after its boot, so that the others have what it had in flight. */
const CRASH_LATER = '$(test $DYNO = web.2 && echo crash-later)'

type Deploy = Extract<Command, { do: 'deploy' }>

/** An instance as `GET /apps/A/dynos` tells it. */
export interface Dyno {
  readonly name: string
  readonly type: string
  readonly state: string
  readonly release: { readonly version: number }
  readonly tasuki: {
    readonly instance: string
    readonly admin: string | null
    readonly health: string | null
    readonly generation: number
  }
}

/** A rollout as `GET /tasuki/rollouts/R` tells it. */
export interface RolloutView {
  readonly id: string
  readonly strategy: string
  readonly to: number
  readonly status: string
  readonly reason: string | null
  readonly started_at: string
  readonly finished_at: string | null
  readonly receipt: {
    readonly served: number
    readonly lost: number
    readonly traffic: {
      readonly during: { readonly requests: number; readonly ms: number }
      readonly after: { readonly requests: number; readonly ms: number }
      readonly streams: { readonly opened: number }
      readonly complete: boolean
      readonly gaps: readonly string[]
    }
  } | null
}

/** An app that chaos is made with: a steady one with two to four instances. */
export class ChaosApp {
  readonly name: string
  readonly #server: TestServer
  readonly #api: PatientApi
  readonly #kinds = new Map<string, BuildKind>()
  readonly #kindOfRelease = new Map<number, BuildKind | null>()
  #count = 0
  /** How many instances of web are wanted. */
  wanted = 2

  private constructor(server: TestServer, api: PatientApi, name: string) {
    this.#server = server
    this.#api = api
    this.name = name
  }

  static async create(server: TestServer, api: PatientApi, name: string): Promise<ChaosApp> {
    const app = new ChaosApp(server, api, name)
    await api.must('POST', '/apps', { name })
    await writeFile(app.#ordersLog, '')
    // Instances have users of their own.
    await chmod(app.#ordersLog, 0o666)
    await api.must('PATCH', `/apps/${name}/config-vars`, { ORDERS_LOG: app.#ordersLog })
    return app
  }

  get host(): string {
    return this.#server.host(this.name)
  }

  /** Asks for it; resolves when it has been taken. False when there was nothing to do, as for a rollback of the first release. */
  async ask(command: Command): Promise<boolean> {
    if (command.do === 'deploy') return this.#deploy(command)
    if (command.do === 'config')
      return this.#done('PATCH', 'config-vars', { GREETING: String(command.value) })
    if (command.do === 'scale') return this.#scale(command.web)
    if (command.do === 'restart') return this.#ours('restart', {})
    if (command.do === 'restart one') return this.#restartOne(command.which)
    return this.#ours('rollback', {})
  }

  rollouts(): Promise<RolloutView[]> {
    return this.#api.get(`/tasuki/apps/${this.name}/rollouts`)
  }

  dynos(): Promise<Dyno[]> {
    return this.#api.get(`/apps/${this.name}/dynos`)
  }

  /** What is wrong with the build of that release; null when it is none of ours, or died with its control plane. */
  async kindOf(version: number): Promise<BuildKind | null> {
    const known = this.#kindOfRelease.get(version)
    if (known !== undefined) return known
    const { slug } = await this.#api.get(`/apps/${this.name}/releases/${version}`)
    const kind = this.#kinds.get(slug?.id) ?? null
    this.#kindOfRelease.set(version, kind)
    return kind
  }

  /** Which instances carried out the order of each id, in order. */
  async orders(): Promise<Map<string, string[]>> {
    const done = new Map<string, string[]>()
    for (const line of (await readFile(this.#ordersLog, 'utf8')).split('\n')) {
      const [id, instance] = line.split(' ')
      if (id && instance) done.set(id, [...(done.get(id) ?? []), instance])
    }
    return done
  }

  async #deploy(command: Deploy): Promise<boolean> {
    const archive = await this.#pack(command)
    for (let tries = 0; tries < BUILD_TRIES; tries++) {
      const build = await this.#build(archive)
      if (build.slug) this.#kinds.set(build.slug.id, command.build)
      if (build.status === 'succeeded') return true
      // A build dies with its control plane.
      if (!/stopped during/.test(build.tasuki.error?.message ?? ''))
        throw new Error(`${this.name}: the build failed: ${JSON.stringify(build.tasuki.error)}`)
    }
    return false
  }

  // biome-ignore lint/suspicious/noExplicitAny: a build as docs/api.md has it
  async #build(archive: Uint8Array<ArrayBuffer>): Promise<any> {
    const { source_blob: blob } = await this.#api.must('POST', '/sources')
    await this.#api.upload(blob.put_url, archive)
    const made = await this.#api.must('POST', `/apps/${this.name}/builds`, {
      source_blob: { url: blob.get_url },
    })
    for (;;) {
      const build = await this.#api.get(`/apps/${this.name}/builds/${made.id}`)
      if (build.status !== 'pending') return build
      await pause(BUILD_POLL_MS)
    }
  }

  async #pack(command: Deploy): Promise<Uint8Array<ArrayBuffer>> {
    const source = await sourceFrom(this.#server, STEADY, this.#files(command))
    const file = `${source}.tgz`
    try {
      await create({ cwd: source, gzip: true, file }, ['.'])
      return new Uint8Array(await readFile(file))
    } finally {
      await rm(source, { recursive: true })
      await rm(file, { force: true })
    }
  }

  #files({ build, strategy, surge, onTerm, checkSeconds, bakeSeconds }: Deploy): Record<string, string> {
    const crashing = { 'crashes at boot': 'crash-at-boot', 'crashes in the bake': CRASH_LATER }
    const extra = build in crashing ? `,${crashing[build as keyof typeof crashing]}` : ''
    // Long enough for the crash to fall into it.
    const bake = build === 'crashes in the bake' ? { bake_seconds: 8, check_seconds: 0.2 } : {}
    const drawn = { strategy, surge, check_seconds: checkSeconds, bake_seconds: bakeSeconds }
    const settings = { ...QUICK, ...drawn, ...bake }
    const release = build === 'release phase fails' ? 'exit 9' : 'node release.js'
    return {
      Procfile:
        `web: export BUILD=${++this.#count} BEHAVIOUR=${onTerm}${extra}; exec node server.js\n` +
        `release: ${release}\n`,
      'app.json': JSON.stringify({
        formation: { web: { quantity: this.wanted } },
        healthchecks: { web: [{ type: 'readiness', path: '/health' }] },
        tasuki: settings,
      }),
    }
  }

  async #scale(web: number): Promise<boolean> {
    this.wanted = web
    return this.#done('PATCH', 'formation', { updates: [{ type: 'web', quantity: web }] })
  }

  async #restartOne(which: number): Promise<boolean> {
    const dynos = (await this.dynos()).filter((dyno) => dyno.state === 'up')
    const dyno = dynos[which % dynos.length]
    return dyno !== undefined && this.#ours('restart', { instance: dyno.tasuki.instance })
  }

  async #done(method: string, path: string, body: unknown): Promise<boolean> {
    await this.#api.must(method, `/apps/${this.name}/${path}`, body)
    return true
  }

  /** One of our own changes. What there is nothing to do for is refused, and that is well. */
  async #ours(what: string, body: unknown): Promise<boolean> {
    const { status, body: answer } = await this.#api.call('POST', `/tasuki/apps/${this.name}/${what}`, body)
    if (status === 404 || status === 422) return false
    if (status >= 300) throw new Error(`${this.name}: ${what}: ${status} ${JSON.stringify(answer)}`)
    return true
  }

  get #ordersLog(): string {
    return join(this.#server.directory, `orders-${this.name}`)
  }
}
