import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { InstanceSpec } from '../domain/instance.ts'
import { changedConfig } from '../domain/names.ts'
import { DEFAULT_SIZE, sizeOf } from '../domain/size.ts'
import type { App } from '../store/apps.ts'
import { specOf } from '../store/rollout-store.ts'
import type { Run } from '../store/runs.ts'
import type { ServiceDeps } from './context.ts'
import type { AttachedRun } from './ports.ts'
import { currentVersion, intendedRelease } from './rollouts.ts'

const RUN_TYPE = 'run'
/** How long a run waits for its terminal, ms. */
const ATTACH_MS = 60_000
const MOST_COMMAND = 64 * 1024
const MOST_CELLS = 10_000

/** What a user wants run. */
export interface RunWish {
  readonly command: string
  readonly size?: string
  readonly env?: Readonly<Record<string, string>>
  readonly tty?: boolean
  readonly columns?: number
  readonly lines?: number
  readonly detach?: boolean
}

/** Commands that are run once, with an app's release and config: `tasuki run`. */
export class RunService {
  readonly #deps: ServiceDeps
  readonly #waiting = new Map<string, NodeJS.Timeout>()
  #unwatch: (() => void) | null = null

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Goes on looking after runs of a control plane that died. */
  async start(): Promise<void> {
    this.#unwatch = this.#deps.runtime.watch((appId) => void this.#noticed(appId))
    for (const run of await this.#deps.store.tables.runs.open())
      if (run.state === 'waiting') await this.#ended(run, null)
    for (const appId of new Set((await this.#deps.store.tables.runs.open()).map((run) => run.appId)))
      await this.#noticed(appId)
  }

  stop(): void {
    this.#unwatch?.()
    for (const timer of this.#waiting.values()) clearTimeout(timer)
  }

  /**
   * Detached: started when it resolves. Else it waits a minute for `attach`.
   * Throws `invalid_params`, `not_found` when nothing has been deployed, `no_memory`, `disk_full`.
   */
  async create(app: App, wish: RunWish, user: string): Promise<Run> {
    const run = await this.#record(app, wish, user)
    await this.#deps.store.tables.runs.insert(run)
    if (wish.detach) await this.#startDetached(run)
    else this.#waiting.set(run.id, this.#expiry(run))
    return this.get(app, run.id)
  }

  /** Throws `not_found`. */
  async get(app: App, id: string): Promise<Run> {
    const found = await this.#deps.store.tables.runs.byId(app.id, id)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} has no run "${id.slice(0, 60)}".`)
  }

  /** Starts a waiting run at the caller's terminal. Throws `conflict` when it has been attached to or has ended. */
  async attach(id: string): Promise<AttachedRun> {
    clearTimeout(this.#waiting.get(id))
    this.#waiting.delete(id)
    const { runs } = this.#deps.store.tables
    if (!(await runs.claim(id)))
      throw new TasukiError('conflict', 'This run has been attached to already, or has ended.', {
        next: 'Start it again with `tasuki run`.',
      })
    const run = (await runs.get(id))!
    const attached = await this.#attempt(run, async (spec) =>
      this.#deps.oneOffs.runAttached(spec, run.options),
    )
    void attached.exited.then((code) => this.#ended(run, code)).catch((error) => this.#broke(run, error))
    return attached
  }

  async #record(app: App, wish: RunWish, user: string): Promise<Run> {
    const size = sizeOf(wish.size ?? DEFAULT_SIZE).name
    const command = await this.#command(app, checkedCommand(wish.command))
    const number = randomInt(1000, 10_000)
    return {
      id: randomUUID(),
      appId: app.id,
      name: `${RUN_TYPE}.${number}`,
      instance: `${RUN_TYPE}-${number}-${randomBytes(6).toString('hex')}`,
      command,
      size,
      release: await this.#version(app),
      options: {
        env: changedConfig({}, wish.env ?? {}),
        tty: wish.tty ?? false,
        columns: cells(wish.columns ?? 80),
        lines: cells(wish.lines ?? 24),
      },
      state: 'waiting',
      exitCode: null,
      user,
      createdAt: Date.now(),
      endedAt: null,
    }
  }

  /** The release that serves; before the first success the one on its way. */
  async #version(app: App): Promise<number> {
    const { tables } = this.#deps.store
    const version =
      (await currentVersion(tables, app.id)) ?? (await intendedRelease(tables, app.id))?.version ?? null
    if (version !== null) return version
    throw new TasukiError('not_found', `${app.name} has nothing to run yet.`, {
      next: `Run \`tasuki deploy -a ${app.name}\` first.`,
    })
  }

  /** A process type stands for its command, so that `run worker --once` does what the Procfile says. */
  async #command(app: App, command: string): Promise<string> {
    const [first = '', ...rest] = command.split(' ')
    const { artifacts, releases } = this.#deps.store.tables
    const release = await releases.byVersion(app.id, await this.#version(app))
    const types = release?.artifact ? (await artifacts.get(release.artifact)).processTypes : {}
    return Object.hasOwn(types, first) ? [types[first], ...rest].join(' ') : command
  }

  async #startDetached(run: Run): Promise<void> {
    await this.#deps.store.tables.runs.claim(run.id)
    await this.#attempt(run, (spec) => this.#deps.runtime.start(spec))
    await this.#noticed(run.appId)
  }

  /** A run that can not be started has ended. */
  async #attempt<T>(run: Run, start: (spec: InstanceSpec) => Promise<T>): Promise<T> {
    try {
      return await start(await this.#spec(run))
    } catch (error) {
      await this.#deps.store.tables.runs.end(run.id, null, Date.now())
      throw error
    }
  }

  async #spec(run: Run): Promise<InstanceSpec> {
    const { tables } = this.#deps.store
    const { appId, release: version, command } = run
    const spec = await specOf(tables, appId, version, { type: RUN_TYPE, kind: 'one-off', command })
    return {
      ...spec,
      id: run.instance,
      name: run.name,
      generation: (await tables.apps.byId(appId))!.generation,
      size: sizeOf(run.size),
      env: { ...spec.env, ...run.options.env },
    }
  }

  #expiry(run: Run): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#waiting.delete(run.id)
      void this.#deps.store.tables.runs
        .end(run.id, null, Date.now())
        .catch((error) => this.#broke(run, error))
    }, ATTACH_MS)
    return timer.unref()
  }

