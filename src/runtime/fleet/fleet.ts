import { mkdirSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import type { Host } from '../../domain/host.ts'
import type { InstanceId, InstanceSpec, RuntimeInstance } from '../../domain/instance.ts'
import { AS_PROCESSES, chooseHost, eligible, noHost, type Placement } from '../../domain/placement.ts'
import type { PreStop } from '../../domain/settings.ts'
import type { Runtime } from '../../rollout/ports.ts'
import type { HostCondition } from '../../services/fleet-port.ts'
import type { AttachedRun, OneOffs, Usage } from '../../services/ports.ts'
import { within } from '../../within.ts'
import { FleetHost, type FleetLog } from './fleet-host.ts'
import { HostBook } from './host-book.ts'
import type { OpenMember, WholeRuntime } from './member.ts'

export interface FleetOptions {
  /** Data directory: what is known of each host lies in `fleet`. */
  readonly data: string
  /** Runs what is not placed on hosts. */
  readonly local: WholeRuntime
  readonly open: OpenMember
  /** Where an artifact runs for an app; instances of an older generation may have another place than those to come (null). */
  readonly placementOf: (appId: string, artifact: string, generation: number | null) => Promise<Placement>
  readonly log: FleetLog
}

/** What may be told without a host is not waited for longer, ms. */
const PATIENCE_MS = 1_000
/** An instance that has just ended may still be read out, ms. */
const LAST_WORDS_MS = 5_000

type Terminal = Parameters<OneOffs['runAttached']>[1]
type Headroom = Awaited<ReturnType<Runtime['headroom']>>

/**
 * All the machines as one runtime: the control plane's own, and any number of hosts. A host that is slow or dead keeps
 * nobody waiting for more than a second; its instances are told of as they were last known.
 */
export class Fleet implements Runtime, OneOffs, Usage {
  readonly #options: FleetOptions
  readonly #directory: string
  readonly #hosts = new Map<string, FleetHost>()
  readonly #listeners = new Set<(appId: string) => void>()
  #last: Promise<void> = Promise.resolve()

  /** Takes up what is known of those hosts, and begins to connect to them without waiting for any. */
  static async open(options: FleetOptions, hosts: readonly Host[]): Promise<Fleet> {
    const fleet = new Fleet(options)
    await fleet.#forgetOthers(new Set(hosts.map(({ id }) => `${id}.json`)))
    for (const host of hosts) await fleet.join(host)
    return fleet
  }

  private constructor(options: FleetOptions) {
    this.#options = options
    this.#directory = join(options.data, 'fleet')
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
  }

  /** Of hosts that were removed while the control plane died. */
  async #forgetOthers(keep: ReadonlySet<string>): Promise<void> {
    for (const file of await readdir(this.#directory))
      if (!keep.has(file)) await rm(join(this.#directory, file), { force: true })
  }

  get #all(): readonly FleetHost[] {
    return [...this.#hosts.values()]
  }

  /** One more host. */
  join(host: Host): Promise<void> {
    return this.#inTurn(() => this.#join(host))
  }

  async #join(host: Host): Promise<void> {
    const { log, open } = this.#options
    const book = await HostBook.open(join(this.#directory, `${host.id}.json`))
    this.#hosts.set(host.id, new FleetHost(host, open(host), book, log, (appId) => this.#tell(appId)))
  }

  /** A host is to be as told from now on. With another way to it, it is connected to anew. */
  change(host: Host): Promise<void> {
    return this.#inTurn(async () => {
      const known = this.#hosts.get(host.id)
      if (!known) return
      if (wayOf(known.host) === wayOf(host)) known.host = host
      else {
        await known.close()
        await this.#join(host)
      }
    })
  }

  /** A host is no more: what was known of it is forgotten, what runs there runs on. */
  leave(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const host = this.#hosts.get(id)
      this.#hosts.delete(id)
      await host?.forget()
    })
  }

  /** Hosts come, change and go one after the other: two at once would each open a way, and one of them stay open. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined) // whoever asked for it is told
    return done
  }

  /** How it stands with each host now. */
  conditions(): Omit<HostCondition, 'sshCalls'>[] {
    return this.#all.map(({ host: { id }, reachable, failure, instances }) => ({
      id,
      reachable,
      failure,
      instances,
    }))
  }

  /** Lets go of all hosts; instances run on. */
  async close(): Promise<void> {
    await Promise.all(this.#all.map((host) => host.close()))
  }

  async start(spec: InstanceSpec): Promise<void> {
    await this.#start(spec, (runtime) => runtime.start(spec))
  }

  async runAttached(spec: InstanceSpec, terminal: Terminal): Promise<AttachedRun> {
    return this.#start(spec, (runtime) => runtime.runAttached(spec, terminal))
  }

  async hangUp(id: InstanceId): Promise<void> {
    const host = this.#hostOf(id)
    await (host ? host.use((runtime) => runtime.hangUp(id)) : this.#options.local.hangUp(id))
  }

  async signal(id: InstanceId, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await (this.#hostOf(id) ?? this.#options.local).signal(id, signal)
  }

  async preStop(id: InstanceId, hook: PreStop, limitMs: number): Promise<void> {
    const stop = (runtime: WholeRuntime) => runtime.preStop(id, hook, limitMs)
    await (this.#hostOf(id)?.use(stop) ?? stop(this.#options.local))
  }

  async remove(id: InstanceId): Promise<void> {
    await (this.#hostOf(id) ?? this.#options.local).remove(id)
  }

  async list(appId?: string): Promise<RuntimeInstance[]> {
    const lists = [this.#options.local.list(appId), ...this.#all.map((host) => host.list(appId))]
    return (await Promise.all(lists)).flat()
  }

  watch(changed: (appId: string) => void): () => void {
    this.#listeners.add(changed)
    const unwatch = this.#options.local.watch(changed)
    return () => {
      this.#listeners.delete(changed)
      unwatch()
    }
  }

  /** On every host where it may run, at the same time. Those that stop answering meanwhile are left out. */
  async prepare(need: Parameters<Runtime['prepare']>[0]): Promise<void> {
    const placement = await this.#options.placementOf(need.appId, need.artifact, null)
    if (placement.runtime === 'process') return this.#options.local.prepare(need)
    const hosts = eligible(this.#all, placement.label)
    const instances = need.instances.map((one) => ({ ...one, count: Math.ceil(one.count / hosts.length) }))
    const failed = await this.#failures(hosts, (runtime) => runtime.prepare({ ...need, instances }))
    const refused = failed.find(({ error }) => error.code !== 'host_unreachable')
    if (refused) throw onHost(refused.host, refused.error)
    if (failed.length === hosts.length) throw failed[0]?.error ?? noHost(this.#all, placement.label)
  }

  /** Of the tightest machine that has instances of the app; without one, of the control plane's own. */
  async headroom(appId?: string): Promise<Headroom> {
    const { local } = this.#options
    const hosts = this.#all.filter(
      (host) => host.reachable && host.instances.some((one) => one.appId === appId),
    )
    const rooms = await this.#answers(hosts, (host) => host.headroom())
    return (
      rooms.sort((a, b) => a.freeBytes / a.totalBytes - b.freeBytes / b.totalBytes)[0] ?? local.headroom()
    )
  }

  async memoryByApp(): Promise<ReadonlyMap<string, number>> {
    const reachable = this.#all.filter((host) => host.reachable && host.instances.length > 0)
    const all = await this.#answers(reachable, (host) => host.use((runtime) => runtime.memoryByApp()))
    const sums = new Map(await this.#options.local.memoryByApp())
    for (const one of all) for (const [app, bytes] of one) sums.set(app, (sums.get(app) ?? 0) + bytes)
    return sums
  }

  async tail(id: InstanceId, lines: number): Promise<string[]> {
    const host = this.#hostOf(id)
    if (!host) return this.#options.local.tail(id, lines)
    const tail = (one: FleetHost) => one.use((runtime) => runtime.tail(id, lines))
    const last = await this.#answer(host, tail, LAST_WORDS_MS)
    return last ?? [`(the host ${host.host.name} does not answer: its last lines are not known)`]
  }

  /** Where it is already, else where its app is placed and there is most room. */
  async #start<T>(spec: InstanceSpec, start: (runtime: WholeRuntime) => Promise<T>): Promise<T> {
    const { local } = this.#options
    const placement = await this.#placementFor(spec)
    // From here to the host's book nothing else happens, so that those who start at the same time are spread.
    const known = this.#hostOf(spec.id)
    if (known) return known.start(spec, start)
    if (placement.runtime === 'process') return start(local)
    return chooseHost(this.#all, placement.label, spec).start(spec, start)
  }

  async #placementFor({ id, kind, appId, artifact, generation }: InstanceSpec): Promise<Placement> {
    const { local, placementOf } = this.#options
    const placement = await placementOf(appId, artifact, kind === 'one-off' ? null : generation)
    if (placement.runtime === 'process') return placement
    return (await local.list(appId)).some((one) => one.id === id) ? AS_PROCESSES : placement
  }

  #hostOf(id: InstanceId): FleetHost | null {
    return this.#all.find((host) => host.has(id)) ?? null
  }

  async #failures(hosts: readonly FleetHost[], work: (runtime: WholeRuntime) => Promise<unknown>) {
    const failed: { host: FleetHost; error: TasukiError }[] = []
    const attempt = (host: FleetHost) =>
      host.use(work).catch((error: unknown) => void failed.push({ host, error: asTasukiError(error) }))
    await Promise.all(hosts.map(attempt))
    return failed
  }

  /** What those hosts say that answer. */
  async #answers<T>(hosts: readonly FleetHost[], ask: (host: FleetHost) => Promise<T>): Promise<T[]> {
    const answers = await Promise.all(hosts.map((host) => this.#answer(host, ask)))
    return answers.filter((one) => one !== null)
  }

  /** Null when it does not say it in time. */
  async #answer<T>(
    host: FleetHost,
    ask: (host: FleetHost) => Promise<T>,
    limitMs = PATIENCE_MS,
  ): Promise<T | null> {
    const late = () => new Error(`it took longer than ${limitMs / 1000} s`)
    try {
      return await within(limitMs, () => ask(host), late)
    } catch (error) {
      const { message } = asTasukiError(error)
      this.#options.log.warn({ host: host.host.name, error: message }, 'a host could not be asked')
      return null
    }
  }

  #tell(appId: string): void {
    for (const listen of this.#listeners) listen(appId)
  }
}

function wayOf({ name, url, hostKey, privateAddress }: Host): string {
  return JSON.stringify([name, url, hostKey, privateAddress])
}

/** What went wrong, and on which host. */
function onHost({ host }: FleetHost, error: TasukiError): TasukiError {
  const { code, message, next, details } = error
  return new TasukiError(code, `On the host ${host.name}: ${message}`, {
    next,
    cause: error,
    details: { ...details, host: host.name },
  })
}
