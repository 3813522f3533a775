import { asTasukiError } from '../domain/errors.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { Run } from '../store/runs.ts'
import type { ServiceDeps } from './context.ts'
import { RUN_TYPE } from './run-wish.ts'

/** How long a run waits for its terminal, ms. */
export const ATTACH_MS = 60_000
/** A user who has gone leaves a program this long to end by SIGHUP, ms. */
const HANG_UP_MS = 5_000
/** From SIGTERM to SIGKILL, ms. */
const STOP_MS = 30_000
/** Records of runs that have ended are kept so long, ms. */
const KEEP_MS = 90 * 24 * 3_600_000

type Deps = Pick<ServiceDeps, 'store' | 'runtime' | 'oneOffs' | 'logs' | 'log'>

/**
 * Looks after the runs of all apps that have not ended: from what it sees, each look does what is due. So what one
 * control plane has begun the next one brings to its end, and nothing is left over.
 */
export class RunKeeper {
  readonly #deps: Deps
  readonly #open = new Map<string, Run>()
  /** When the users of runs went away, UTC ms. */
  readonly #hungUp = new Map<string, number>()
  readonly #ending = new Set<string>()
  readonly #killed = new Set<string>()
  /** Instances of runs that are over, on hosts that do not answer. */
  readonly #strays = new Set<string>()
  /** Apps of which nothing is left but runs. */
  readonly #forgotten = new Set<string>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Adopts detached runs, and ends what a control plane that died has left attached or waiting. */
  async start(): Promise<void> {
    const { runs } = this.#deps.store.tables
    await runs.forget(Date.now() - KEEP_MS)
    for (const run of await runs.open()) this.#open.set(run.id, run)
    const all = await this.#deps.runtime.list()
    const instances = all.filter(({ kind, type }) => kind === 'one-off' && type === RUN_TYPE)
    await this.#removeStrays(instances)
    for (const run of this.#open.values()) await this.#adopt(run, instances)
    await this.look(Date.now())
  }

  /** Those of an app, or of all, that have not ended. */
  open(appId?: string): Run[] {
    return [...this.#open.values()].filter((run) => appId === undefined || run.appId === appId)
  }

  /** From now on this run, in the state that it is in now, is looked after. */
  keep(run: Run): void {
    this.#open.set(run.id, run)
  }

  /** Does what is due. Cheap when nothing is open. */
  async look(now: number): Promise<void> {
    for (const id of [...this.#strays]) await this.#remove(id)
    for (const appId of new Set(this.open().map((run) => run.appId))) await this.#lookAt(appId, now)
  }

  /** Something of this app may have exited. */
  async noticed(appId: string): Promise<void> {
    if (this.open(appId).length > 0) await this.#lookAt(appId, Date.now())
  }

  /** SIGTERM now, SIGKILL after thirty seconds. */
  async stop(run: Run): Promise<void> {
    if (run.state === 'waiting') return this.expire(run)
    this.tell(run, 'Stopping all processes with SIGTERM')
    await this.#deps.runtime.signal(run.instance, 'SIGTERM')
  }

  /** Nobody attaches to it any more, unless somebody has in this moment. */
  async expire(run: Run): Promise<void> {
    if (await this.#deps.store.tables.runs.expire(run.id, Date.now())) this.#open.delete(run.id)
  }

  /** Its user has gone: SIGHUP now, after five seconds SIGTERM, then as `stop`. */
  async hangUp(run: Run): Promise<void> {
    if (!this.#open.has(run.id) || this.#ending.has(run.id) || this.#hungUp.has(run.id)) return
    this.#hungUp.set(run.id, Date.now())
    this.tell(run, 'Client disconnected: stopping process with SIGHUP')
    await this.#deps.oneOffs.hangUp(run.instance)
  }

  /** What was started is over: recorded, told, removed. May be repeated. */
  async ended(run: Run, exitCode: number | null): Promise<void> {
    if (!this.#open.has(run.id) || this.#ending.has(run.id)) return
    this.#ending.add(run.id)
    try {
      await this.#deps.store.tables.runs.end(run.id, exitCode, Date.now())
      await this.#tellEnd(run, exitCode)
      await this.#remove(run.instance)
      this.#open.delete(run.id)
      this.#hungUp.delete(run.id)
      this.#killed.delete(run.id)
    } finally {
      this.#ending.delete(run.id)
    }
  }

  /** These instances are not known any more, with their host: their runs are over. */
  async lost(instances: ReadonlySet<string>): Promise<void> {
    for (const run of this.open().filter((one) => instances.has(one.instance))) await this.ended(run, null)
  }

  async #tellEnd(run: Run, exitCode: number | null): Promise<void> {
    const instances = await this.#deps.runtime.list(run.appId)
    const cause = instances.find(({ id }) => id === run.instance)?.exit?.cause
    if (cause === 'memory') this.tell(run, 'Error R15 (Memory quota vastly exceeded)')
    this.tell(run, exitCode === null ? 'Process was killed' : `Process exited with status ${exitCode}`)
    this.tell(run, 'State changed from up to complete')
  }

  /** What runs for an app that was forgotten meanwhile is nobody's. */
  async #removeStrays(instances: readonly RuntimeInstance[]): Promise<void> {
    const known = new Set(this.open().map((run) => run.instance))
    for (const { id } of instances) if (!known.has(id)) await this.#remove(id)
  }

  /** Of a host that does not answer: as soon as it does. */
  async #remove(instance: string): Promise<void> {
    try {
      await this.#deps.runtime.remove(instance)
      this.#strays.delete(instance)
    } catch (error) {
      if (asTasukiError(error).code !== 'host_unreachable') throw error
      this.#strays.add(instance)
    }
  }

  async #adopt(run: Run, instances: readonly RuntimeInstance[]): Promise<void> {
    const found = instances.some(({ id }) => id === run.instance)
    if (run.state === 'waiting') await this.expire(run)
    else if (!found) await this.ended(run, null)
    else if (run.options.attached) await this.#hangUpLater(run)
  }

  /** What can not be told now has begun all the same: the looks bring it to its end. */
  async #hangUpLater(run: Run): Promise<void> {
    await this.hangUp(run).catch((error: unknown) =>
      this.#deps.log.warn({ run: run.id, error: String(error) }, 'A run could not be hung up yet'),
    )
  }

  async #lookAt(appId: string, now: number): Promise<void> {
    const app = await this.#deps.store.tables.apps.byId(appId)
    const appGone = app === null || app.destroyedAt !== null
    if (app === null) this.#forgotten.add(appId)
    const instances = await this.#deps.runtime.list(appId)
    for (const run of this.open(appId)) {
      const instance = instances.find(({ id }) => id === run.instance) ?? null
      await this.#attend(run, { instance, appGone, now }).catch((error) =>
        this.#deps.log.warn({ run: run.id, error: String(error) }, 'A run could not be looked after'),
      )
    }
  }

