import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import type { JournalEntry, OperationKind, Rollout, SetRef } from '../../../src/domain/rollout.ts'
import type { Engine } from '../../../src/rollout/engine.ts'
import { SimClock } from '../core/clock.ts'
import type { Coverage } from '../core/coverage.ts'
import { Random } from '../core/random.ts'
import { Trace } from '../core/trace.ts'
import type { Bench } from '../oracle/bench.ts'
import { BookRules } from '../oracle/books.ts'
import { EndRules } from '../oracle/ends.ts'
import { Findings } from '../oracle/findings.ts'
import { Looks } from '../oracle/looks.ts'
import { RotationRules } from '../oracle/rotation.ts'
import { StartRules } from '../oracle/starts.ts'
import { type UpkeepBench, UpkeepRules } from '../oracle/upkeep.ts'
import { type VisitBench, VisitRules } from '../oracle/visits.ts'
import { newApp, type SimApp, type SimRelease } from './app.ts'
import { controlPlane } from './control-plane.ts'
import { Fates } from './fates.ts'
import { type Conditions, Link } from './link.ts'
import { keyOf, SimRouter } from './router.ts'
import { SimRuntime } from './runtime.ts'
import { describe, isAtRest } from './standing.ts'
import { SimStore } from './store.ts'
import { SimTraffic } from './traffic.ts'
import { Visitors } from './visitors.ts'
import { connectRouter, connectRuntime, connectVisitors } from './wiring.ts'

/** A release of which so many have ended badly may be given up as what was before. */
const HOPELESS = 6

export interface WorldOptions {
  readonly seed: number
  readonly routers?: number
  readonly hosts?: number
  readonly conditions?: Partial<Conditions>
  readonly trace?: boolean
}

/** Apps, their instances, hosts, routers, visitors, and the control plane: all in one thread, from one seed. */
export class World implements Bench, UpkeepBench, VisitBench {
  readonly random: Random
  readonly clock = new SimClock()
  readonly runtime: SimRuntime
  readonly router: SimRouter
  readonly store: SimStore
  readonly traffic: SimTraffic
  readonly visitors: Visitors
  readonly conditions: Conditions
  readonly findings: Findings
  readonly trace: Trace
  readonly coverage: Coverage
  readonly books: BookRules
  readonly starts: StartRules
  readonly rotation: RotationRules
  readonly ends: EndRules
  readonly upkeep: UpkeepRules
  readonly visits: VisitRules
  looks = new Looks()
  /** Instant of the last thing that went wrong by itself: until some time after, visitors may find nobody. */
  troubleAt = 0
  passes = 0
  /** Something could not be started: what is to come back may be waiting for that. */
  startsFailed = false
  #engine: Engine | null = null
  #link: Link | null = null
  #ids = 0
  #late = false
  #halting = false
  #lastPhase = ''
  #killAt: { readonly when: 'before' | 'after'; readonly kind: OperationKind } | null = null
  /** Of a control plane that is killed: the share of what it had sent that still arrives. */
  lateShare = 0
  /** Rollouts at whose beginning all that was to serve did. */
  readonly baseWhole = new Set<string>()
  readonly #switchedAt = new Map<string, number>()
  readonly fateOf = new Fates()

