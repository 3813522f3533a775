import { TasukiError } from '../../../src/domain/errors.ts'
import type { Address, InstanceSpec, RuntimeInstance } from '../../../src/domain/instance.ts'
import { chooseHost } from '../../../src/domain/placement.ts'
import type { PreStop } from '../../../src/domain/settings.ts'
import { sizeOf } from '../../../src/domain/size.ts'
import type { Runtime } from '../../../src/rollout/ports.ts'
import type { SimClock } from '../core/clock.ts'
import type { Random } from '../core/random.ts'
import { type Behaviour, GOOD } from './behaviour.ts'

/** Why an instance ended. `told`: the platform's signal; `fate`: its own fault, or the world's. */
export type EndCause = 'told' | 'fate'

/** An instance with what only the world knows of it. */
export interface SimInstance {
  info: RuntimeInstance
  /** What was last known of it, while its host does not answer. */
  known: RuntimeInstance | null
  readonly spec: InstanceSpec
  readonly host: Host
  readonly behaviour: Behaviour
  startedAt: number
  /** A fault of its own: its checks fail and it answers 503, until this instant of the clock. */
  sickUntil: number
  /** When the platform first told it to end; null: never. */
  signalledAt: number | null
  /** Its requests may be cut off: it was told to end after its drain limit. */
  mayBeCut: boolean
  readonly output: string[]
}

export interface Host {
  readonly name: string
  /** `away`: no command reaches it. `cut`: no request either; what runs there goes on. `dark`: without power. */
  state: 'up' | 'away' | 'cut' | 'dark'
  /** When it was last up. */
  upUntil: number
  /** Since when it is up again. */
  upSince: number
  readonly ports: Set<number>
}

const FIRST_PORT = 20_000
/** Hosts that do not answer are waited for so long, ms. */
const SILENT_MS = 10_000
const MEMORY = 16 * 1024 * 1024 * 1024

/** Instances that boot, die, fall ill and stop as their release's behaviour says, on hosts that come and go. */
export class SimRuntime implements Runtime {
  readonly #clock: SimClock
  readonly #random: Random
  readonly #instances = new Map<string, SimInstance>()
  /** By host and port. */
  readonly #byAddress = new Map<string, Map<number, SimInstance>>()
  readonly #watchers = new Set<(appId: string) => void>()
  readonly hosts: readonly Host[]
  readonly artifacts = new Set<string>()
  /** How an instance of that spec behaves. */
  behaviourOf: (spec: InstanceSpec) => Behaviour = () => GOOD
  /** Faults: the hosts' disks are full; nobody is told of what ends; memory is short. */
  diskFull = false
  silent = false
  tight = false
  /** What is fetched takes so long, ms. */
  fetchMs = 0
  onStart: (one: SimInstance) => void = () => undefined
  onSignal: (one: SimInstance, signal: 'SIGTERM' | 'SIGKILL') => void = () => undefined
  onEnd: (one: SimInstance, cause: EndCause) => void = () => undefined
  onRemove: (one: SimInstance) => void = () => undefined
  /** Nobody reaches it any more, though it runs. */
  onSilent: (one: SimInstance) => void = () => undefined

  constructor(clock: SimClock, random: Random, hosts = 1) {
    this.#clock = clock
    this.#random = random
    this.hosts = Array.from({ length: hosts }, (_, at) => ({
      name: `10.0.0.${at + 1}`,
      state: 'up',
      upUntil: 0,
      upSince: Number.NEGATIVE_INFINITY,
      ports: new Set<number>(),
    }))
    for (const { name } of this.hosts) this.#byAddress.set(name, new Map())
  }

  /** Every host answers. */
  allUp(): boolean {
    for (const { state } of this.hosts) if (state !== 'up') return false
    return true
  }

