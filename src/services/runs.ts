import { TasukiError } from '../domain/errors.ts'
import type { InstanceSpec } from '../domain/instance.ts'
import { DEFAULT_SIZE, sizeOf } from '../domain/size.ts'
import type { App } from '../store/apps.ts'
import { specOf } from '../store/rollout-store.ts'
import type { Run } from '../store/runs.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { formationOf } from './formation.ts'
import type { AttachedRun } from './ports.ts'
import { currentVersion, intendedRelease } from './rollouts.ts'
import { ATTACH_MS, RunKeeper } from './run-keeper.ts'
import { checkedCommand, checkWish, RUN_TYPE, type RunWish, wishedRun } from './run-wish.ts'

/** Of one app at once, so that a loop in a script does not fill the machine. */
const MOST_OPEN = 100

/** Commands that are run once, with an app's release and config: one-off instances. */
export class RunService {
  readonly #deps: ServiceDeps
  readonly #keeper: RunKeeper
  #unwatch: (() => void) | null = null

  constructor(deps: ServiceDeps) {
    this.#deps = deps
    this.#keeper = new RunKeeper(deps)
  }

  /** Goes on looking after runs of a control plane that died. */
  async start(): Promise<void> {
    this.#unwatch = this.#deps.runtime.watch((appId) => void this.#noticed(appId))
    await this.#keeper.start()
  }

  /** Detached runs go on; who is attached loses the connection, and with it the run. */
  async stop(): Promise<void> {
    this.#unwatch?.()
    const attached = this.#keeper.open().filter((run) => run.state === 'up' && run.options.attached)
    await Promise.all(attached.map((run) => this.hangUp(run.id)))
  }

  /** Ends what is over its time, and what does not end by itself. To be called every second or so. */
  look(now: number): Promise<void> {
    return this.#keeper.look(now)
  }

