import { TasukiError } from '../../domain/errors.ts'
import type { Check } from '../../domain/health.ts'
import type { InstanceId } from '../../domain/instance.ts'
import type { Assignment, BackendKey, BackendSpec, BackendView, RouterServer } from '../../rollout/ports.ts'
import type { NamedBackend, RouterControl, RouterStatus } from '../port.ts'
import { allChecks } from './all-checks.ts'
import { type Backend, slotOf, streamName } from './backend.ts'
import { Bell } from './bell.ts'
import { keyText } from './key.ts'
import { layoutOf } from './layout.ts'
import type { RouterOptions } from './options.ts'
import { readOutages } from './outages.ts'
import { openParts, type Parts } from './parts.ts'
import { liveProcess } from './proc.ts'
import { afterReboot, startOrAdopt } from './start.ts'
import { cutSpread } from './streams.ts'
import { mergeViews, viewCommands } from './view.ts'
import { bringDown } from './watchdog.ts'

export type { RouterOptions } from './options.ts'

/** HAProxy as the router: every call is done in each of its workers and on disk. */
export class HaproxyRouter implements RouterControl {
  readonly #options: RouterOptions
  readonly #layout: ReturnType<typeof layoutOf>
  readonly #bell: Bell
  #running: Parts | null = null

  /** Throws `invalid_params` for a directory that can not stand in HAProxy's configuration. */
  constructor(options: RouterOptions) {
    this.#options = options
    this.#layout = layoutOf(options.directory)
    this.#bell = new Bell(this.#layout.bell)
  }

  /** HAProxy's own command socket, where its log can be read. */
  get statsSocket(): string {
    return this.#layout.stats
  }

  async start(): Promise<'started' | 'adopted'> {
    const rebooted = await afterReboot(this.#layout)
    const parts = await openParts(this.#options, this.#layout, (backend, instance) =>
      this.#look(backend, instance),
    )
    this.#running = parts
    try {
      await this.#options.onFound?.()
      await this.#bell.open()
      return await startOrAdopt(parts, rebooted)
    } catch (error) {
      this.#running = null
      await this.#bell.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#bell.close()
    this.#running?.found.watchdog.close()
    this.#running?.structure.close()
    this.#running = null
  }

  async down(): Promise<void> {
    await this.close()
    await bringDown(this.#layout)
  }

  async prepare(spec: BackendSpec): Promise<void> {
    await this.#live().structure.prepare(spec)
  }

  observe(key: BackendKey): Promise<BackendView | null> {
    return this.#turn(key, async () => {
      const backend = this.#live().registry.find(key)
      return backend ? this.#view(backend) : null
    })
  }

  async checks(): Promise<ReadonlyMap<InstanceId, Check>> {
    const { registry, workers, probes } = this.#live()
    return allChecks(registry.all(), workers, probes)
  }

  async assign(key: BackendKey, server: Assignment): Promise<void> {
    const { structure, registry, probes, slots } = this.#live()
    const settings = registry.find(key)?.settings
    if (settings && !probes.hasRoom(structure.probeClass(settings))) await structure.moreProbes(settings)
    await this.#turn(key, () => slots.assign(key, server))
  }

  admit(key: BackendKey, instance: InstanceId, weight: number): Promise<void> {
    return this.#turn(key, () => this.#live().slots.admit(key, instance, weight))
  }

  drain(key: BackendKey, instance: InstanceId): Promise<void> {
    return this.#turn(key, () => this.#live().slots.drain(key, instance))
  }

  park(key: BackendKey, instance: InstanceId): Promise<void> {
    return this.#turn(key, () => this.#live().slots.park(key, instance))
  }

  async closeStreams(key: BackendKey, instance: InstanceId): Promise<void> {
    const { registry, workers, slots } = this.#live()
    const backend = registry.find(key)
    const slot = backend && slotOf(backend, instance)
    if (!backend || !slot) return
    await cutSpread(workers, backend, slot)
    await this.#turn(key, () => slots.cut(key, instance))
  }

  free(key: BackendKey, instance: InstanceId): Promise<void> {
    return this.#turn(key, () => this.#live().slots.free(key, instance))
  }

  async setHosts(appId: string, hostnames: readonly string[]): Promise<void> {
    await this.#live().hosts.set(appId, hostnames)
  }

  async maintenance(appId: string, on: boolean): Promise<void> {
    await this.#live().hosts.maintenance(appId, on)
  }

  async waitFor(appId: string, limitMs: number | null): Promise<void> {
    await this.#live().hosts.sleeping(appId, limitMs)
  }

  waiters(): readonly string[] {
    return this.#live().hosts.sleepers()
  }

  onVisitor(listen: (appId: string) => void): () => void {
    return this.#bell.onRing(listen)
  }

  async removeApp(appId: string): Promise<void> {
    const { hosts, registry } = this.#live()
    await hosts.remove(appId)
    const owned = registry.all().flatMap(({ owner }) => (owner?.appId === appId ? [owner] : []))
    for (const key of owned) await this.destroyBackend(key)
  }

  destroyBackend(key: BackendKey): Promise<void> {
    return this.#turn(key, async () => {
      const { registry, slots, structure } = this.#live()
      const instances = registry
        .find(key)
        ?.slots.flatMap(({ occupant }) => (occupant ? [occupant.instance] : []))
      for (const instance of instances ?? []) await slots.free(key, instance)
      const backend = registry.find(key)
      if (backend) await structure.giveBack(backend)
    })
  }

  backends(): readonly NamedBackend[] {
    return this.#live()
      .registry.all()
      .flatMap(({ owner, name }) =>
        owner
          ? [
              { ...owner, backend: name, kind: 'plain' as const },
              { ...owner, backend: streamName(name), kind: 'stream' as const },
            ]
          : [],
      )
  }

  async status(): Promise<RouterStatus> {
    const outages = await readOutages(this.#layout.outages)
    const master = this.#running?.found.watchdog.master() ?? null
    const processes = master
      ? await this.#live()
          .workers.list()
          .catch(() => null)
      : null
    return {
      pid: master?.pid ?? null,
      workers: processes?.workers.length ?? 0,
      version: processes?.version ?? null,
      boot: master ? `${master.pid}-${master.start}` : null,
      outages,
    }
  }

  /** A fresh query of every worker. */
  async #view(backend: Backend): Promise<BackendView> {
    const { workers, probes } = this.#live()
    const said = await workers.each((worker) => viewCommands(backend, worker, probes))
    return mergeViews(backend, said, probes, this.#boot())
  }

  async #look(backend: Backend, instance: InstanceId): Promise<RouterServer> {
    const { servers } = await this.#view(backend)
    return servers.find((server) => server.instance === instance)!
  }

  #boot(): string {
    const pid = this.#live().workers.master
    const master = pid === null ? null : liveProcess(pid)
    if (!master) throw new TasukiError('router_unavailable', 'HAProxy has just ended.')
    return `${master.pid}-${master.start}`
  }

  /** One thing at a time for each backend, and nothing beside a reload. */
  #turn<T>(key: BackendKey, run: () => Promise<T>): Promise<T> {
    return this.#live().gate.shared(keyText(key), run)
  }

  #live(): Parts {
    if (!this.#running) throw new TasukiError('router_unavailable', 'The router has not been started.')
    return this.#running
  }
}
