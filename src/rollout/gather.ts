import type { RuntimeInstance } from '../domain/instance.ts'
import type { Rollout, SetRef } from '../domain/rollout.ts'
import { slotsFor } from '../domain/settings.ts'
import { breachOf } from './bake.ts'
import { Crashes } from './crashes.ts'
import type { EngineDeps } from './deps.ts'
import type { Facts, SeenInstance } from './facts.ts'
import type { Observer } from './observer.ts'
import { overdue } from './plan/census.ts'
import { goalSet, goalTypes, typeOf } from './plan/goal.ts'
import { isWhole } from './plan/plan.ts'
import type { BackendView } from './ports.ts'
import type { Wanted } from './spec.ts'

/** How many of an instance's last lines go into a message. */
const LAST_LINES = 10
/** How often the traffic of a bake and the memory are looked at, ms. */
const LOOK_EVERY_MS = 500
/** With less of the machine's memory free than this share, nothing is kept warm. */
const TIGHT_SHARE = 0.05
/** How far back the old release's traffic is compared with, ms. */
const COMPARE_MS = 60_000

/**
 * Gathers the facts of one app, pass after pass. What it remembers is either an optimisation or can be learnt again;
 * nothing is remembered that the world could contradict.
 */
export class Gatherer {
  readonly #deps: EngineDeps
  readonly #observer: Observer
  readonly #crashes = new Crashes()
  readonly #counted = new Set<string>()
  #prepared = ''
  #receiptOpen = ''
  #broken: { readonly key: string; readonly reason: string } | null = null
  #wholeSince: number | null = null
  #looked: { at: number; breach: string | null; tight: boolean } = {
    at: Number.NEGATIVE_INFINITY,
    breach: null,
    tight: false,
  }

  constructor(deps: EngineDeps, observer: Observer) {
    this.#deps = deps
    this.#observer = observer
  }

  async facts(asked: Wanted): Promise<Facts> {
    const { clock, runtime } = this.#deps
    const raw = (await runtime.list(asked.appId)).filter((one) => one.kind !== 'one-off')
    const present = new Set<string>()
    for (const { id } of raw) present.add(id)
    await this.#pardonGone(asked, present)
    const wanted = await this.#withTypesOf(asked, raw)
    const views = await this.#views(wanted, raw)
    const now = clock.monotonic()
    const first = this.#see(wanted, raw, views, now)
    const failed = first.filter((one) => one.lastLines.length === 0 && this.#hasFailed(wanted, one))
    for (const one of failed) this.#observer.lastLines(one.id, await this.#tail(one))
    const instances = failed.length > 0 ? this.#see(wanted, raw, views, now) : first
    this.#observer.keepOnly(present)
    this.#countCrashes(wanted, instances, present, now)
    return this.#complete(wanted, instances, orphansOf(present, views), views, now)
  }

  /** The operation of that kind has succeeded: what it brings about holds for this goal. */
  prepared(wanted: Wanted): void {
    this.#prepared = preparedKey(wanted)
  }

  receiptOpened(rollout: string): void {
    this.#receiptOpen = rollout
  }

  /** An operation failed for a reason that trying again does not cure. */
  broke(wanted: Wanted, reason: string): void {
    this.#broken = { key: brokenKey(wanted), reason }
  }

  /** Something could not be started: counted like a crash, so that it is tried again in pauses that grow for a while. */
  notStarted(wanted: Wanted, type: string): void {
    const goal = goalSet(wanted)
    if (goal) this.#crashes.recordNoStart(goal.generation, type, this.#deps.clock.monotonic())
  }

  /** Who is gone needs to be replaced no longer: a control plane may have died between a removal and saying so. */
  async #pardonGone(wanted: Wanted, present: ReadonlySet<string>): Promise<void> {
    if (wanted.condemned.size === 0) return
    for (const id of wanted.condemned) if (!present.has(id)) await this.#deps.store.pardon(wanted.appId, id)
  }

  /** With the types of every set that something is left of. */
  async #withTypesOf(wanted: Wanted, raw: readonly RuntimeInstance[]): Promise<Wanted> {
    const unknown = new Map<number, SetRef>()
    for (const { kind, generation, release } of raw)
      if (kind === 'formation' && !wanted.types.has(generation))
        unknown.set(generation, { generation, release })
    if (unknown.size === 0) return wanted
    const others = await this.#deps.store.types(wanted.appId, [...unknown.values()])
    return { ...wanted, types: new Map([...wanted.types, ...others]) }
  }

  async #views(wanted: Wanted, raw: readonly RuntimeInstance[]): Promise<Map<string, BackendView | null>> {
    const types = routableTypes(wanted, raw)
    const views = new Map<string, BackendView | null>()
    for (const type of types) views.set(type, await this.#deps.router.observe({ appId: wanted.appId, type }))
    return views
  }

  #see(
    wanted: Wanted,
    raw: readonly RuntimeInstance[],
    views: ReadonlyMap<string, BackendView | null>,
    now: number,
  ): SeenInstance[] {
    return raw.map((one) => {
      const server = views.get(one.type)?.servers.find((candidate) => candidate.instance === one.id) ?? null
      return this.#observer.see(one, server, now, {
        condemned: wanted.condemned.has(one.id),
        routable: typeOf(wanted, one).routable,
      })
    })
  }

  #hasFailed(wanted: Wanted, one: SeenInstance): boolean {
    if (one.unreachableFor !== null) return false
    if (!one.running) return one.signalledFor === null && one.exit?.code !== 0
    return one.kind === 'formation' && overdue(wanted, typeOf(wanted, one), one)
  }

  async #tail(one: SeenInstance): Promise<string[]> {
    const lines = await this.#deps.runtime.tail(one.id, LAST_LINES)
    return lines.length > 0 ? lines : ['(it wrote nothing)']
  }

  async #complete(
    wanted: Wanted,
    instances: readonly SeenInstance[],
    orphans: Facts['orphans'],
    views: ReadonlyMap<string, BackendView | null>,
    now: number,
  ): Promise<Facts> {
    const facts: Facts = {
      wanted,
      instances,
      orphans,
      prepared: this.#prepared === preparedKey(wanted) && roomy(wanted, views),
      receiptOpen: wanted.rollout !== null && this.#receiptOpen === wanted.rollout.id,
      broken: this.#broken?.key === brokenKey(wanted) ? this.#broken.reason : null,
      pauses: this.#crashes.pauses(goalSet(wanted)?.generation ?? null, now),
      basePauses: this.#crashes.pauses(wanted.rollout?.base?.generation ?? null, now),
      bakedFor: null,
      breach: null,
      tight: false,
    }
    return Object.assign(facts, await this.#look(facts, now))
  }

  #countCrashes(
    wanted: Wanted,
    instances: readonly SeenInstance[],
    present: ReadonlySet<string>,
    now: number,
  ): void {
    for (const one of instances) {
      if (one.kind !== 'formation' || this.#counted.has(one.id)) continue
      const crashed = !one.running && one.signalledFor === null
      if (!crashed && !overdue(wanted, typeOf(wanted, one), one)) continue
      this.#counted.add(one.id)
      this.#crashes.record(one.generation, one.type, now, now - one.age)
    }
    for (const id of this.#counted) if (!present.has(id)) this.#counted.delete(id)
  }

  /** Bake: how long it has gone on, and what the traffic says. */
  async #look(facts: Facts, now: number): Promise<Pick<Facts, 'bakedFor' | 'breach' | 'tight'>> {
    const { rollout } = facts.wanted
    if (rollout?.direction !== 'forward') {
      this.#wholeSince = null
      return { bakedFor: null, breach: null, tight: false }
    }
    const baking = rollout.switched && isWhole(facts)
    this.#wholeSince = baking ? (this.#wholeSince ?? now) : null
    if (now - this.#looked.at >= LOOK_EVERY_MS) {
      const breach = baking ? await this.#breach(facts, rollout, this.#wholeSince ?? now) : null
      this.#looked = { at: now, breach, tight: await this.#tight(facts.wanted.appId) }
    }
    return {
      bakedFor: this.#wholeSince === null ? null : now - this.#wholeSince,
      breach: baking ? this.#looked.breach : null,
      tight: this.#looked.tight,
    }
  }

  async #breach(facts: Facts, rollout: Rollout, since: number): Promise<string | null> {
    if (!rollout.base) return null
    for (const type of goalTypes(facts).filter((one) => one.routable && one.quantity > 0)) {
      const ids = (generation: number): string[] =>
        facts.instances
          .filter((one) => one.generation === generation && one.type === type.type)
          .map((one) => one.id)
      const backend = { appId: facts.wanted.appId, type: type.type }
      const fresh = await this.#deps.traffic.sample(backend, ids(rollout.target.generation), since)
      const old = await this.#deps.traffic.sample(backend, ids(rollout.base.generation), since - COMPARE_MS)
      const breach = breachOf(type.settings, fresh, old)
      if (breach) return breach
    }
    return null
  }

  async #tight(appId: string): Promise<boolean> {
    const { freeBytes, totalBytes } = await this.#deps.runtime.headroom(appId)
    return freeBytes < totalBytes * TIGHT_SHARE
  }
}

