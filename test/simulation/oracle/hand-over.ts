import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import { surgeOf } from '../../../src/domain/settings.ts'
import { releaseOf, type SimApp } from '../world/app.ts'
import { keyOf, type SimRouter } from '../world/router.ts'
import type { NodeServer } from '../world/router-node.ts'
import type { SimInstance, SimRuntime } from '../world/runtime.ts'
import type { Findings } from './findings.ts'
import type { Looks } from './looks.ts'
import { PaceRule } from './pace.ts'

/** A successor has certainly looked again after this long, ms. */
const LATE_MS = 2000

/** The world as the judge sees it: all of it, at once. */
export interface Bench {
  readonly runtime: SimRuntime
  readonly router: SimRouter
  readonly looks: Looks
  readonly findings: Findings
  /** Instant of the last thing that went wrong by itself, ms. */
  readonly troubleAt: number
  now(): number
  app(id: string): SimApp | null
  /** An operation of a dead control plane is taking effect. */
  isLate(): boolean
  /** When the rollout's target was said to serve whole; null: not yet. */
  switchedAt(rollout: string): number | null
}

/** What has changed less than this ago may not be known yet. */
const NEWS_MS = 2500

/** The rules of the hand-over, each judged at the instant of the effect. */
export class HandOverRules {
  readonly #bench: Bench
  readonly #pace: PaceRule
  readonly #late = new Set<string>()
  readonly #passedPhases = new Set<string>()
  /** Memory has been short since the control plane last knew better. */
  tightSince: number | null = null

  constructor(bench: Bench) {
    this.#bench = bench
    this.#pace = new PaceRule(bench)
  }

  /** I1: a drain leaves as many serving as are wanted, by what could be known. */
  drain(key: string, instance: string): void {
    const { router, looks } = this.#bench
    if (this.#bench.isLate() || !looks.isUpToDate(key)) return
    const serving = router.serving(key)
    if (!serving.includes(instance)) return
    const [appId, type] = parts(key)
    const least = this.#goal(key).quantity - looks.mayBeMissing(appId, type)
    if (serving.length - 1 < least)
      this.#bench.findings.add(
        'I1',
        `${serving.length - 1} serve after the drain of ${instance}, ${least} are wanted`,
      )
  }

