import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { runningRollout } from '../world/app.ts'
import type { SimInstance } from '../world/runtime.ts'
import type { Bench } from './bench.ts'

/** What this rule sees besides. */
export interface VisitBench extends Bench {
  /** Calls take so long that a second or two say nothing. */
  readonly slow: boolean
  /** Rollouts at whose beginning all that was to serve did. */
  readonly baseWhole: ReadonlySet<string>
}

/** What visitors may not meet with. */
export class VisitRules {
  readonly #bench: VisitBench

  constructor(bench: VisitBench) {
    this.#bench = bench
  }

  /** Nobody may find nobody while, all that time, an instance was able to serve and the control plane to act. */
  turnedAway(appId: string, waited: number): void {
    const app = this.#bench.app(appId)
    const since = this.#bench.now() - waited
    if (!app || app.destroyed || app.quantity.web === 0 || this.#bench.troubleAt > since) return
    // A hand-over takes some twenty calls: when each takes half a second, no hold is long enough.
    if (this.#bench.slow) return
    const goal = this.#bench.looks.goal(appId, ROUTABLE_TYPE)
    // By the rules of a release that takes over, or that it goes back from, all of so few may be missing.
    const types = [...(this.#bench.looks.wanted(appId)?.types.values() ?? [])].flat()
    if (goal.quantity <= Math.max(...types.map((type) => type.settings.maxUnavailable))) return
    const rollout = runningRollout(app)
    // A base that did not serve when the rollout began is not brought back to life: its target is waited for.
    const base = rollout && this.#bench.baseWhole.has(rollout.id) ? rollout.base : null
    const sets = new Set([rollout ? base : app.serving, rollout?.target].map((set) => set?.generation))
    const able = this.#bench.runtime
      .of(appId)
      .find(
        (one) =>
          one.spec.type === ROUTABLE_TYPE && sets.has(one.spec.generation) && this.#ableSince(one) <= since,
      )
    if (able)
      this.#bench.findings.add(
        'turned away',
        `a visitor waited ${waited} ms for nothing while ${able.info.id} could serve`,
      )
  }

  #ableSince(one: SimInstance): number {
    if (!this.#bench.runtime.isWell(one) || one.signalledAt !== null) return Number.POSITIVE_INFINITY
    return Math.max(one.startedAt + (one.behaviour.bootMs ?? 0), one.sickUntil)
  }
}
