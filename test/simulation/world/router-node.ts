import type { Address } from '../../../src/domain/instance.ts'
import type { BackendSpec, RouterServer } from '../../../src/rollout/ports.ts'
import type { SimClock } from '../core/clock.ts'
import type { SimInstance, SimRuntime } from './runtime.ts'

export type Admin = RouterServer['admin']

/** What a worker process knows of a server, and what it is doing with it. */
export interface Seat {
  admin: Admin
  plain: number
  streams: number
  /** Since when this worker has sent it nothing new; null while it does. */
  outSince: number | null
}

/** One process of the router. After a reload the former goes on with the connections that it has. */
export class Worker {
  readonly seats = new Map<string, Seat>()

  seat(instance: string, now: number): Seat {
    let seat = this.seats.get(instance)
    if (!seat) {
      seat = { admin: 'maint', plain: 0, streams: 0, outSince: now }
      this.seats.set(instance, seat)
    }
    return seat
  }

  busy(): boolean {
    for (const seat of this.seats.values()) if (seat.plain + seat.streams > 0) return true
    return false
  }
}

/** A server as the newest worker's checks see it. */
export interface NodeServer {
  readonly instance: string
  readonly address: Address
  health: RouterServer['health']
  passes: number
  fails: number
  passedOnce: boolean
  /** Since when it is up, ms of the clock. */
  upSince: number
  /** It has been up since it was assigned: whatever it gets, it has passed its checks. */
  everUp: boolean
  check: string
  nextCheckAt: number
}

export interface NodeBackend {
  readonly key: string
  slots: number
  settings: BackendSpec['settings']
  readonly servers: Map<string, NodeServer>
}

interface Saved {
  readonly slots: number
  readonly settings: BackendSpec['settings']
  readonly servers: ReadonlyMap<string, SavedServer>
}

interface SavedServer {
  readonly address: Address
  readonly admin: Admin
}

const FAST_MS = 100
/** Even without anything to check, it looks this often, ms. */
const IDLE_MS = 2000

/** One router machine: workers, checks, and the configuration that it would start from. As HAProxy 2.6 was measured to behave. */
export class RouterNode {
  readonly #clock: SimClock
  readonly #runtime: SimRuntime
  readonly backends = new Map<string, NodeBackend>()
  workers: Worker[] = [new Worker()]
  /** No command reaches it; it goes on routing. */
  cut = false
  /** It is down: visitors find nobody. */
  down = false
  boot = 1
  #saved = new Map<string, Saved>()
  onDown: (backend: string, instance: string) => void = () => undefined

  constructor(clock: SimClock, runtime: SimRuntime) {
    this.#clock = clock
    this.#runtime = runtime
    this.wake()
  }

  get newest(): Worker {
    return this.workers[0]!
  }

  seats(instance: string): Seat[] {
    const seats: Seat[] = []
    for (const worker of this.workers) {
      const seat = worker.seats.get(instance)
      if (seat) seats.push(seat)
    }
    return seats
  }

  /** Sets the state in every worker. */
  set(instance: string, admin: Admin): void {
    const now = this.#clock.monotonic()
    for (const worker of this.workers) {
      const seat = worker.seat(instance, now)
      seat.admin = admin
      seat.outSince = admin === 'ready' ? null : (seat.outSince ?? now)
    }
  }

  /** Writes down how the backend is now: what a start would begin from. */
  save(key: string): void {
    this.wake()
    const backend = this.backends.get(key)
    if (!backend) return
    const servers = new Map<string, SavedServer>()
    for (const { instance, address } of backend.servers.values())
      servers.set(instance, { address, admin: this.newest.seat(instance, 0).admin })
    this.#saved.set(key, { slots: backend.slots, settings: backend.settings, servers })
  }