  /** I4, and preboot's promise of one step. */
  admit(key: string, instance: string): void {
    const { router, looks, runtime } = this.#bench
    if (this.#bench.isLate() || router.isRoutable(instance)) return
    const { quantity, settings, set } = this.#goal(key)
    if (!settings || !set) return
    const [appId, type] = parts(key)
    const alive = runtime.of(appId).filter((one) => one.spec.type === type && this.#isThere(one))
    const taking = (one: SimInstance) =>
      one.signalledAt === null && router.isRoutable(one.info.id) && this.#isUp(key, one.info.id)
    const admitted = alive.filter(taking).length + 1
    const most = quantity + looks.surge(appId, type)
    if (admitted > most && looks.isUpToDate(key))
      this.#bench.findings.add('I4', `${admitted} admitted with ${instance}, ${most} allowed`)
    this.#preboot(key, instance)
  }

  /** I3: as many checks in a row are asked for as a release of the app says. */
  prepare(key: string, rise: number): void {
    const wanted = this.#bench.looks.wanted(parts(key)[0])
    const rises = [...(wanted?.types.values() ?? [])].flat().map((one) => one.settings.rise)
    if (!rises.includes(rise) && !this.#bench.isLate())
      this.#bench.findings.add('I3', `${key} is to admit after ${rise} checks, ${rises} are wanted`)
  }

  #preboot(key: string, instance: string): void {
    const { runtime, router, looks } = this.#bench
    const [appId, type] = parts(key)
    const wanted = looks.wanted(appId)
    const { quantity, settings, set } = this.#goal(key)
    const { rollout } = wanted ?? {}
    if (settings?.strategy !== 'preboot' || rollout?.direction !== 'forward' || !looks.isUpToDate(key)) return
    if (runtime.get(instance)?.spec.generation !== set!.generation) return
    const old = router.serving(key).filter((id) => {
      const one = runtime.get(id)
      return one?.info.state === 'running' && one.spec.generation !== set!.generation
    })
    if (old.length < quantity || old.some((id) => this.#upFor(key, id) < NEWS_MS)) return
    const mine = runtime
      .of(appId)
      .filter((one) => one.spec.type === type && one.spec.generation === set!.generation)
    const ready = mine.filter((one) => this.#isUp(key, one.info.id)).length
    if (ready < quantity)
      this.#bench.findings.add('preboot', `${instance} is admitted while ${ready} of ${quantity} are ready`)
  }

  #upFor(key: string, instance: string): number {
    const servers = this.#bench.router.nodes.map((node) => node.backends.get(key)?.servers.get(instance))
    return this.#bench.now() - Math.max(...servers.map((server) => server?.upSince ?? 0))
  }

  #isUp(key: string, instance: string): boolean {
    return this.#bench.router.nodes.every(
      (node) => node.backends.get(key)?.servers.get(instance)?.health === 'up',
    )
  }

  /** I3: nobody asks for the admission of what is known not to have passed. */
  refusedAdmit(key: string, instance: string): void {
    if (this.#bench.isLate() || !this.#bench.looks.isUpToDate(key)) return
    this.#bench.findings.add('I3', `${instance} was to be admitted though its checks have not passed`)
  }

  /** I3, and that an address belongs to who is meant. */
  routed(one: SimInstance, server: NodeServer): void {
    const { findings } = this.#bench
    if (one.info.id !== server.instance)
      findings.add('port', `a request for ${server.instance} reached ${one.info.id} of ${one.spec.appId}`)
    else if (!server.everUp)
      findings.add('I3', `a request reached ${server.instance}, which has not passed its checks`)
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
    const alive = runtime.of(appId).filter((other) => other.spec.type === type && this.#isThere(other))
    const admitted = alive.filter((other) => other.signalledAt === null && router.isRoutable(other.info.id))
    const starting = alive.filter(
      (other) =>
        other.signalledAt === null &&
        other.spec.generation === set.generation &&
        !(this.#late.has(other.info.id) && this.#bench.now() - other.startedAt < LATE_MS) &&
        !this.#bench.app(appId)?.condemned.has(other.info.id) &&
        this.#bench.now() - other.startedAt <= settings.bootSeconds * 1000 &&
        !router.isRoutable(other.info.id) &&
        !this.#everUp(appId, type, other),
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

  /** It runs, and its host has said so for so long that the control plane knows. */
  #isThere({ info, host }: SimInstance): boolean {
    return info.state === 'running' && host.state === 'up' && this.#bench.now() - host.upSince > NEWS_MS
  }

  #everUp(appId: string, type: string, one: SimInstance): boolean {
    const key = keyOf({ appId, type })
    return this.#bench.router.nodes.some((node) => node.backends.get(key)?.servers.get(one.info.id)?.everUp)
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

  /** I2: whoever is told to end has nothing in flight, or its limit has passed. */
  signal(one: SimInstance, signal: 'SIGTERM' | 'SIGKILL'): void {
    const { findings } = this.#bench
    if (this.#bench.isLate()) return
    if (signal === 'SIGKILL') this.#kill(one)
    else {
      this.#unused(one, 'told to end')
      this.#warm(one, findings)
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
  #warm(one: SimInstance, findings: Findings): void {
    const { appId, type, generation } = one.spec
    if (one.spec.kind !== 'formation' || type !== ROUTABLE_TYPE || this.tightSince !== null) return
    const wanted = this.#bench.looks.wanted(appId)
    const rollout = wanted?.rollout
    if (!wanted || !rollout || rollout.direction !== 'forward' || rollout.base?.generation !== generation)
      return
    const { settings, quantity } = this.#bench.looks.goal(appId, type)
    if (wanted.condemned.has(one.info.id) || !settings || surgeOf(settings, quantity) === 0) return
    if (!this.#everUp(appId, type, one) || !this.#isUp(keyOf(one.spec), one.info.id) || wanted.destroyed)
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
    if (this.#upFor(key, one.info.id) < NEWS_MS || !this.#bench.looks.isUpToDate(key)) return
    const since = this.#bench.switchedAt(rollout.id)
    const bake = settings.bakeSeconds * 1000
    if (quantity > 0 && (since === null || this.#bench.now() - since < bake))
      findings.add(
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

  #goal(key: string): ReturnType<Looks['goal']> {
    const [appId, type] = parts(key)
    return this.#bench.looks.goal(appId, type)
  }
}

function parts(key: string): [string, string] {
  const [appId, type] = key.split(' ')
  return [appId!, type!]
}