  constructor(options: WorldOptions, coverage: Coverage) {
    this.random = new Random(options.seed)
    this.coverage = coverage
    const now = () => this.clock.monotonic()
    this.trace = new Trace(now, options.trace ?? false)
    this.findings = new Findings(now, () => {
      this.clock.halted = true
    })
    this.conditions = { slowShare: 0, slowMs: 20, routerLoss: 0, storeFull: false, ...options.conditions }
    this.runtime = new SimRuntime(this.clock, this.random, options.hosts ?? 1)
    this.router = new SimRouter(this.clock, this.runtime, options.routers ?? 1)
    this.store = new SimStore(() => this.clock.wall())
    this.traffic = new SimTraffic(this.clock)
    this.visitors = new Visitors(this.clock, this.random, this.runtime, this.router)
    this.starts = new StartRules(this)
    this.rotation = new RotationRules(this)
    this.ends = new EndRules(this)
    this.books = new BookRules(this, this.store)
    this.upkeep = new UpkeepRules(this)
    this.visits = new VisitRules(this)
    connectRuntime(this)
    connectRouter(this)
    connectVisitors(this)
    this.store.onJournal = (entry, generation) => this.books.journaled(entry, generation)
    this.store.onSwitched = (rollout) => {
      if (!this.#switchedAt.has(rollout)) this.#switchedAt.set(rollout, this.now())
    }
    this.store.onFinish = (rollout, outcome) => this.#finished(rollout, outcome)
  }

  now(): number {
    return this.clock.monotonic()
  }

  app(id: string): SimApp | null {
    return this.store.byId.get(id) ?? null
  }

  isLate(): boolean {
    return this.#late
  }

  switchedAt(rollout: string): number | null {
    return this.#switchedAt.get(rollout) ?? null
  }

  /** A new app with visitors from now on. */
  create(id: string, visitEveryMs: number): SimApp {
    const app = newApp(id)
    this.store.byId.set(id, app)
    this.visitors.visit(id, visitEveryMs, () => this.store.byId.get(id) === app)
    return app
  }

  /** A release of the app, in its ledger and among the artifacts. */
  release(
    app: SimApp,
    made: Omit<SimRelease, 'version' | 'status' | 'artifact'>,
    artifact?: string,
  ): SimRelease {
    const version = app.releases.length + 1
    const release: SimRelease = {
      ...made,
      version,
      status: 'pending',
      artifact: artifact ?? `${app.id}-a${version}`,
    }
    app.releases.push(release)
    this.runtime.artifacts.add(release.artifact)
    return release
  }

  begin(app: SimApp, release: SimRelease, kind: Rollout['kind'] = 'release'): Rollout {
    const rollout = this.store.begin(app, release, kind)
    const key = keyOf({ appId: app.id, type: ROUTABLE_TYPE })
    const there = this.router.serving(key).filter((id) => this.#isOf(id, rollout.base)).length
    if (there >= app.quantity.web) this.baseWhole.add(rollout.id)
    this.coverage.add('rollouts', rollout.strategy)
    this.trace.say(
      () =>
        `${rollout.id}: ${kind} of v${release.version}, ${rollout.strategy}, over ${rollout.base?.generation ?? 'nothing'}`,
    )
    this.poke(app.id)
    return rollout
  }

  #isOf(instance: string, set: SetRef | null): boolean {
    return set !== null && this.runtime.get(instance)?.spec.release === set.release
  }

  poke(appId: string): void {
    this.#engine?.poke(appId)
  }

  /** Starts a control plane. */
  boot(): void {
    const link = new Link(this.clock, this.random, this.conditions)
    link.onLate = (effect) => this.#carryOutLate(effect)
    link.onLivelock = () => this.findings.add('livelock', 'the control plane goes round in a circle')
    this.looks = new Looks()
    this.#link = link
    const parts = {
      link,
      store: this.store,
      runtime: this.runtime,
      router: this.router,
      traffic: this.traffic,
    }
    this.#engine = controlPlane({
      ...parts,
      looks: this.looks,
      newInstanceId: (type, index) => `${type}-${index}-${++this.#ids}`,
      checkpoint: (when, kind) => this.#checkpoint(link, when, kind),
      say: (message, fields) => this.trace.say(() => `  ${message}: ${JSON.stringify(fields)}`),
      gone: (appId) => this.#gone(appId),
      wish: (wanted) => (wanted && this.#halting ? { ...wanted, destroyed: true } : wanted),
      passed: (appId) => {
        this.passes += 1
        this.upkeep.look(appId)
      },
    })
    this.#engine.onEntry((entry) => this.#entry(link, entry))
    void this.#engine.start()
  }

  /** Nothing of any app is wanted any more, and no app is forgotten: as a server does that is told to go down. */
  halt(): void {
    this.trace.say(() => 'the server is told to go down')
    this.#halting = true
    for (const app of this.store.byId.keys()) this.poke(app)
  }

  /** Ends the control plane at that point of its next operation of the kind. */
  killAt(when: 'before' | 'after', kind: OperationKind): void {
    this.#killAt = { when, kind }
  }