  /**
   * Detached: started when it resolves. Else it waits a minute for `attach`.
   * Throws `invalid_params`, `not_found`, `no_memory`, `disk_full`, and `conflict` when nothing has been deployed
   * or very many run already.
   */
  async create(app: App, wish: RunWish, user: string): Promise<Run> {
    checkWish(wish)
    if (this.#keeper.open(app.id).length >= MOST_OPEN)
      throw new TasukiError('conflict', `${app.name} has ${MOST_OPEN} one-off instances already.`, {
        next: `Wait until one has ended, or stop one: \`tasuki ps:stop run -a ${app.name}\`.`,
      })
    const run = await this.#record(app, wish, user)
    await this.#deps.store.tables.runs.insert(run)
    this.#keeper.keep(run)
    announce(this.#deps, app.id, `Starting process with command \`${run.command}\` by ${user}`)
    if (wish.detach) await this.#startDetached(run)
    return this.get(app, run.id)
  }

  /** Throws `not_found`. */
  async get(app: App, id: string): Promise<Run> {
    const found = await this.#deps.store.tables.runs.byId(app.id, id)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} has no run "${id.slice(0, 60)}".`)
  }

  /** Those of an app that have not ended, in the order of their start. */
  open(app: App): Run[] {
    return this.#keeper.open(app.id)
  }

  /** The one of that name (`run.4711`), run or instance id that has not ended. */
  named(app: App, which: string): Run | null {
    return this.open(app).find(({ id, name, instance }) => [id, name, instance].includes(which)) ?? null
  }

  /** Starts a waiting run at the caller's terminal. Throws `conflict` when it has been attached to or has ended. */
  async attach(id: string): Promise<AttachedRun> {
    const run = await this.#claim(id)
    const attached = await this.#attempt(run, (spec) => this.#deps.oneOffs.runAttached(spec, run.options))
    void attached.exited
      .then((code) => this.#keeper.ended(run, code))
      .catch((error) =>
        this.#deps.log.error({ run: id, error: String(error) }, 'The end of a run could not be recorded'),
      )
    return attached
  }

  /**
   * Whoever was attached has gone: SIGHUP; what does not end by it is stopped. Nothing happens when it has ended.
   * Never rejects.
   */
  async hangUp(id: string): Promise<void> {
    const run = this.#keeper.open().find((one) => one.id === id)
    if (run === undefined) return
    await this.#keeper.hangUp(run).catch((error) => {
      this.#deps.log.warn({ run: id, error: String(error) }, 'A run could not be told that its user has gone')
    })
  }

  /** These instances are not known any more, with their host: their runs are over. */
  lost(instances: ReadonlySet<string>): Promise<void> {
    return this.#keeper.lost(instances)
  }

  /** SIGTERM, and SIGKILL after thirty seconds. */
  async end(run: Run, user: string): Promise<void> {
    announce(this.#deps, run.appId, `Stop of ${run.name} by ${user}`)
    await this.#keeper.stop(run)
  }

  async #record(app: App, wish: RunWish, user: string): Promise<Run> {
    const release = await this.#version(app)
    return wishedRun(wish, {
      appId: app.id,
      user,
      release,
      command: await this.#command(app, release, checkedCommand(wish.command)),
      size: wish.size ?? (await this.#sizeOfType(app, wish.type ?? RUN_TYPE)),
      mostSeconds: this.#deps.settings.mostRunSeconds,
    })
  }

  /** The release that serves; before the first success the one on its way. */
  async #version(app: App): Promise<number> {
    const { tables } = this.#deps.store
    const version =
      (await currentVersion(tables, app.id)) ?? (await intendedRelease(tables, app.id))?.version ?? null
    const release = version === null ? null : await tables.releases.byVersion(app.id, version)
    if (release?.artifact) return release.version
    throw new TasukiError('conflict', `${app.name} has nothing to run yet.`, {
      next: `Run \`tasuki deploy -a ${app.name}\` first.`,
    })
  }

  /** A process type stands for its command, so that `run worker --once` does what the Procfile says. */
  async #command(app: App, version: number, command: string): Promise<string> {
    const [first = '', ...rest] = command.split(' ')
    const { artifacts, releases } = this.#deps.store.tables
    const release = await releases.byVersion(app.id, version)
    const types = release?.artifact ? (await artifacts.get(release.artifact)).processTypes : {}
    if (!Object.hasOwn(types, first)) return command
    if (types[first] !== '' || rest.length === 0) return [types[first], ...rest].join(' ')
    throw new TasukiError('invalid_params', `${first} is the image's own command, which is run as it is.`, {
      next: 'Name the whole command that is to be run instead.',
    })
  }

  /** Throws `not_found`. */
  async #sizeOfType(app: App, type: string): Promise<string> {
    if (type === RUN_TYPE) return DEFAULT_SIZE
    const entry = (await formationOf(this.#deps.store.tables, app)).find((one) => one.type === type)
    if (entry) return entry.size
    throw new TasukiError('not_found', `${app.name} has no process type "${type.slice(0, 60)}".`)
  }

  async #startDetached(waiting: Run): Promise<void> {
    const run = await this.#claim(waiting.id)
    await this.#attempt(run, (spec) => this.#deps.runtime.start(spec))
    await this.#noticed(run.appId)
  }

  /** For the one caller that may start it. Throws `conflict`. */
  async #claim(id: string): Promise<Run> {
    const run = this.#keeper.open().find((one) => one.id === id)
    const inTime = run && Date.now() - run.createdAt < ATTACH_MS
    if (!inTime || !(await this.#deps.store.tables.runs.claim(id)))
      throw new TasukiError('conflict', 'This run has been attached to already, or has ended.', {
        next: 'Start it again with `tasuki run`.',
      })
    const claimed: Run = { ...run, state: 'up' }
    this.#keeper.keep(claimed)
    return claimed
  }

  /** A run that can not be started has ended. */
  async #attempt<T>(run: Run, start: (spec: InstanceSpec) => Promise<T>): Promise<T> {
    try {
      const started = await start(await this.#spec(run))
      this.#keeper.tell(run, 'State changed from starting to up')
      return started
    } catch (error) {
      await this.#keeper.ended(run, null)
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

  async #noticed(appId: string): Promise<void> {
    await this.#keeper.noticed(appId).catch((error) => {
      this.#deps.log.warn({ app: appId, error: String(error) }, 'Runs could not be looked after')
    })
  }
}
