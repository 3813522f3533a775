import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { surgeOf } from '../../../src/domain/settings.ts'
import { releaseOf } from '../world/app.ts'
import type { SimInstance } from '../world/runtime.ts'
import { everUp, isThere } from './bench.ts'
import { type PaceBench, PaceRule } from './pace.ts'

/** A successor has certainly looked again after this long, ms. */
const LATE_MS = 2000

/** What may be started, and when. */
export class StartRules {
  readonly #bench: PaceBench
  readonly #pace: PaceRule
  readonly #late = new Set<string>()
  readonly #passedPhases = new Set<string>()

  constructor(bench: PaceBench) {
    this.#bench = bench
    this.#pace = new PaceRule(bench)
  }

  start(one: SimInstance): void {
    // What a dead control plane had sent comes when its successor has looked already.
    if (this.#bench.isLate()) this.#late.add(one.info.id)
    if (one.spec.kind === 'release-phase') {
      this.#releasePhase(one)
      return
    }
    if (this.#bench.isLate()) return
    this.#targetWaitsForPhase(one)
    this.#startLimits(one)
    this.#singleton(one)
    this.#pace.started(one)
  }

  /** The release command runs once for each rollout, unless the world lost it. */
  #releasePhase(one: SimInstance): void {
    const { runtime, findings } = this.#bench
    const phases = runtime
      .of(one.spec.appId)
      .filter(
        (other) =>
          other !== one &&
          !this.#late.has(other.info.id) &&
          other.spec.kind === 'release-phase' &&
          other.spec.generation === one.spec.generation,
      )
    if (phases.some((other) => other.info.state === 'running'))
      findings.add('release phase', `${one.info.id} starts while another of its rollout runs`)
    if (this.#passedPhases.has(`${one.spec.appId} ${one.spec.generation}`))
      findings.add('release phase', `${one.info.id} starts though its rollout's has passed`)
  }

  ended(one: SimInstance): void {
    if (one.spec.kind === 'release-phase' && one.info.exit?.code === 0 && one.info.signalledAt === null)
      this.#passedPhases.add(`${one.spec.appId} ${one.spec.generation}`)
  }

  /** The world has lost it with what it said: it is run again. */
  lostPhase(one: SimInstance): void {
    this.#passedPhases.delete(`${one.spec.appId} ${one.spec.generation}`)
  }

  /** I5: nothing of the new release runs before its release phase has passed. */
  #targetWaitsForPhase(one: SimInstance): void {
    const rollout = this.#bench.looks.wanted(one.spec.appId)?.rollout
    if (rollout?.target.generation === one.spec.generation && !rollout.releasePhaseDone)
      this.#bench.findings.add(
        'I5',
        `${one.info.id} starts before the release phase of its release has passed`,
      )
  }

  /** I4: starting and admitted ones within quantity + surge; with those on their way out within twice that. */
  #startLimits(one: SimInstance): void {
    const { runtime, router, findings } = this.#bench
    const { appId, type } = one.spec
    const { quantity, settings, set } = this.#bench.looks.goal(appId, type)
    if (!settings || !set || type !== ROUTABLE_TYPE) return
    const alive = runtime.of(appId).filter((other) => other.spec.type === type && isThere(this.#bench, other))
    const admitted = alive.filter((other) => other.signalledAt === null && router.isRoutable(other.info.id))
    const starting = alive.filter(
      (other) =>
        other.signalledAt === null &&
        other.spec.generation === set.generation &&
        !(this.#late.has(other.info.id) && this.#bench.now() - other.startedAt < LATE_MS) &&
        !this.#bench.app(appId)?.condemned.has(other.info.id) &&
        this.#bench.now() - other.startedAt <= settings.bootSeconds * 1000 &&
        !router.isRoutable(other.info.id) &&
        !everUp(this.#bench, appId, type, other),
    )
    const surge = this.#bench.looks.surge(appId, type)
    // A rollout that is paused replaces what dies, and begins nothing more.
    const paused = one.spec.generation === set.generation && this.#bench.looks.isPaused(appId)
    const most = quantity + (paused ? 0 : surge)
    if (admitted.length + starting.length > most)
      findings.add(
        'I4',
        `${admitted.length} admitted and ${starting.length} starting with ${one.info.id}, ${most} allowed`,
      )
    const peak = Math.max(quantity, this.#bench.app(appId)?.peak ?? 0)
    const total = 2 * (peak + Math.max(1, surge, surgeOf(settings, peak)))
    if (alive.length > total)
      findings.add('I4', `${alive.length} are there with ${one.info.id}, ${total} allowed`)
  }

  #singleton(one: SimInstance): void {
    const { appId, type } = one.spec
    const app = this.#bench.app(appId)
    const own = app ? releaseOf(app, one.spec.release)?.workerSettings : undefined
    if (!own?.singleton || type === ROUTABLE_TYPE) return
    const others = this.#bench.runtime
      .of(appId)
      .filter((other) => other !== one && other.spec.type === type && other.info.state === 'running')
    if (others.some((other) => other.spec.generation !== one.spec.generation))
      this.#bench.findings.add(
        'singleton',
        `${one.info.id} starts while ${others.map((o) => o.info.id)} still run`,
      )
  }
}