  async #attend(run: Run, seen: Seen): Promise<void> {
    const { instance, appGone, now } = seen
    if (instance?.unreachable) return
    if (run.state === 'waiting') {
      if (appGone || now - run.createdAt >= ATTACH_MS) await this.expire(run)
    } else if (instance?.state === 'exited') {
      await this.ended(run, instance.exit?.code ?? null)
    } else if (instance?.signalledAt) {
      if (now - instance.signalledAt >= STOP_MS) await this.#kill(run)
    } else if (instance && (appGone || this.#isDue(run, now))) {
      await this.stop(run)
    }
  }

  async #kill(run: Run): Promise<void> {
    if (!this.#killed.has(run.id)) {
      this.tell(
        run,
        `Error R12 (Exit timeout) -> Process failed to exit within ${STOP_MS / 1000} s of SIGTERM`,
      )
      this.tell(run, 'Stopping remaining processes with SIGKILL')
    }
    this.#killed.add(run.id)
    await this.#deps.runtime.signal(run.instance, 'SIGKILL')
  }

  #isDue(run: Run, now: number): boolean {
    const hungUpAt = this.#hungUp.get(run.id)
    if (hungUpAt !== undefined && now - hungUpAt >= HANG_UP_MS) return true
    const { seconds } = run.options
    if (now - run.createdAt < seconds * 1000) return false
    this.tell(run, `Time limit of ${seconds} s reached`)
    return true
  }

  /** A line of the app's log about this run. The log of an app that was forgotten is not begun anew. */
  tell(run: Run, message: string): void {
    if (this.#forgotten.has(run.appId)) return
    this.#deps.logs.append(run.appId, { dyno: run.name, message })
  }
}

/** What a look found out about a run. */
interface Seen {
  /** Null while it is being started. */
  readonly instance: RuntimeInstance | null
  readonly appGone: boolean
  readonly now: number
}
