import { TasukiError } from '../../../src/domain/errors.ts'
import type { InstanceId } from '../../../src/domain/instance.ts'
import type {
  Assignment,
  BackendKey,
  BackendSpec,
  BackendView,
  Router,
  RouterServer,
} from '../../../src/rollout/ports.ts'
import type { SimClock } from '../core/clock.ts'
import { type Admin, type NodeBackend, type NodeServer, newServer, RouterNode } from './router-node.ts'
import type { SimRuntime } from './runtime.ts'

const BY_FREEDOM: readonly Admin[] = ['maint', 'drain', 'ready']

/**
 * One or several routers as one, as the port wants it: each command goes to every worker of every router and into
 * their configurations; what is observed is merged; with one of them out of reach nothing is known for certain.
 */
export class SimRouter implements Router {
  readonly #clock: SimClock
  readonly nodes: readonly RouterNode[]
  /** Called before an effect, so that what it does can be judged. */
  onAdmit: (key: string, instance: InstanceId) => void = () => undefined
  onRefusedAdmit: (key: string, instance: InstanceId) => void = () => undefined
  onDrain: (key: string, instance: InstanceId) => void = () => undefined
  onPark: (key: string, instance: InstanceId) => void = () => undefined
  onPrepare: (key: string, rise: number) => void = () => undefined
  onAssign: (key: string, instance: InstanceId) => void = () => undefined
  onFree: (key: string, instance: InstanceId) => void = () => undefined
  onCloseStreams: (instance: InstanceId) => void = () => undefined
  /** A fault: half of a command's effects may be missing. Called with how many nodes there are. */
  stopsAfter: (nodes: number) => number = (nodes) => nodes

  constructor(clock: SimClock, runtime: SimRuntime, nodes = 1) {
    this.#clock = clock
    this.nodes = Array.from({ length: nodes }, () => new RouterNode(clock, runtime))
  }

