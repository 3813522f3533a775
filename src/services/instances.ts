import type { RuntimeInstance } from '../domain/instance.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import type { RouterServer } from '../rollout/ports.ts'
import type { App } from '../store/apps.ts'
import type { ServiceDeps } from './context.ts'

/** An instance as runtime and router see it now. */
export interface InstanceView {
  readonly instance: RuntimeInstance
  /** Null when the router does not know it, or could not be asked. */
  readonly server: RouterServer | null
  readonly state: 'starting' | 'up' | 'down' | 'crashed'
  readonly command: string
  readonly releaseId: string | null
}

/** What runs now. */
export class InstanceService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** By type, name and age. What has been replaced and has ended is left out. */
  async list(app: App): Promise<InstanceView[]> {
    const instances = (await this.#deps.runtime.list(app.id)).filter(shown)
    const servers = await this.#servers(app)
    const views = instances.map((instance) => this.#view(app, instance, servers.get(instance.id) ?? null))
    return (await Promise.all(views)).sort(byName)
  }

  async #servers(app: App): Promise<Map<string, RouterServer>> {
    try {
      const view = await this.#deps.router.observe({ appId: app.id, type: ROUTABLE_TYPE })
      return new Map((view?.servers ?? []).map((server) => [server.instance, server]))
    } catch (error) {
      this.#deps.log.warn({ app: app.id, error: String(error) }, 'The router could not be asked')
      return new Map()
    }
  }

  async #view(app: App, instance: RuntimeInstance, server: RouterServer | null): Promise<InstanceView> {
    const { releases, artifacts, runs } = this.#deps.store.tables
    const release = await releases.byVersion(app.id, instance.release)
    const own = instance.kind === 'one-off' ? (await runs.byInstance(instance.id))?.command : undefined
    const types = release?.artifact ? (await artifacts.get(release.artifact)).processTypes : {}
    return {
      instance,
      server,
      state: stateOf(instance, server),
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
