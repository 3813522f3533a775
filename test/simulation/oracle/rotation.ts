import type { NodeServer } from '../world/router-node.ts'
import type { SimInstance } from '../world/runtime.ts'
import { type Bench, isThere, isUp, NEWS_MS, upFor } from './bench.ts'
import type { Looks } from './looks.ts'

/** Who may take requests, and who may no longer. */
export class RotationRules {
  readonly #bench: Bench

  constructor(bench: Bench) {
    this.#bench = bench
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
    const alive = runtime.of(appId).filter((one) => one.spec.type === type && isThere(this.#bench, one))
    const taking = (one: SimInstance) =>
      one.signalledAt === null && router.isRoutable(one.info.id) && isUp(this.#bench, key, one.info.id)
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
    if (old.length < quantity || old.some((id) => upFor(this.#bench, key, id) < NEWS_MS)) return
    const mine = runtime
      .of(appId)
      .filter((one) => one.spec.type === type && one.spec.generation === set!.generation)
    const ready = mine.filter((one) => isUp(this.#bench, key, one.info.id)).length
    if (ready < quantity)
      this.#bench.findings.add('preboot', `${instance} is admitted while ${ready} of ${quantity} are ready`)
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

  #goal(key: string): ReturnType<Looks['goal']> {
    const [appId, type] = parts(key)
    return this.#bench.looks.goal(appId, type)
  }
}

function parts(key: string): [string, string] {
  const [appId, type] = key.split(' ')
  return [appId!, type!]
}
