import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import type { RouterNode } from '../world/router-node.ts'
import type { Host, SimInstance } from '../world/runtime.ts'
import type { World } from '../world/world.ts'
import type { Fault, Role } from './steps.ts'

/** It takes so long at most until it is known everywhere that a host has gone, or has come back, ms. */
const NOTICED_MS = 5000

/** Brings about what goes wrong in a scenario. */
export class Faults {
  readonly #world: World
  #healed = false

  constructor(world: World) {
    this.#world = world
  }

  strike(fault: Fault): void {
    const world = this.#world
    world.coverage.add('faults', fault.do)
    world.trace.say(() => `FAULT ${JSON.stringify(fault)}`)
    switch (fault.do) {
      case 'kill':
        world.lateShare = fault.late
        world.kill(fault.downMs)
        break
      case 'kill at':
        world.lateShare = fault.late
        world.killAt(fault.when, fault.kind)
        break
      case 'freeze':
        world.freeze(fault.ms)
        break
      case 'crash':
        this.#crash(fault.role, fault.which, fault.again?.times ?? 0, fault.again?.ms ?? 0)
        break
      case 'fall ill':
        this.#onInstance(fault.role, fault.which, (one) => {
          one.sickUntil = world.now() + fault.ms
        })
        break
      case 'clock jump':
        world.clock.jump(fault.ms)
        break
      case 'slow fetch':
        world.runtime.fetchMs = fault.ms
        world.clock.timer(2 * fault.ms, () => {
          world.runtime.fetchMs = 0
        })
        break
      case 'journal lost':
        world.books.complete = false
        world.store.loseJournal()
        break
      case 'host away':
        this.#hostGone(this.#host(fault.which), 'away', fault.ms)
        break
      case 'host cut':
        this.#hostGone(this.#host(fault.which), 'cut', fault.ms)
        break
      case 'host reboot':
        this.#hostReboots(this.#host(fault.which), fault.ms)
        break
      case 'host dark':
        this.#hostDark([this.#host(fault.which)], fault.ms, fault.remembers)
        break
      case 'power cut':
        this.#powerCut(fault.ms, fault.remembers)
        break
      case 'router cut':
        this.#routerCut(this.#node(fault.which), fault.ms)
        break
      case 'router restart':
        this.#routerDown(this.#node(fault.which), fault.ms)
        break
      case 'router reload':
        this.#node(fault.which).reload()
        break
      default:
        this.#forAWhile(fault)
        break
    }
  }

  /** Conditions that hold for a time. */
  #forAWhile(fault: Extract<Fault, { ms: number }>): void {
    const world = this.#world
    const set = (on: boolean): void => {
      if (fault.do === 'host disk full') {
        world.runtime.diskFull = on
        world.startsFailed = true
      }
      if (fault.do === 'state disk full') world.conditions.storeFull = on
      if (fault.do === 'nobody told') world.runtime.silent = on
      if (fault.do === 'router loses answers') world.conditions.routerLoss = on ? fault.share : 0
      if (fault.do === 'router does half')
        world.router.stopsAfter = on ? (nodes) => world.random.int(0, nodes) : (nodes) => nodes
      if (fault.do === 'memory short') {
        world.runtime.tight = on
        if (on) world.ends.tightSince = world.now()
      }
    }
    set(true)
    world.trouble(fault.ms)
    world.clock.timer(fault.ms, () => set(false))
  }

  #crash(role: Role, which: number, again: number, ms: number): void {
    if (this.#healed) return
    this.#onInstance(role, which, (one) => this.#world.runtime.crash(one.info.id))
    if (again > 0) this.#world.clock.timer(ms, () => this.#crash(role, which, again - 1, ms))
  }

  #onInstance(role: Role, which: number, act: (one: SimInstance) => void): void {
    const list = this.#world.runtime
      .all()
      .filter((one) => one.info.state === 'running' && this.#has(role, one))
    const one = list[which % Math.max(1, list.length)]
    if (!one) return
    this.#world.coverage.add('struck', role)
    act(one)
  }

  #has(role: Role, one: SimInstance): boolean {
    const { router, runtime } = this.#world
    if (role === 'release phase') return one.spec.kind === 'release-phase'
    if (role === 'any') return true
    if (one.spec.kind !== 'formation' || one.spec.type !== ROUTABLE_TYPE) return false
    if (role === 'stopping') return one.signalledAt !== null
    if (one.signalledAt !== null) return false
    const routable = router.isRoutable(one.info.id)
    if (role === 'serving') return routable
    return role === 'booting' ? !runtime.listens(one) : runtime.listens(one) && !routable
  }

  #host(which: number): Host {
    const { hosts } = this.#world.runtime
    return hosts[which % hosts.length]!
  }

  #node(which: number): RouterNode {
    const { nodes } = this.#world.router
    return nodes[which % nodes.length]!
  }

  #hostGone(host: Host, state: 'away' | 'cut', ms: number): void {
    if (host.state !== 'up') return
    this.#world.runtime.leave(host, state)
    // Where the others are there, all goes on without it soon.
    const others = this.#world.runtime.hosts.some((one) => one.state === 'up')
    this.#world.trouble(others ? Math.min(ms, NOTICED_MS) : ms)
    this.#world.clock.timer(ms, () => {
      if (host.state !== state) return
      this.#world.runtime.restore(host, true)
      this.#world.trouble(NOTICED_MS)
    })
  }

  #hostReboots(host: Host, ms: number): void {
    if (host.state !== 'up') return
    this.#world.runtime.leave(host, 'cut')
    this.#world.trouble(ms)
    this.#world.clock.timer(ms, () => {
      if (host.state === 'cut') this.#world.runtime.reboot(host)
    })
  }

  #hostDark(hosts: readonly Host[], ms: number, remembers: boolean): void {
    const { runtime, books } = this.#world
    for (const host of hosts) runtime.darken(host)
    this.#world.trouble(ms)
    this.#world.clock.timer(ms, () => {
      for (const host of hosts) {
        if (host.state !== 'dark') continue
        for (const one of remembers ? [] : runtime.all().filter((each) => each.host === host)) {
          books.worldTook(one.info.id)
          this.#world.starts.lostPhase(one)
        }
        runtime.restore(host, remembers)
      }
    })
  }

  /** Everything at once: hosts, routers and the control plane. */
  #powerCut(ms: number, remembers: boolean): void {
    this.#hostDark(this.#world.runtime.hosts, ms, remembers)
    for (const node of this.#world.router.nodes) this.#routerDown(node, ms)
    this.#world.kill(ms)
  }

  #routerCut(node: RouterNode, ms: number): void {
    node.cut = true
    // A control plane that could not ask it tries again after two seconds at the latest.
    this.#world.trouble(ms + 2000)
    this.#world.clock.timer(ms, () => {
      // One that has lost its power since comes back with that, and has missed the same.
      if (node.down) node.cut = false
      else this.#world.router.heal(node)
    })
  }

  #routerDown(node: RouterNode, ms: number): void {
    if (node.down) return
    this.#world.visitors.routerGone(node)
    node.down = true
    this.#world.trouble(ms + 1000)
    for (const app of this.#world.store.byId.keys()) this.#world.looks.fell(`${app} ${ROUTABLE_TYPE}`)
    this.#world.clock.timer(ms, () => {
      if (!node.down) return
      node.restart()
      this.#world.router.heal(node)
      for (const app of this.#world.store.byId.keys()) this.#world.looks.fell(`${app} ${ROUTABLE_TYPE}`)
    })
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    const world = this.#world
    this.#healed = true
    Object.assign(world.conditions, { routerLoss: 0, storeFull: false })
    Object.assign(world.runtime, { diskFull: false, silent: false, tight: false, fetchMs: 0 })
    world.router.stopsAfter = (nodes) => nodes
    for (const host of world.runtime.hosts) if (host.state !== 'up') world.runtime.restore(host, true)
    for (const node of world.router.nodes) {
      if (node.down) node.restart()
      if (node.down || node.cut) world.router.heal(node)
    }
    for (const one of world.runtime.all()) one.sickUntil = 0
  }
}
