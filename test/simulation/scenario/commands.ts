import { DEFAULT_SETTINGS } from '../../../src/domain/settings.ts'
import { releaseOf, runningRollout, type SimApp, type SimRelease } from '../world/app.ts'
import { GOOD } from '../world/behaviour.ts'
import type { World } from '../world/world.ts'
import { collect, KEPT_RELEASES } from './collect.ts'
import type { Command, ReleasePlan } from './steps.ts'

/** Carries out what the people of a scenario ask for. */
export class Commands {
  readonly #world: World
  readonly #visitEveryMs: number
  readonly #apps: string[] = []
  #named = 0

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

  carryOut(command: Command): void {
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

  /** Nobody has anything wait any more. */
  resumeAll(): void {
    for (const app of this.#world.store.byId.values())
      for (const { id } of app.rollouts) this.#resume(id, app.id)
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

  /** What each app has, once more, as a new release. */
  deployAgain(): void {
    for (const app of this.#world.store.byId.values()) this.#config(app)
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
