import { OPERATION_KINDS, type OperationKind } from '../../src/domain/rollout.ts'
import { DEFAULT_SETTINGS, type RolloutSettings, surgeOf } from '../../src/domain/settings.ts'
import { NO_TRAFFIC } from '../../src/domain/testing/traffic.ts'
import { Engine } from '../../src/rollout/engine.ts'
import type { Traffic } from '../../src/rollout/ports.ts'
import { SimClock } from './clock.ts'
import { nothing } from './nothing.ts'
import { Random } from './random.ts'
import { SimRouter } from './router.ts'
import { type Behaviour, GOOD, SimRuntime } from './runtime.ts'
import { APP, SimStore } from './store.ts'

/** Simulated visitors do not need a meter: the world counts for itself. */
const NO_METER: Traffic = {
  open: async () => nothing(),
  switched: async () => nothing(),
  close: async () => NO_TRAFFIC,
  sample: async () => ({ requests: 0, serverErrors: 0, p95: null }),
}

export interface Options {
  readonly seed: number
  readonly settings?: Partial<RolloutSettings>
  readonly quantity?: number
  /** ms between two visitors. */
  readonly visitEveryMs?: number
}

/** One app, its instances, its router, its visitors, and the control plane: all in one thread, from one seed. */
export class World {
  readonly random: Random
  readonly clock = new SimClock()
  readonly runtime: SimRuntime
  readonly router: SimRouter
  readonly store: SimStore
  readonly behaviours = new Map<number, Behaviour>()
  readonly violations: string[] = []
  readonly done = new Set<OperationKind>()
  served = 0
  /** Visitors who found no instance although none had died. */
  turnedAway = 0
  lost = 0
  /** Requests cut off because the app itself died. */
  excused = 0
  #engine: Engine | null = null
  #ids = 0
  #killAt: { readonly when: 'before' | 'after'; readonly kind: OperationKind } | null = null
  #epoch = 0

  constructor(options: Options) {
    this.random = new Random(options.seed)
    this.runtime = new SimRuntime(this.clock, (release) => this.behaviours.get(release) ?? GOOD)
    this.router = new SimRouter(this.clock, this.runtime)
    const settings = {
      ...DEFAULT_SETTINGS,
      bakeSeconds: 2,
      bootSeconds: 5,
      drainSeconds: 3,
      stopSeconds: 2,
      ...options.settings,
    }
    this.store = new SimStore({ type: 'web', size: 'Standard-1X', routable: true, settings }, () =>
      this.clock.wall(),
    )
    this.store.quantity = options.quantity ?? 2
    this.runtime.onEnd = (id, told) => this.#ended(id, told)
    this.#visitLater(options.visitEveryMs ?? 20)
  }