/** Those that are wanted, and those of what is there. */
function routableTypes(wanted: Wanted, raw: readonly RuntimeInstance[]): string[] {
  const types: string[] = []
  for (const own of wanted.types.values())
    for (const { type, routable } of own) if (routable && !types.includes(type)) types.push(type)
  for (const one of raw) if (!types.includes(one.type) && typeOf(wanted, one).routable) types.push(one.type)
  return types
}

/** What is fetched for: the generation, and how many of each type. */
export function preparedKey(wanted: Wanted): string {
  const goal = goalSet(wanted)
  if (!goal) return ''
  let key = `${goal.generation}`
  for (const { type, quantity, size } of wanted.types.get(goal.generation) ?? [])
    key += ` ${type}=${quantity}:${size}`
  return key
}

function brokenKey(wanted: Wanted): string {
  return `${wanted.rollout?.id ?? ''} ${wanted.rollout?.direction ?? ''}`
}

/** Every routable type that is wanted has a backend with slots for its own hand-over (I4). */
function roomy(wanted: Wanted, views: ReadonlyMap<string, BackendView | null>): boolean {
  const goal = goalSet(wanted)
  const types = goal ? (wanted.types.get(goal.generation) ?? []) : []
  return types.every((type) => {
    if (!type.routable || type.quantity === 0) return true
    const view = views.get(type.type)
    return view ? view.servers.length + view.freeSlots >= slotsFor(type.settings, type.quantity) : false
  })
}

function orphansOf(
  present: ReadonlySet<string>,
  views: ReadonlyMap<string, BackendView | null>,
): Facts['orphans'] {
  const orphans: { type: string; instance: string }[] = []
  for (const [type, view] of views)
    for (const { instance } of view?.servers ?? [])
      if (!present.has(instance)) orphans.push({ type, instance })
  return orphans
}