  async prepare(spec: BackendSpec): Promise<void> {
    const key = keyOf(spec)
    this.onPrepare(key, spec.settings.rise)
    this.#everywhere((node) => {
      const known = node.backends.get(key)
      if (known && known.slots >= spec.slots) {
        known.settings = spec.settings
        return
      }
      if (known) Object.assign(known, { slots: spec.slots, settings: spec.settings })
      else node.backends.set(key, { key, slots: spec.slots, settings: spec.settings, servers: new Map() })
      node.save(key)
      node.reload()
    })
  }

  async observe(backend: BackendKey): Promise<BackendView | null> {
    this.#reachable()
    const key = keyOf(backend)
    const backends: (NodeBackend | undefined)[] = []
    for (const node of this.nodes) backends.push(node.backends.get(key))
    if (backends.every((one) => one === undefined)) return null
    const servers: RouterServer[] = []
    for (const id of idsOf(backends)) servers.push(this.#merged(backends, id))
    return {
      servers,
      freeSlots: fewestSlots(backends) - servers.length,
      boot: this.nodes.length === 1 ? `${this.nodes[0]!.boot}` : this.nodes.map(({ boot }) => boot).join('.'),
    }
  }

  /** Those that visitors can reach. */
  nodesUp(): readonly RouterNode[] {
    for (const { down } of this.nodes) if (down) return this.nodes.filter((node) => !node.down)
    return this.nodes
  }

  async assign(backend: BackendKey, wish: Assignment): Promise<void> {
    const key = keyOf(backend)
    const { instance, address } = wish
    this.onAssign(key, instance)
    this.#everywhere((node) => {
      const found = this.#backend(node, key)
      if (found.servers.has(instance) && node.newest.seat(instance, 0).admin !== 'maint') return
      if (!found.servers.has(instance) && found.servers.size >= found.slots) throw refused('No slot is free.')
      found.servers.set(instance, newServer(instance, address, this.#clock.monotonic()))
      node.set(instance, 'drain')
      node.save(key)
    })
  }

  async admit(backend: BackendKey, instance: InstanceId): Promise<void> {
    const key = keyOf(backend)
    for (const node of this.nodes.filter((one) => !one.cut)) {
      const server = this.#backend(node, key).servers.get(instance)
      if (!server) throw refused('It has no slot.')
      const { admin } = node.newest.seat(instance, 0)
      if (admin === 'ready' || (admin === 'drain' && server.health === 'up')) continue
      this.onRefusedAdmit(key, instance)
      throw refused('Its checks have not passed.')
    }
    this.onAdmit(key, instance)
    this.#set(key, instance, 'ready')
  }

  async drain(backend: BackendKey, instance: InstanceId): Promise<void> {
    const key = keyOf(backend)
    this.onDrain(key, instance)
    this.#set(key, instance, 'drain', (admin) => admin === 'ready')
  }

  async park(backend: BackendKey, instance: InstanceId): Promise<void> {
    const key = keyOf(backend)
    this.onPark(key, instance)
    this.#set(key, instance, 'maint')
  }

  async closeStreams(_backend: BackendKey, instance: InstanceId): Promise<void> {
    this.#reachable()
    this.onCloseStreams(instance)
  }

  async free(backend: BackendKey, instance: InstanceId): Promise<void> {
    const key = keyOf(backend)
    this.onFree(key, instance)
    this.#everywhere((node) => {
      const found = node.backends.get(key)
      if (!found?.servers.has(instance)) return
      node.remove(found, instance)
      node.save(key)
    })
  }

  /** It can be reached again: what it has missed is made up from another, as a control plane does before anything else. */
  heal(node: RouterNode): void {
    node.cut = false
    node.down = false
    const leader = this.nodes.find((one) => one !== node && !one.cut && !one.down)
    if (leader) node.follow(leader)
  }

  /** The app is gone: its backends too. */
  destroy(appId: string): void {
    for (const node of this.nodes)
      for (const key of [...node.backends.keys()]) if (key.startsWith(`${appId} `)) node.drop(key)
  }

  /** It passes its checks at every router, and none of them sends it requests. */
  isReady(key: string, instance: InstanceId): boolean {
    return this.nodes.every(
      (node) =>
        node.newest.seats.get(instance)?.admin === 'drain' &&
        node.backends.get(key)?.servers.get(instance)?.health === 'up',
    )
  }

  /** It has passed its checks since it was assigned, at every router. */
  wasUp(key: string, instance: InstanceId): boolean {
    return this.nodes.every((node) => node.backends.get(key)?.servers.get(instance)?.everUp === true)
  }

  /** Takes new requests somewhere. */
  isRoutable(instance: InstanceId): boolean {
    for (const node of this.nodes)
      for (const { seats } of node.workers) if (seats.get(instance)?.admin === 'ready') return true
    return false
  }

  /** Instances of the backend that every router sends requests to and finds well. */
  serving(key: string): InstanceId[] {
    const serving: InstanceId[] = []
    for (const id of this.nodes[0]!.backends.get(key)?.servers.keys() ?? [])
      if (this.#serves(key, id)) serving.push(id)
    return serving
  }

  #serves(key: string, id: InstanceId): boolean {
    for (const { newest, backends } of this.nodes)
      if (newest.seats.get(id)?.admin !== 'ready' || backends.get(key)?.servers.get(id)?.health !== 'up')
        return false
    return true
  }

  /** Plain requests and streams in flight, in every worker of every router. */
  inFlight(instance: InstanceId): { plain: number; streams: number } {
    const seats = this.nodes.flatMap((node) => node.seats(instance))
    return {
      plain: seats.reduce((sum, seat) => sum + seat.plain, 0),
      streams: seats.reduce((sum, seat) => sum + seat.streams, 0),
    }
  }

  /** ms since the last worker stopped sending it requests; 0 while one does; null when none knows it. */
  outFor(instance: InstanceId): number | null {
    const seats = this.nodes.flatMap((node) => node.seats(instance))
    if (seats.length === 0) return null
    if (seats.some((seat) => seat.outSince === null)) return 0
    const busy = seats.filter((seat) => seat.plain > 0)
    return (
      this.#clock.monotonic() - Math.max(...(busy.length > 0 ? busy : seats).map((seat) => seat.outSince!))
    )
  }

  #merged(backends: readonly (NodeBackend | undefined)[], instance: InstanceId): RouterServer {
    const known: NodeServer[] = []
    let passedOnce = false
    let unwell: NodeServer | null = null
    for (const backend of backends) {
      const server = backend?.servers.get(instance)
      if (!server) continue
      known.push(server)
      passedOnce ||= server.passedOnce
      if (server.health !== 'up') unwell ??= server
    }
    // What all workers of all routers together do with it.
    let most = 0
    let leastOfNewest = 2
    let inFlight = 0
    let streams = 0
    for (const { workers } of this.nodes)
      for (let at = 0; at < workers.length; at++) {
        const seat = workers[at]!.seats.get(instance)
        const freedom = seat ? freedomOf(seat.admin) : -1
        most = Math.max(most, freedom)
        if (at === 0) leastOfNewest = Math.min(leastOfNewest, freedom)
        inFlight += seat?.plain ?? 0
        streams += seat?.streams ?? 0
      }
    const admin = BY_FREEDOM[most]!
    const everywhere = known.length === this.nodes.length
    return {
      instance,
      address: known[0]!.address,
      admin: everywhere || admin === 'ready' ? admin : 'maint',
      everywhere: everywhere && leastOfNewest === most,
      health: healthOf(known, everywhere),
      passedOnce,
      inFlight,
      streams,
      check: (unwell ?? known[0]!).check,
    }
  }

  #set(key: string, instance: InstanceId, admin: Admin, when: (admin: Admin) => boolean = () => true): void {
    this.#everywhere((node) => {
      if (!node.backends.get(key)?.servers.has(instance)) return
      if (when(node.newest.seat(instance, 0).admin)) node.set(instance, admin)
      node.save(key)
    })
  }

  #backend(node: RouterNode, key: string): NodeBackend {
    const found = node.backends.get(key)
    if (!found) throw refused('There is no such backend.')
    return found
  }

  /** Those that can be reached carry it out, also when another can not: then the outcome is not known everywhere. */
  #everywhere(effect: (node: RouterNode) => void): void {
    const reached = this.nodes.filter((node) => !node.cut && !node.down)
    const carried = this.stopsAfter(reached.length)
    for (const node of reached.slice(0, carried)) effect(node)
    if (carried < reached.length) throw unavailable()
    this.#reachable()
  }

  #reachable(): void {
    for (const { cut, down } of this.nodes) if (cut || down) throw unavailable()
  }
}