  all(): SimInstance[] {
    return [...this.#instances.values()]
  }

  of(appId: string): SimInstance[] {
    const own: SimInstance[] = []
    for (const one of this.#instances.values()) if (one.spec.appId === appId) own.push(one)
    return own
  }

  get(id: string): SimInstance | undefined {
    return this.#instances.get(id)
  }

  /** Who listens at the address now; null: the connection is refused. */
  at(address: Address): SimInstance | null {
    const one = this.#byAddress.get(address.host)?.get(address.port)
    return one && this.listens(one) ? one : null
  }

  /** It takes connections. */
  listens(one: SimInstance): boolean {
    const { bootMs } = one.behaviour
    if (one.info.state !== 'running' || bootMs === null || !isHeard(one.host)) return false
    if (one.signalledAt !== null && !one.behaviour.answersWhileStopping) return false
    return this.#clock.monotonic() >= one.startedAt + bootMs
  }

  /** Its checks pass. */
  isWell(one: SimInstance): boolean {
    const now = this.#clock.monotonic()
    const { sickAfterMs } = one.behaviour
    return (
      this.listens(one) &&
      now >= one.sickUntil &&
      !(sickAfterMs !== null && now >= one.startedAt + sickAfterMs)
    )
  }

  /** A fault: it dies now, untold. */
  crash(id: string, code = 137): void {
    const one = this.#instances.get(id)
    if (one) this.#end(one, code, 'fate')
  }

  /** From now on nothing is heard of the host, and what was last known of its instances is told. */
  leave(host: Host, state: 'away' | 'cut' | 'dark'): void {
    if (host.state === 'up') {
      host.upUntil = this.#clock.monotonic()
      for (const one of this.on(host)) one.known = { ...one.info, unreachable: true }
    }
    host.state = state
    if (state !== 'away') for (const one of this.on(host)) this.onSilent(one)
    if (state !== 'away') this.#hint()
  }

  /** Without power all that ran there is dead. */
  darken(host: Host): void {
    this.leave(host, 'dark')
    for (const one of this.on(host)) this.#end(one, null, 'fate')
  }

  /** It is back: with what ran there (as ended, when it had no power), or with nothing left of it. */
  restore(host: Host, remembers: boolean): void {
    host.state = 'up'
    host.upSince = this.#clock.monotonic()
    for (const one of this.on(host)) one.known = null
    // What it has forgotten keeps its ports for good: a router may still name them, and nobody is left to say when not.
    if (!remembers) for (const one of this.on(host)) this.#forget(one, false)
    this.#hint()
  }

  /** It has power again, and starts anew what ran there and was not told to end. */
  reboot(host: Host): void {
    for (const one of this.on(host)) {
      if (one.signalledAt !== null || one.spec.kind !== 'formation') this.#end(one, null, 'fate')
      else one.startedAt = this.#clock.monotonic()
    }
    this.restore(host, true)
  }

  on(host: Host): SimInstance[] {
    return this.all().filter((one) => one.host === host)
  }

  #hint(): void {
    for (const watcher of this.#watchers) for (const app of this.#apps()) watcher(app)
  }

  async start(spec: InstanceSpec): Promise<void> {
    if (this.#instances.has(spec.id)) return
    const host = this.#place(spec)
    if (this.diskFull) throw new TasukiError('disk_full', 'The disk of the host is full.')
    if (!this.artifacts.has(spec.artifact))
      throw new TasukiError('not_found', `There is no artifact ${spec.artifact}.`)
    const own = this.behaviourOf(spec)
    const behaviour = this.#random.chance(own.share) ? own : { ...GOOD, releasePhase: own.releasePhase }
    const listens = spec.kind === 'formation'
    const one: SimInstance = {
      info: {
        ...{ id: spec.id, kind: spec.kind, appId: spec.appId, type: spec.type, name: spec.name },
        ...{ release: spec.release, generation: spec.generation, size: spec.size.name },
        state: 'running',
        address: listens ? this.#address(host) : null,
        privateAddress: listens ? this.#address(host) : null,
        host: host.name,
        unreachable: false,
        pid: 1,
        startedAt: this.#clock.wall(),
        signalledAt: null,
        exit: null,
      },
      ...{ known: null, spec, host, behaviour, startedAt: this.#clock.monotonic() },
      ...{ sickUntil: 0, signalledAt: null, mayBeCut: false, output: [behaviour.says] },
    }
    this.#instances.set(spec.id, one)
    if (one.info.address) this.#byAddress.get(host.name)!.set(one.info.address.port, one)
    this.onStart(one)
    this.#live(one)
  }

  #live(one: SimInstance): void {
    const { crashAfterMs, releasePhase } = one.behaviour
    if (one.spec.kind === 'release-phase') {
      if (releasePhase.ms !== null)
        this.#clock.timer(releasePhase.ms, () => this.#end(one, releasePhase.status, 'fate'))
    } else if (crashAfterMs !== null)
      this.#clock.timer(crashAfterMs, () => this.#end(one, one.behaviour.crashStatus, 'fate'))
  }

  async signal(id: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const one = this.#instances.get(id)
    if (one?.info.state !== 'running') return
    this.#reach(one.host)
    this.onSignal(one, signal)
    one.signalledAt ??= this.#clock.monotonic()
    one.info = { ...one.info, signalledAt: one.info.signalledAt ?? this.#clock.wall() }
    const stopMs = signal === 'SIGKILL' ? 1 : one.behaviour.stopMs
    if (stopMs !== null)
      this.#clock.timer(stopMs, () => this.#end(one, signal === 'SIGKILL' ? 137 : 0, 'told'))
  }

  async preStop(id: string, _hook: PreStop, limitMs: number): Promise<void> {
    const one = this.#instances.get(id)
    if (one?.info.state !== 'running') throw new TasukiError('not_found', `${id} does not run.`)
    this.#reach(one.host)
    const { ms, fails } = one.behaviour.preStop
    await new Promise<void>((resolve) => this.#clock.timer(Math.min(ms, limitMs), resolve))
    if (fails || ms > limitMs) throw new TasukiError('internal', 'The hook failed.')
  }

  async remove(id: string): Promise<void> {
    const one = this.#instances.get(id)
    if (!one) return
    this.#reach(one.host)
    this.onRemove(one)
    this.#end(one, 137, 'told')
    this.#forget(one)
  }

  async list(appId?: string): Promise<RuntimeInstance[]> {
    const seen: RuntimeInstance[] = []
    for (const one of this.#instances.values())
      if (appId === undefined || one.spec.appId === appId) seen.push(one.known ?? one.info)
    return seen
  }

  watch(changed: (appId: string) => void): () => void {
    this.#watchers.add(changed)
    return () => this.#watchers.delete(changed)
  }

  async prepare(need: {
    artifact: string
    instances: readonly { size: string; count: number }[]
  }): Promise<void> {
    this.#someHost()
    if (this.fetchMs > 0) await new Promise<void>((resolve) => this.#clock.timer(this.fetchMs, resolve))
    if (this.diskFull) throw new TasukiError('disk_full', 'The disk of the host is full.')
    if (!this.artifacts.has(need.artifact))
      throw new TasukiError('not_found', `There is no artifact ${need.artifact}.`)
    const bytes = need.instances.reduce(
      (sum, { size, count }) => sum + count * sizeOf(size).memoryMiB * 1024 * 1024,
      0,
    )
    if (bytes > MEMORY * this.hosts.length)
      throw new TasukiError('no_memory', 'It does not fit into the memory.')
  }

  async headroom(): Promise<{ freeBytes: number; totalBytes: number }> {
    return { freeBytes: this.tight ? MEMORY / 100 : MEMORY / 2, totalBytes: MEMORY }
  }

  async tail(id: string, lines: number): Promise<string[]> {
    return this.#instances.get(id)?.output.slice(-lines) ?? []
  }

  /** Where a fleet would put it. */
  #place(spec: InstanceSpec): Host {
    this.#someHost()
    if (this.hosts.length === 1) return this.hosts[0]!
    const candidates = this.hosts.map((place) => ({
      place,
      host: { name: place.name, labels: [], state: 'active' as const },
      reachable: place.state === 'up',
      instances: this.on(place).map((one) => one.known ?? one.info),
    }))
    return chooseHost(candidates, null, spec).place
  }

  /** Hosts that have been silent for a moment only are waited for. */
  #someHost(): void {
    if (this.hosts.some(({ state }) => state === 'up')) return
    const heard = Math.max(...this.hosts.map(({ upUntil }) => upUntil))
    if (this.#clock.monotonic() - heard < SILENT_MS) throw unreachable('No host answers.')
    throw new TasukiError('no_host', 'No host can be reached.')
  }

  #reach(host: Host): void {
    if (host.state !== 'up') throw unreachable(`${host.name} can not be reached.`)
  }

  /** The lowest that is free: one that has just been given back is soon somebody else's. */
  #address(host: Host): Address {
    let port = FIRST_PORT
    while (host.ports.has(port)) port += 1
    host.ports.add(port)
    return { host: host.name, port }
  }

  #end(one: SimInstance, code: number | null, cause: EndCause): void {
    if (one.info.state !== 'running') return
    one.info = { ...one.info, state: 'exited', exit: { code, at: this.#clock.wall(), cause: 'exit' } }
    this.onEnd(one, cause)
    if (!this.silent) for (const watcher of this.#watchers) watcher(one.spec.appId)
  }

  #forget(one: SimInstance, givesBack = true): void {
    this.#instances.delete(one.info.id)
    for (const address of [one.info.address, one.info.privateAddress]) {
      if (!address) continue
      if (givesBack) one.host.ports.delete(address.port)
      this.#byAddress.get(address.host)?.delete(address.port)
    }
  }

  #apps(): Set<string> {
    return new Set(this.all().map((one) => one.spec.appId))
  }
}

function isHeard({ state }: Host): boolean {
  return state === 'up' || state === 'away'
}

function unreachable(what: string): TasukiError {
  return new TasukiError('host_unreachable', what)
}
