import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import type { SetRef } from '../../../src/domain/rollout.ts'
import type { Wanted } from '../../../src/rollout/spec.ts'
import { keyOf, type SimRouter } from '../world/router.ts'
import type { SimInstance, SimRuntime } from '../world/runtime.ts'
import type { Findings } from './findings.ts'
import type { Looks } from './looks.ts'
import { owedPause } from './pace.ts'

/** After trouble a control plane has this long to come to itself, ms. */
const QUIET_MS = 3000
/** Longer than some calls in a row take, ms. */
const IDLE_MS = 2000
/** Longer than it takes to see that something is gone and to start another, ms. */
const REPLACE_MS = 5000

/** A silent host is given up after half a minute, ms. */
const AWAY_MS = 30_000

type Rule = 'idle' | 'away' | 'unfinished' | 'missing'

/** What these rules see of the world. */
export interface UpkeepBench {
  readonly router: SimRouter
  readonly runtime: SimRuntime
  readonly findings: Findings
  readonly looks: Looks
  readonly troubleAt: number
  /** Calls take so long that a second or two say nothing. */
  readonly slow: boolean
  readonly startsFailed: boolean
  now(): number
  /** How often instances of the release have ended by themselves, or have been given up. */
  fates(key: string, release: number): number
}

/** What must not stay as it is: rules about what is left undone, looked at whenever a pass begins. */
export class UpkeepRules {
  readonly #bench: UpkeepBench
  /** Since when it has been so, by app. */
  readonly #since: Readonly<Record<Rule, Map<string, number>>> = {
    idle: new Map(),
    away: new Map(),
    unfinished: new Map(),
    missing: new Map(),
  }

  constructor(bench: UpkeepBench) {
    this.#bench = bench
  }

  /** To be called when a pass of the app begins. */
  look(appId: string): void {
    const wanted = this.#bench.looks.wanted(appId)
    const calm = wanted && !wanted.destroyed && !this.#bench.slow && this.#isQuiet()
    this.#hold('idle', appId, calm ? this.#idle(wanted) : null, IDLE_MS)
    this.#hold('away', appId, calm ? this.#withoutHost(wanted) : null, REPLACE_MS)
    this.#hold('unfinished', appId, calm ? this.#unfinished(wanted) : null, REPLACE_MS)
    const missing = calm ? this.#missing(wanted) : null
    this.#hold('missing', appId, missing?.what ?? null, REPLACE_MS + (missing?.pause ?? 0))
  }

  #isQuiet(): boolean {
    return this.#bench.now() - this.#bench.troubleAt > QUIET_MS && !this.#bench.startsFailed
  }

  /** I1: nobody waits outside who could serve while fewer serve than are wanted. */
  #idle(wanted: Wanted): string | null {
    const { looks, router } = this.#bench
    const key = keyOf({ appId: wanted.appId, type: ROUTABLE_TYPE })
    const { quantity, set } = looks.goal(wanted.appId, ROUTABLE_TYPE)
    if (!set || router.serving(key).length >= quantity) return null
    const ready = this.#web(wanted.appId, set.generation).find(
      (one) => !wanted.condemned.has(one.info.id) && router.isReady(key, one.info.id),
    )
    return ready ? `${ready.info.id} is ready and not admitted while fewer than ${quantity} serve` : null
  }

  /** I5: while a release command runs, what was before is kept whole. */
  #missing(wanted: Wanted): { what: string; pause: number } | null {
    const { rollout, appId } = wanted
    const { base } = rollout ?? {}
    if (!rollout || !base || rollout.direction !== 'forward' || rollout.releasePhaseDone) return null
    const type = wanted.types.get(base.generation)?.find((one) => one.routable)
    const there = this.#web(appId, base.generation).length
    if (!type || there >= type.quantity) return null
    // By the rules of that release some may be missing while one after the other is replaced.
    if (there >= type.quantity - type.settings.maxUnavailable && this.#isReplaced(wanted, base)) return null
    const pause = owedPause(this.#bench.fates(keyOf({ appId, type: type.type }), base.release) + 1)
    return { what: `${there} of ${type.quantity} of v${base.release} are there in a release phase`, pause }
  }

  /** Somebody wants one replaced, or another set has still left some. */
  #isReplaced({ appId, condemned }: Wanted, base: SetRef): boolean {
    const old = ({ spec, info }: SimInstance) =>
      spec.kind === 'formation' && (condemned.has(info.id) || spec.generation !== base.generation)
    return this.#bench.runtime.of(appId).some((one) => one.info.state === 'running' && old(one))
  }

  /** I1: what ran on a host that has been silent for long is started elsewhere. */
  #withoutHost(wanted: Wanted): string | null {
    const { looks, runtime, router } = this.#bench
    if (wanted.rollout || runtime.allUp()) return null
    const { quantity, set } = looks.goal(wanted.appId, ROUTABLE_TYPE)
    const isAway = ({ host }: SimInstance) =>
      host.state !== 'up' && this.#bench.now() - host.upUntil > AWAY_MS
    if (!set || !runtime.hosts.some(({ state }) => state === 'up')) return null
    const serving = router.serving(keyOf({ appId: wanted.appId, type: ROUTABLE_TYPE }))
    const all = this.#web(wanted.appId, set.generation)
    const there = all.filter((one) => !isAway(one) || serving.includes(one.info.id)).length
    const short = there < quantity && all.length >= quantity
    return short ? `${there} of ${quantity} are on hosts that answer` : null
  }

  /** I7: a rollout does not wait for a host that does not answer. */
  #unfinished(wanted: Wanted): string | null {
    const { looks, router, runtime } = this.#bench
    const { rollout, appId } = wanted
    if (rollout?.direction !== 'forward' || !rollout.switched || rollout.paused) return null
    if (runtime.allUp()) return null
    const { quantity } = looks.goal(appId, ROUTABLE_TYPE)
    const key = keyOf({ appId, type: ROUTABLE_TYPE })
    const isNew = (one: SimInstance) => one.spec.generation === rollout.target.generation
    const old = runtime.of(appId).filter((one) => !isNew(one))
    const serving = router.serving(key).map((id) => runtime.get(id))
    const whole = serving.length === quantity && serving.every((one) => one && isNew(one))
    const over = whole && old.every(({ host }) => host.state !== 'up')
    return over && old.length > 0 ? `${rollout.id} waits for ${old[0]!.info.id} on a silent host` : null
  }

  #web(appId: string, generation: number): SimInstance[] {
    return this.#bench.runtime
      .of(appId)
      .filter(
        ({ spec, info, signalledAt }) =>
          spec.type === ROUTABLE_TYPE &&
          spec.generation === generation &&
          spec.kind === 'formation' &&
          info.state === 'running' &&
          signalledAt === null,
      )
  }

  #hold(rule: Rule, appId: string, what: string | null, limitMs: number): void {
    const own = this.#since[rule]
    if (what === null) {
      own.delete(appId)
      return
    }
    const now = this.#bench.now()
    const since = own.get(appId) ?? now
    own.set(appId, since)
    if (now - since > limitMs) this.#bench.findings.add('I1', `${what}, for ${now - since} ms`)
  }
}
