import { TasukiError } from '../../src/domain/errors.ts'
import type { Address } from '../../src/domain/instance.ts'
import type { BackendKey, BackendSpec, BackendView, Router, RouterServer } from '../../src/rollout/ports.ts'
import type { SimClock } from './clock.ts'
import { nothing } from './nothing.ts'
import type { SimRuntime } from './runtime.ts'

const RISE = 3
const FALL = 2
const CHECK_MS = 100

interface Server {
  readonly instance: string
  readonly address: Address
  admin: RouterServer['admin']
  passed: number
  failed: number
  health: RouterServer['health']
  inFlight: number
}

/** A router that checks, routes and counts as HAProxy was measured to do. */
export class SimRouter implements Router {
  readonly #clock: SimClock
  readonly #runtime: SimRuntime
  #slots = 0
  #made = false
  #boot = 1
  readonly servers = new Map<string, Server>()
  /** While true every command fails; half of them after they were carried out. */
  down = false
  #flip = false

  constructor(clock: SimClock, runtime: SimRuntime) {
    this.#clock = clock
    this.#runtime = runtime
    this.#checkLater()
  }

  /** One visitor's request: the instance that gets it, or null when none is there. */
  route(pick: (list: readonly Server[]) => Server): Server | null {
    const open = [...this.servers.values()].filter((one) => one.admin === 'ready' && one.health === 'up')
    return open.length === 0 ? null : pick(open)
  }

  /** A fault: it is started anew from its saved configuration. Servers that were not admitted come back out of service. */
  restart(): void {
    this.#boot += 1
    for (const server of this.servers.values()) {
      server.inFlight = 0
      if (server.admin === 'ready') server.health = 'up'
      else Object.assign(server, { admin: 'maint', health: 'checking', passed: 0 })
    }
  }

  async prepare(backend: BackendSpec): Promise<void> {
    await this.#do(() => {
      this.#made = true
      this.#slots = Math.max(this.#slots, backend.slots)
    })
  }

  async observe(_key: BackendKey): Promise<BackendView | null> {
    if (this.down) throw new TasukiError('router_unavailable', 'The router does not answer.')
    if (!this.#made) return null
    const servers = [...this.servers.values()].map(
      (one): RouterServer => ({
        instance: one.instance,
        address: one.address,
        admin: one.admin,
        health: one.health,
        passedOnce: one.passed > 0,
        inFlight: one.inFlight,
        streams: 0,
        check: one.failed > 0 ? 'connection refused' : '',
      }),
    )
    return { servers, freeSlots: this.#slots - servers.length, boot: String(this.#boot) }
  }

  async assign(_key: BackendKey, wish: { instance: string; address: Address }): Promise<void> {
    await this.#do(() => {
      const known = this.servers.get(wish.instance)
      if (known && known.admin !== 'maint') return
      if (!known && this.servers.size >= this.#slots)
        throw new TasukiError('router_refused', 'No slot is free.')
      const fresh: Server = {
        ...wish,
        admin: 'drain',
        passed: 0,
        failed: 0,
        health: 'checking',
        inFlight: known?.inFlight ?? 0,
      }
      this.servers.set(wish.instance, fresh)
    })
  }

  async admit(_key: BackendKey, instance: string): Promise<void> {
    await this.#change(instance, (server) => {
      if (server.health !== 'up') throw new TasukiError('router_refused', 'Its checks have not passed.')
      server.admin = 'ready'
    })
  }

  async drain(_key: BackendKey, instance: string): Promise<void> {
    await this.#change(instance, (server) => {
      if (server.admin === 'ready') server.admin = 'drain'
    })
  }

  async park(_key: BackendKey, instance: string): Promise<void> {
    await this.#change(instance, (server) => {
      server.admin = 'maint'
    })
  }

  async closeStreams(): Promise<void> {
    await this.#do(nothing)
  }

  async free(_key: BackendKey, instance: string): Promise<void> {
    await this.#do(() => this.servers.delete(instance))
  }

  async #change(instance: string, change: (server: Server) => void): Promise<void> {
    await this.#do(() => {
      const server = this.servers.get(instance)
      if (server) change(server)
    })
  }

  /** While it is down, an answer is lost before or after the command was carried out. */
  async #do(effect: () => void): Promise<void> {
    if (this.down) {
      this.#flip = !this.#flip
      if (this.#flip) effect()
      throw new TasukiError('router_unavailable', 'The answer was lost.')
    }
    effect()
  }

  #checkLater(): void {
    this.#clock.timer(CHECK_MS, () => {
      for (const server of this.servers.values()) if (server.admin !== 'maint') this.#check(server)
      this.#checkLater()
    })
  }

  #check(server: Server): void {
    if (this.#runtime.answers(server.instance)) {
      server.passed += 1
      server.failed = 0
      if (server.passed >= RISE) server.health = 'up'
      return
    }
    server.passed = 0
    server.failed += 1
    if (server.health === 'up' && server.failed >= FALL) server.health = 'down'
  }
}
