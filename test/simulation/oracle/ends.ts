import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { surgeOf } from '../../../src/domain/settings.ts'
import { releaseOf } from '../world/app.ts'
import { keyOf } from '../world/router.ts'
import type { SimInstance } from '../world/runtime.ts'
import { type Bench, everUp, isUp, NEWS_MS, upFor } from './bench.ts'

/** Who may be told to end, when, and what goes with it. */
export class EndRules {
  readonly #bench: Bench
  /** Memory has been short since the control plane last knew better. */
  tightSince: number | null = null

  constructor(bench: Bench) {
    this.#bench = bench
  }

  /** I2: whoever is told to end has nothing in flight, or its limit has passed. */
  signal(one: SimInstance, signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.#bench.isLate()) return
    if (signal === 'SIGKILL') this.#kill(one)
    else {
      this.#unused(one, 'told to end')
      this.#warm(one)
    }
  }

  park(instance: string): void {
    const one = this.#bench.runtime.get(instance)
    if (one?.info.state === 'running' && one.signalledAt === null && !this.#bench.isLate())
      this.#unused(one, 'parked')
  }

  #unused(one: SimInstance, what: string): void {
    const { router, findings, looks } = this.#bench
    const { id } = one.info
    if (looks.isInUnknown(keyOf(one.spec), id)) return
    const { plain } = router.inFlight(id)
    if (router.isRoutable(id)) findings.add('I2', `${id} is ${what} while a router sends it requests`)
    else if (plain > 0 && !this.drainLimitPassed(one))
      findings.add(
        'I2',
        `${id} is ${what} with ${plain} in flight, ${router.outFor(id)} ms after it was drained`,
      )
  }

  drainLimitPassed(one: SimInstance): boolean {
    const app = this.#bench.app(one.spec.appId)
    const limit = (app ? (releaseOf(app, one.spec.release)?.settings.drainSeconds ?? 0) : 0) * 1000
    return (this.#bench.router.outFor(one.info.id) ?? limit) >= limit
  }

  /** The drained set that served last stays alive until the bake is over, so that a return takes no boot. */
  #warm(one: SimInstance): void {
    const { appId, type, generation } = one.spec
    if (one.spec.kind !== 'formation' || type !== ROUTABLE_TYPE || this.tightSince !== null) return
    const wanted = this.#bench.looks.wanted(appId)
    const rollout = wanted?.rollout
    if (!wanted || !rollout || rollout.direction !== 'forward' || rollout.base?.generation !== generation)
      return
    const { settings, quantity } = this.#bench.looks.goal(appId, type)
    if (wanted.condemned.has(one.info.id) || !settings || surgeOf(settings, quantity) === 0) return
    if (
      !everUp(this.#bench, appId, type, one) ||
      !isUp(this.#bench, keyOf(one.spec), one.info.id) ||
      wanted.destroyed
    )
      return
    const all = this.#bench.runtime.of(appId)
    // Before anything of the target is there, the base is kept as it is without a rollout.
    if (!all.some(({ spec }) => spec.kind === 'formation' && spec.generation === rollout.target.generation))
      return
    const others = all.filter(
      (other) => other !== one && other.spec.generation === generation && other.spec.type === type,
    )
    const kept = others.filter((other) => other.signalledAt === null && other.info.state === 'running').length
    if (kept >= quantity) return
    const key = keyOf(one.spec)
    if (upFor(this.#bench, key, one.info.id) < NEWS_MS || !this.#bench.looks.isUpToDate(key)) return
    const since = this.#bench.switchedAt(rollout.id)
    const bake = settings.bakeSeconds * 1000
    if (quantity > 0 && (since === null || this.#bench.now() - since < bake))
      this.#bench.findings.add(
        'warm',
        `${one.info.id} is told to end before the bake of v${rollout.target.release} is over`,
      )
  }

  #kill(one: SimInstance): void {
    const { findings } = this.#bench
    if (one.signalledAt === null) {
      findings.add('kill', `${one.info.id} gets SIGKILL before any SIGTERM`)
      return
    }
    const app = this.#bench.app(one.spec.appId)
    const release = app ? releaseOf(app, one.spec.release) : null
    const own = one.spec.type === ROUTABLE_TYPE ? release?.settings : release?.workerSettings
    const limit = one.spec.kind === 'formation' ? (own?.stopSeconds ?? 0) * 1000 : 30_000
    const since = this.#bench.now() - one.signalledAt
    if (since < limit)
      findings.add('kill', `${one.info.id} gets SIGKILL ${since} ms after SIGTERM, limit ${limit}`)
  }

  free(instance: string): void {
    const one = this.#bench.runtime.get(instance)
    if (this.#bench.isLate() || one?.info.state !== 'running' || one.host.state !== 'up') return
    if (this.#bench.router.isRoutable(instance))
      this.#bench.findings.add('slot', `the slot of ${instance} is emptied while it runs and takes requests`)
  }

  /** A port is nobody else's as long as a slot names it; nothing that runs is removed. */
  remove(one: SimInstance): void {
    const { findings, router } = this.#bench
    if (this.#bench.isLate()) return
    if (one.info.state === 'running') findings.add('remove', `${one.info.id} is removed while it runs`)
    const { address } = one.info
    if (address && router.nodes.some((node) => node.names(address)))
      findings.add('port', `${one.info.id} is removed while a slot still names its address`)
  }

  closeStreams(instance: string): void {
    const one = this.#bench.runtime.get(instance)
    const app = one ? this.#bench.app(one.spec.appId) : null
    if (!one || !app || this.#bench.isLate()) return
    const limit = (releaseOf(app, one.spec.release)?.settings.streamSeconds ?? 0) * 1000
    const since = one.signalledAt === null ? -1 : this.#bench.now() - one.signalledAt
    if (since < limit)
      this.#bench.findings.add(
        'streams',
        `streams of ${instance} are cut ${since} ms after SIGTERM, limit ${limit}`,
      )
  }
}