function fewestSlots(backends: readonly (NodeBackend | undefined)[]): number {
  let fewest = Number.POSITIVE_INFINITY
  for (const backend of backends) fewest = Math.min(fewest, backend?.slots ?? 0)
  return fewest
}

/** Of all servers, each once. */
function idsOf(backends: readonly (NodeBackend | undefined)[]): Iterable<InstanceId> {
  const first = backends[0]?.servers
  if (backends.length === 1) return first?.keys() ?? []
  const ids: InstanceId[] = []
  for (const backend of backends)
    for (const id of backend?.servers.keys() ?? [])
      if (backend?.servers === first || !(first?.has(id) || ids.includes(id))) ids.push(id)
  return ids
}

/** What one router finds dead is dead; well it is when all of them say so. */
function healthOf(known: readonly NodeServer[], everywhere: boolean): RouterServer['health'] {
  const { health } = known[0]!
  let same = everywhere
  for (const one of known) {
    if (one.health === 'down') return 'down'
    same &&= one.health === health
  }
  return same ? health : 'checking'
}

/** By type and app. Every look asks for one: made anew each time, keys would cost more than what is found by them. */
const KEYS = new Map<string, Map<string, string>>()

/** Names a backend. */
export function keyOf({ appId, type }: BackendKey): string {
  const known = KEYS.get(type)?.get(appId)
  if (known) return known
  const key = `${appId} ${type}`
  KEYS.set(type, (KEYS.get(type) ?? new Map()).set(appId, key))
  return key
}

function freedomOf(admin: Admin): number {
  if (admin === 'ready') return 2
  return admin === 'drain' ? 1 : 0
}

function refused(what: string): TasukiError {
  return new TasukiError('router_refused', what)
}

function unavailable(): TasukiError {
  return new TasukiError('router_unavailable', 'Not every router answers.')
}