  /** Addresses that its workers or its configuration name. */
  names(address: Address): boolean {
    const same = (one: Address) => one.host === address.host && one.port === address.port
    for (const backend of this.backends.values())
      for (const server of backend.servers.values()) if (same(server.address)) return true
    for (const saved of this.#saved.values())
      for (const server of saved.servers.values()) if (same(server.address)) return true
    return false
  }

  remove(backend: NodeBackend, instance: string): void {
    backend.servers.delete(instance)
    for (const worker of this.workers) worker.seats.delete(instance)
  }

  drop(key: string): void {
    for (const instance of [...(this.backends.get(key)?.servers.keys() ?? [])])
      this.remove(this.backends.get(key)!, instance)
    this.backends.delete(key)
    this.#saved.delete(key)
  }

  /** A new worker with the same servers; the former goes on until it has nothing left to do. */
  reload(): void {
    const fresh = new Worker()
    const now = this.#clock.monotonic()
    for (const [instance, seat] of this.newest.seats) {
      const copy = fresh.seat(instance, now)
      copy.admin = seat.admin
      copy.outSince = seat.outSince
    }
    this.workers = [fresh, ...this.workers]
    this.#retireWorkers()
  }

  /**
   * It is started anew from its configuration. Who was admitted takes requests at once, before any check; the others
   * come back out of service.
   */
  restart(): void {
    this.boot += 1
    this.workers = [new Worker()]
    this.backends.clear()
    for (const [key, saved] of this.#saved) this.#revive(key, saved)
    this.wake()
  }

  /** Becomes what the other is, for all that comes new; what is in flight goes on. */
  follow(leader: RouterNode): void {
    for (const key of [...this.backends.keys()]) if (!leader.backends.has(key)) this.drop(key)
    for (const [key, theirs] of leader.backends) {
      const own = this.backends.get(key) ?? { key, slots: 0, settings: theirs.settings, servers: new Map() }
      Object.assign(own, { slots: theirs.slots, settings: theirs.settings })
      this.backends.set(key, own)
      for (const id of [...own.servers.keys()]) if (!theirs.servers.has(id)) this.remove(own, id)
      for (const [id, server] of theirs.servers) {
        if (!own.servers.has(id)) own.servers.set(id, { ...server })
        this.set(id, leader.newest.seat(id, 0).admin)
      }
      this.save(key)
    }
  }

  #revive(key: string, saved: Saved): void {
    const servers = new Map<string, NodeServer>()
    for (const [instance, { address, admin }] of saved.servers) {
      const ready = admin === 'ready'
      const server = newServer(instance, address, this.#clock.monotonic())
      if (ready) Object.assign(server, { health: 'up', passedOnce: true, everUp: true })
      servers.set(instance, server)
      const seat = this.newest.seat(instance, this.#clock.monotonic())
      seat.admin = ready ? 'ready' : 'maint'
      seat.outSince = ready ? null : this.#clock.monotonic()
    }
    this.backends.set(key, { key, slots: saved.slots, settings: saved.settings, servers })
  }

  /** A connection to it was refused by a visitor's request: it is taken out at once. */
  refused(backend: NodeBackend, server: NodeServer): void {
    server.check = 'connection refused'
    this.#fall(backend, server)
  }

  /** Looks when the next check is due, or when a command may have made one. */
  wake(): void {
    this.#cancel()
    const now = this.#clock.monotonic()
    let next = now + IDLE_MS
    const { seats } = this.newest
    for (const backend of this.down ? [] : this.backends.values())
      for (const server of backend.servers.values())
        if (server.nextCheckAt < next && seats.get(server.instance)?.admin !== 'maint')
          next = server.nextCheckAt
    this.#cancel = this.#clock.timer(next - now, this.#tick)
  }

  #cancel: () => void = () => undefined

  readonly #tick = (): void => {
    if (!this.down) for (const backend of this.backends.values()) this.#checks(backend)
    if (this.workers.length > 1) this.#retireWorkers()
    this.wake()
  }

  #checks(backend: NodeBackend): void {
    const now = this.#clock.monotonic()
    for (const server of backend.servers.values()) {
      if (now < server.nextCheckAt) continue
      const admin = this.newest.seats.get(server.instance)?.admin ?? 'maint'
      const slowly = admin === 'ready' && server.health === 'up' && server.fails === 0
      server.nextCheckAt = now + (slowly ? backend.settings.checkSeconds * 1000 : FAST_MS)
      if (admin !== 'maint') this.#check(backend, server, this.#runtime.at(server.address))
    }
  }

  #check(backend: NodeBackend, server: NodeServer, found: SimInstance | null): void {
    if (found && this.#runtime.isWell(found)) {
      server.passes += 1
      server.fails = 0
      server.passedOnce = true
      server.check = 'HTTP 200'
      if (server.passes < backend.settings.rise) return
      if (server.health !== 'up') server.upSince = this.#clock.monotonic()
      server.health = 'up'
      server.everUp = true
      return
    }
    server.passes = 0
    server.fails += 1
    server.check = found ? 'HTTP 503' : 'connection refused'
    if (server.fails >= backend.settings.fall) this.#fall(backend, server)
  }

  #fall(backend: NodeBackend, server: NodeServer): void {
    server.passes = 0
    if (server.health !== 'up') return
    server.health = 'down'
    this.onDown(backend.key, server.instance)
  }

  /** Those that only finish what they have end when that is done. */
  #retireWorkers(): void {
    this.workers = this.workers.filter((worker, at) => at === 0 || worker.busy())
  }
}

export function newServer(instance: string, address: Address, now: number): NodeServer {
  return {
    ...{ instance, address, health: 'checking', passes: 0, fails: 0, upSince: 0 },
    ...{ passedOnce: false, everUp: false, check: '', nextCheckAt: now + FAST_MS },
  }
}