  /** Starts a control plane. */
  async boot(): Promise<void> {
    const epoch = ++this.#epoch
    this.#engine = new Engine({
      clock: this.clock,
      ids: { instance: (type, index) => `${type}-${index}-${++this.#ids}` },
      store: this.store,
      runtime: this.runtime,
      router: this.router,
      traffic: NO_METER,
      log: { info: nothing, warn: nothing },
      gone: async () => this.store.forget(),
      checkpoint: (when, kind) => this.#checkpoint(epoch, when, kind),
    })
    await this.#engine.start()
  }

  /** Ends the control plane at that point of its next operation of the kind. */
  killAt(when: 'before' | 'after', kind: OperationKind): void {
    this.#killAt = { when, kind }
  }

  /** Ends the control plane now, wherever it is, and starts another. */
  async killAndBoot(): Promise<void> {
    const dead = this.#engine
    this.#epoch += 1
    void dead?.stop()
    await this.boot()
  }

  deploy(release: number, withReleasePhase = false, kind: 'release' | 'restart' = 'release'): void {
    this.store.begin(release, kind, withReleasePhase)
    this.poke()
  }

  poke(): void {
    this.#engine?.poke(APP)
  }

  /** Lets time pass until every rollout has ended and the wanted instances serve alone; false when that takes too long. */
  settle(limitMs = 300_000): Promise<boolean> {
    return this.clock.runUntil(() => this.settled(), limitMs)
  }

  settled(): boolean {
    if (this.store.rollouts.some((one) => one.finishedAt === null)) return false
    if (this.store.destroyed) return this.store.forgotten
    const all = this.runtime.all()
    const serving = [...this.router.servers.values()].filter(
      (one) => one.admin === 'ready' && one.health === 'up',
    )
    const wanted = this.store.serving ? this.store.quantity : 0
    return (
      all.length === wanted &&
      all.every((one) => one.state === 'running') &&
      serving.length === wanted &&
      this.router.servers.size === wanted &&
      this.store.condemned.size === 0
    )
  }

  /** What a look at the end should find: nothing lost, nothing left over, nothing broken. */
  describe(): string {
    const instances = this.runtime
      .all()
      .map((one) => `${one.id} v${one.release} g${one.generation} ${one.state}`)
    const servers = [...this.router.servers.values()].map(
      (one) => `${one.instance} ${one.admin} ${one.health} ${one.inFlight}`,
    )
    const rollouts = this.store.rollouts.map(
      (one) => `${one.id} v${one.target.release} ${one.direction} ${one.outcome} ${one.reason ?? ''}`,
    )
    return JSON.stringify(
      {
        at: this.clock.monotonic(),
        instances,
        servers,
        rollouts,
        serving: this.store.serving,
        lost: this.lost,
        violations: this.violations,
      },
      null,
      1,
    )
  }

  /** A dead control plane's later effects never happen: it waits for ever. */
  async #checkpoint(epoch: number, when: 'before' | 'after', kind: OperationKind): Promise<void> {
    if (epoch === this.#epoch && this.#killAt?.when === when && this.#killAt.kind === kind) {
      this.#killAt = null
      await this.killAndBoot()
    }
    if (epoch !== this.#epoch) await new Promise<never>(nothing)
    this.done.add(kind)
    this.#checkLimits()
    if (when === 'after' && kind === 'drain') this.#checkServing()
  }

  #checkLimits(): void {
    const { settings } = this.store.type
    const admitted = [...this.router.servers.values()].filter((one) => one.admin === 'ready')
    const most =
      this.store.quantity + Math.max(surgeOf(settings, this.store.quantity), settings.maxUnavailable)
    if (admitted.length > most + this.#formerSurplus)
      this.violations.push(`I4: ${admitted.length} admitted, ${most} allowed`)
  }

  /** I1: a drain leaves as many serving as are wanted. Only faults may take more away. */
  #checkServing(): void {
    const { settings } = this.store.type
    const serving = [...this.router.servers.values()].filter(
      (one) => one.admin === 'ready' && one.health === 'up',
    ).length
    const least = this.store.destroyed ? 0 : this.store.quantity - settings.maxUnavailable
    if (serving < least && !this.#faulty)
      this.violations.push(`I1: ${serving} serve after a drain, ${least} are wanted`)
  }

  /** Some instance died untold: fewer than wanted may serve. */
  #faulty = false

  /** After a scaling down, what is still admitted from before is no violation. */
  #formerSurplus = 0

  scale(quantity: number): void {
    this.#formerSurplus = Math.max(0, this.store.quantity - quantity)
    this.store.quantity = quantity
    this.poke()
  }

  #ended(id: string, told: boolean): void {
    if (!told) this.#faulty = true
    const server = this.router.servers.get(id)
    if (!server || server.inFlight === 0) return
    if (told) {
      this.lost += server.inFlight
      this.violations.push(`I2: ${id} was told to end with ${server.inFlight} in flight (${server.admin})`)
    } else this.excused += server.inFlight
    server.inFlight = 0
  }

  #visitLater(everyMs: number): void {
    this.clock.timer(everyMs, () => {
      this.#visit()
      this.#visitLater(everyMs)
    })
  }

  #visit(): void {
    const server = this.router.route((list) => this.random.pick(list))
    if (!server) {
      if (this.store.serving && !this.store.destroyed && this.store.quantity > 0 && !this.#faulty)
        this.turnedAway += 1
      return
    }
    if (!this.runtime.answers(server.instance)) {
      this.excused += 1
      return
    }
    server.inFlight += 1
    const takes = this.random.chance(0.05) ? this.random.int(200, 1500) : this.random.int(1, 40)
    const seen = server
    this.clock.timer(takes, () => {
      if (seen.inFlight === 0) return
      seen.inFlight -= 1
      this.served += 1
    })
  }
}

export const KINDS = OPERATION_KINDS
