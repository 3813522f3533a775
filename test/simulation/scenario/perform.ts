import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { DEFAULT_SETTINGS } from '../../../src/domain/settings.ts'
import { releaseOf, runningRollout, type SimApp, type SimRelease } from '../world/app.ts'
import { GOOD } from '../world/behaviour.ts'
import type { RouterNode } from '../world/router-node.ts'
import type { Host, SimInstance } from '../world/runtime.ts'
import type { World } from '../world/world.ts'
import { collect, KEPT_RELEASES } from './collect.ts'
import type { Command, Fault, ReleasePlan, Role } from './steps.ts'

/** It takes so long at most until it is known everywhere that a host has gone, or has come back, ms. */
const NOTICED_MS = 5000

/** Carries out what a scenario's steps say, on a world. */
export class Performer {
  readonly #world: World
  readonly #visitEveryMs: number
  readonly #apps: string[] = []
  #named = 0
  #healed = false

  constructor(world: World, visitEveryMs: number) {
    this.#world = world
    this.#visitEveryMs = visitEveryMs
  }

  /** An app with its first release on the way. */
  found(plan: ReleasePlan, quantity: number, workers: number): void {
    this.#named += 1
    const app = this.#world.create(`app-${this.#named}`, this.#visitEveryMs)
    app.quantity.web = quantity
    app.quantity.worker = workers
    app.peak = quantity
    this.#apps.push(app.id)
    this.#world.begin(app, this.#release(app, plan))
  }

  command(command: Command): void {
    this.#world.coverage.add('commands', command.do)
    if (command.do === 'collect') {
      collect(this.#world)
      return
    }
    const app = this.#app(command.app)
    if (!app) return
    app.orders += 1
    this.#world.trace.say(() => `${app.id}: ${JSON.stringify(command)}`)
    switch (command.do) {
      case 'deploy':
        this.#world.begin(app, this.#release(app, command.plan))
        break
      case 'config':
        this.#config(app)
        break
      case 'rollback':
        this.#rollBack(app, command.back)
        break
      case 'scale':
        this.#scale(app, command.web, command.worker)
        break
      case 'restart':
        this.#restart(app)
        break
      case 'restart one':
        this.#restartOne(app, command.which)
        break
      case 'pause':
        this.#pause(app, command.ms)
        break
      case 'preboot':
        app.preboot = command.on
        this.#world.poke(app.id)
        break
      case 'destroy':
        this.#world.store.destroy(app)
        this.#world.poke(app.id)
        this.found(command.plan, Math.max(1, app.quantity.web), app.quantity.worker)
        break
    }
  }

  #app(which: number): SimApp | null {
    const living = this.#apps.map((id) => this.#world.app(id)).filter((app) => app && !app.destroyed)
    return living.length === 0 ? null : living[which % living.length]!
  }

  #release(app: SimApp, plan: ReleasePlan): SimRelease {
    const workerSettings = {
      ...DEFAULT_SETTINGS,
      ...plan.settings,
      singleton: plan.worker?.singleton ?? false,
    }
    return this.#world.release(app, {
      settings: plan.settings,
      workerSettings,
      hasWorker: plan.worker !== null,
      hasReleasePhase: plan.releasePhase,
      behaviour: plan.behaviour,
    })
  }

  /** The same artifact with other config, on top of what the app is on its way to. */
  #config(app: SimApp): void {
    const from = intended(app)
    if (from) this.#world.begin(app, this.#world.release(app, from, from.artifact))
  }

  /** Back to a release that served, among those that are kept for it. */
  #rollBack(app: SimApp, back: number): void {
    const candidates = app.releases.slice(-KEPT_RELEASES).filter((one) => one.status === 'succeeded')
    const goal = candidates[back % Math.max(1, candidates.length)]
    if (!goal) return
    if (!this.#world.runtime.artifacts.has(goal.artifact))
      this.#world.findings.add(
        'artifact',
        `the artifact of v${goal.version} of ${app.id} was collected, and a rollback needs it`,
      )
    this.#world.begin(app, this.#world.release(app, goal, goal.artifact))
  }

  #pause(app: SimApp, ms: number): void {
    const running = runningRollout(app)
    if (running?.direction !== 'forward') return
    this.#world.store.pause(running.id, true)
    this.#world.poke(app.id)
    this.#world.clock.timer(ms, () => this.#resume(running.id, app.id))
  }

  #resume(rollout: string, appId: string): void {
    this.#world.store.pause(rollout, false)
    this.#world.poke(appId)
  }

  #scale(app: SimApp, web: number, worker: number): void {
    app.quantity.web = web
    app.quantity.worker = worker
    app.peak = Math.max(app.peak, web)
    this.#world.trouble()
    this.#world.poke(app.id)
  }

  #restart(app: SimApp): void {
    const release = intended(app)
    if (!release || (app.serving === null && release.status !== 'pending')) return
    const running = runningRollout(app)
    const tookOver = running?.switched === true && running.direction === 'forward'
    this.#world.begin(app, release, release.status === 'pending' && !tookOver ? 'release' : 'restart')
  }

  #restartOne(app: SimApp, which: number): void {
    const list = this.#world.runtime.of(app.id).filter((one) => one.spec.kind === 'formation')
    const one = list[which % Math.max(1, list.length)]
    if (!one) return
    app.condemned.add(one.info.id)
    this.#world.poke(app.id)
  }

  fault(fault: Fault): void {
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
        if (on) world.handOver.tightSince = world.now()
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
          this.#world.handOver.lostPhase(one)
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
    for (const app of this.#apps) this.#world.looks.fell(`${app} ${ROUTABLE_TYPE}`)
    this.#world.clock.timer(ms, () => {
      if (!node.down) return
      node.restart()
      this.#world.router.heal(node)
      for (const app of this.#apps) this.#world.looks.fell(`${app} ${ROUTABLE_TYPE}`)
    })
  }

  /** What each app has, once more, as a new release. */
  deployAgain(): void {
    for (const app of this.#world.store.byId.values()) this.#config(app)
  }

  /** Nothing goes wrong any more. */
  healWorld(): void {
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
    for (const app of world.store.byId.values()) for (const { id } of app.rollouts) this.#resume(id, app.id)
  }

  /** What serves is well from now on, or every release is. Instances that are there already stay as they are. */
  healReleases(which: 'serving' | 'all'): void {
    for (const app of this.#world.store.byId.values()) {
      const rollout = runningRollout(app)
      const sound = new Set([app.serving?.release, rollout?.base?.release])
      for (const release of app.releases)
        if (which === 'all' || sound.has(release.version)) release.behaviour = GOOD
    }
  }
}

/** The release that the app is on its way to, or has. */
function intended(app: SimApp): SimRelease | null {
  const running = runningRollout(app)
  const version =
    running?.direction === 'forward' ? running.target.release : (running?.base ?? app.serving)?.release
  return version === undefined ? null : releaseOf(app, version)
}
