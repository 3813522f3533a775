import { TasukiError } from '../domain/errors.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import type { RouterServer } from '../rollout/ports.ts'
import type { App } from '../store/apps.ts'
import type { Run } from '../store/runs.ts'
import type { ServiceDeps } from './context.ts'
import { restingInstances } from './resting-instances.ts'
import { ROTATION_KINDS, type Rotation, rotationOf } from './rotation.ts'
import { RUN_TYPE } from './run-wish.ts'
import type { RunService } from './runs.ts'

/** An instance as runtime and router see it now. */
export interface InstanceView {
  readonly instance: RuntimeInstance
  /** Null when the router does not know it, or could not be asked. */
  readonly server: RouterServer | null
  /** `idle`: the app sleeps, and this one runs again when somebody visits it. */
  readonly state: 'starting' | 'up' | 'down' | 'crashed' | 'idle'
  /** Null where the router does not know it. */
  readonly rotation: Rotation | null
  readonly command: string
  readonly releaseId: string | null
}

interface Routed {
  readonly server: RouterServer
  readonly rotation: Rotation
}

/** What runs now. */
export class InstanceService {
  readonly #deps: ServiceDeps
  readonly #runs: Pick<RunService, 'open'>

  constructor(deps: ServiceDeps, runs: Pick<RunService, 'open'>) {
    this.#deps = deps
    this.#runs = runs
  }

  /** By type, name and age. What has been replaced and has ended is left out; a run that waits to be attached to is there. */
  async list(app: App): Promise<InstanceView[]> {
    const instances = (await this.#deps.runtime.list(app.id)).filter(shown)
    const servers = await this.#servers(app)
    const views = instances.map((instance) => this.#view(app, instance, servers.get(instance.id) ?? null))
    const others = [
      ...(await this.#notStarted(app, instances)),
      ...(await restingInstances(this.#deps.store.tables, app, instances)),
    ]
    return [...(await Promise.all(views)), ...others].sort(byName)
  }

  /** One of them, by name (the newest of that name) or id. Throws `not_found`. */
  async find(app: App, which: string): Promise<InstanceView> {
    const named = ({ instance }: InstanceView) => instance.name === which || instance.id === which
    const found = (await this.list(app)).findLast(named)
    if (found) return found
    throw new TasukiError('not_found', `${app.name} has no instance "${which.slice(0, 60)}".`, {
      next: `\`tasuki ps -a ${app.name}\` lists them.`,
    })
  }

  /** A run as an instance, from its wish on. */
  async ofRun(app: App, run: Run): Promise<InstanceView> {
    const started = (await this.#deps.runtime.list(app.id)).find(({ id }) => id === run.instance)
    const release = await this.#deps.store.tables.releases.byVersion(app.id, run.release)
    const view = { server: null, rotation: null, command: run.command, releaseId: release?.id ?? null }
    if (started) return { ...view, instance: started, state: stateOf(started, null) }
    const { instance: id, appId, name, release: version, size, createdAt: startedAt } = run
    const about = {
      id,
      kind: 'one-off',
      appId,
      type: RUN_TYPE,
      name,
      release: version,
      generation: 0,
      size,
    } as const
    const none = {
      host: null,
      unreachable: false,
      address: null,
      privateAddress: null,
      pid: null,
      signalledAt: null,
      exit: null,
    }
    const state = run.state === 'ended' ? 'down' : 'starting'
    return { ...view, instance: { ...about, ...none, state: 'running', startedAt }, state }
  }

  #notStarted(app: App, instances: readonly RuntimeInstance[]): Promise<InstanceView[]> {
    const started = new Set(instances.map(({ id }) => id))
    const waiting = this.#runs
      .open(app)
      .filter((run) => run.state === 'waiting' && !started.has(run.instance))
    return Promise.all(waiting.map((run) => this.ofRun(app, run)))
  }

  async #servers(app: App): Promise<Map<string, Routed>> {
    try {
      const view = await this.#deps.router.observe({ appId: app.id, type: ROUTABLE_TYPE })
      const servers = view?.servers ?? []
      const ids = servers.map(({ instance }) => instance)
      const meant = await this.#deps.store.tables.journal.newestOf(ids, ROTATION_KINDS)
      return new Map(
        servers.map((server) => [
          server.instance,
          { server, rotation: rotationOf(server, meant.get(server.instance) ?? null) },
        ]),
      )
    } catch (error) {
      this.#deps.log.warn({ app: app.id, error: String(error) }, 'The router could not be asked')
      return new Map()
    }
  }

  async #view(app: App, instance: RuntimeInstance, routed: Routed | null): Promise<InstanceView> {
    const server = routed?.server ?? null
    const { releases, artifacts } = this.#deps.store.tables
    const release = await releases.byVersion(app.id, instance.release)
    const own = this.#runs.open(app).find((run) => run.instance === instance.id)?.command
    const types = release?.artifact ? (await artifacts.get(release.artifact)).processTypes : {}
    return {
      instance,
      server,
      state: stateOf(instance, server),
      rotation: routed?.rotation ?? null,
      command: own ?? types[instance.type] ?? '',
      releaseId: release?.id ?? null,
    }
  }
}

/** An end that the platform asked for is no news. */
function shown(instance: RuntimeInstance): boolean {
  return instance.state === 'running' || (instance.kind === 'formation' && instance.signalledAt === null)
}

function stateOf(instance: RuntimeInstance, server: RouterServer | null): InstanceView['state'] {
  if (instance.state === 'exited') return 'crashed'
  if (instance.type !== ROUTABLE_TYPE || instance.kind !== 'formation') return 'up'
  if (!server) return 'starting'
  if (server.health === 'checking' || !server.passedOnce) return 'starting'
  return server.health === 'up' ? 'up' : 'down'
}

function byName(a: InstanceView, b: InstanceView): number {
  const [one, other] = [a.instance, b.instance]
  return one.name.localeCompare(other.name, 'en', { numeric: true }) || one.startedAt - other.startedAt
}