  /** Something of this app may have exited: runs that have are recorded and removed. */
  async #noticed(appId: string): Promise<void> {
    try {
      const open = (await this.#deps.store.tables.runs.open()).filter((one) => one.appId === appId)
      if (open.length === 0) return
      const instances = await this.#deps.runtime.list(appId)
      for (const run of open.filter((one) => one.state === 'up')) {
        const instance = instances.find((one) => one.id === run.instance)
        if (instance?.state === 'exited') await this.#ended(run, instance.exit?.code ?? null)
      }
    } catch (error) {
      this.#deps.log.warn({ app: appId, error: String(error) }, 'Runs could not be looked after')
    }
  }

  async #ended(run: Run, exitCode: number | null): Promise<void> {
    await this.#deps.store.tables.runs.end(run.id, exitCode, Date.now())
    await this.#deps.runtime.remove(run.instance)
  }

  #broke(run: Run, error: unknown): void {
    this.#deps.log.error({ run: run.id, error: String(error) }, 'The end of a run could not be recorded')
  }
}

function checkedCommand(command: string): string {
  const trimmed = command.trim()
  if (trimmed !== '' && trimmed.length <= MOST_COMMAND && !trimmed.includes('\0')) return trimmed
  throw new TasukiError('invalid_params', 'There is no command to run, or it is too long.')
}

function cells(count: number): number {
  if (Number.isInteger(count) && count > 0 && count <= MOST_CELLS) return count
  throw new TasukiError('invalid_params', `A terminal can not be ${count} wide or high.`)
}