  /** Ends the control plane now, wherever it is; another starts after `downMs`. */
  kill(downMs = 0): void {
    this.trouble(downMs)
    this.trace.say(() => 'the control plane is killed')
    this.#link?.kill(this.lateShare)
    this.#engine = null
    if (downMs === 0) this.boot()
    else this.clock.timer(downMs, () => this.#engine ?? this.boot())
  }

  freeze(ms: number): void {
    this.trouble(ms)
    this.#link?.freeze(ms)
  }

  /** Something has gone wrong by itself, for so long. */
  trouble(ms = 0): void {
    this.troubleAt = Math.max(this.troubleAt, this.now() + ms)
  }

  get isUp(): boolean {
    return this.#engine !== null
  }

  /** Lets time pass until all rollouts have ended and exactly the wanted instances serve; false when that takes too long. */
  settle(limitMs: number): boolean {
    return this.clock.runUntil(() => this.isSettled(), limitMs) && this.findings.violations.length === 0
  }

  isSettled(): boolean {
    if (!this.#engine) return false
    for (const app of this.store.byId.values()) if (!isAtRest(this, app)) return false
    return true
  }

  /** Where everything stands, for people. */
  describe(): string {
    return describe(this)
  }

  #carryOutLate(effect: () => void): void {
    this.coverage.add('faults', 'late operation of a dead control plane')
    this.#late = true
    this.trouble(1000)
    try {
      effect()
    } finally {
      this.#late = false
    }
  }

  /** A dead control plane's later effects never happen: it waits for ever. */
  #checkpoint(link: Link, when: 'before' | 'after', kind: OperationKind): void | Promise<void> {
    if (link.alive && this.#killAt?.when === when && this.#killAt.kind === kind) {
      this.#killAt = null
      this.coverage.add('killed', `${when} ${kind}`)
      this.kill()
    }
    if (!link.alive) return new Promise<never>(() => undefined)
    if (when === 'after') this.coverage.add('operations', kind)
  }

  #entry(link: Link, entry: JournalEntry): void {
    if (!link.alive) return
    if (entry.state === 'failed') this.coverage.add('failed operations', entry.kind)
    this.trace.say(
      () =>
        `  ${entry.state.padEnd(6)} ${entry.kind} ${entry.instance ?? ''} ${entry.note}${entry.error ? `: ${entry.error}` : ''}`,
    )
    const phase = this.#engine?.phase(entry.appId)
    if (phase === undefined || phase === this.#lastPhase) return
    if (this.#lastPhase !== '') this.coverage.add('transitions', `${this.#lastPhase} → ${phase}`)
    this.#lastPhase = phase
  }

  #gone(appId: string): void {
    if (this.#halting) return
    if (this.runtime.of(appId).length > 0)
      this.findings.add(
        'leak',
        `${appId} is forgotten while ${this.runtime.of(appId).length} of its instances are there`,
      )
    this.router.destroy(appId)
    this.store.forget(appId)
  }

  #finished(rollout: Rollout, outcome: Rollout['outcome']): void {
    const since = rollout.startedAt
    const whole = outcome === 'succeeded' || this.baseWhole.has(rollout.id)
    const release = outcome === 'succeeded' ? rollout.target.release : rollout.base?.release
    const fate = this.fateOf.ofApp(rollout.appId, release)
    // Where calls take so long, what boots in time is given up all the same.
    const bearable = outcome !== 'succeeded' && fate.count < HOPELESS && !this.slow
    const calm =
      whole && !this.startsFailed && (bearable || fate.last < since) && this.troubleAt < this.now() - 2000
    this.trace.say(() => `${rollout.id} ends: ${rollout.outcome ?? outcome} ${rollout.reason ?? ''}`)
    this.coverage.add('outcomes', `${rollout.strategy} ${rollout.outcome ?? outcome}`)
    this.coverage.add('counts', 'rollouts')
    this.books.finished(rollout, outcome!, calm)
  }

  fates(key: string, release: number): number {
    return this.fateOf.of(key, release).count
  }

  get slow(): boolean {
    return this.conditions.slowShare > 0 && this.conditions.slowMs > 50
  }
}
