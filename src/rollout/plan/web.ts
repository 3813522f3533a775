import { slotsFor, surgeOf } from '../../domain/settings.ts'
import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation } from '../operations.ts'
import type { WantedType } from '../spec.ts'
import {
  type Census,
  indexOf,
  isAdmitted,
  isHalfAdmitted,
  isReady,
  isServing,
  isUnchecked,
} from './census.ts'
import { goalSet } from './goal.ts'
import { about, bury, retire } from './retire.ts'

/** An instance that its checks have taken out for longer than this is not expected back, ms. */
const GIVEN_UP_MS = 5000

/** What a routable type needs next. `mayStart` is false while something must come first (prepare, release phase). */
export function planWeb(facts: Facts, count: Census, mayStart: boolean): Operation[] {
  return [
    ...count.exited.flatMap(bury),
    ...count.stopping.flatMap((instance) => retire(facts, instance, 'it is being stopped')),
    ...(mayStart ? starts(facts, count) : []),
    ...[...count.keepers, ...missed(facts, count)].flatMap((instance) => assign(count.type, instance)),
    ...admissions(facts, count),
    ...drains(facts, count),
    ...retirements(facts, count),
  ]
}

/** Everything that is wanted serves, and nothing else takes requests. */
export function isSwitched(count: Census): boolean {
  return (
    count.keepers.length === count.type.quantity &&
    count.keepers.every(isServing) &&
    !count.old.some(isAdmitted)
  )
}

/** Preboot switches the whole set in one step; only a rollout has a set to switch. */
function wholeSetFirst(facts: Facts, type: WantedType): boolean {
  return type.settings.strategy === 'preboot' && facts.wanted.rollout !== null
}

function starts(facts: Facts, count: Census): Operation[] {
  const set = goalSet(facts.wanted)
  const missing = Math.min(count.type.quantity - count.keepers.length, roomToStart(facts, count))
  if (!set || missing <= 0 || (facts.pauses.get(count.type.type) ?? 0) > 0) return []
  return freeIndexes(count, missing).map((index) => ({
    kind: 'start',
    note: count.old.length > 0 ? 'to take over from what runs' : 'wanted by the formation',
    set,
    type: count.type.type,
    index,
  }))
}

/**
 * How many may be started so that starting and admitted ones stay within quantity + surge, and all together, with those
 * that several superseded rollouts may have left on their way out, within twice that (I4).
 */
function roomToStart(facts: Facts, count: Census): number {
  const { type, keepers, old, stopping } = count
  const surge = surgeOf(type.settings, type.quantity)
  const present = keepers.length + old.length + stopping.length
  if (surge === 0) return type.quantity - present
  const back = missed(facts, count).filter((one) => !isAdmitted(one))
  const starting = type.quantity + surge - keepers.length - old.filter(isAdmitted).length - back.length
  return Math.min(starting, slotsFor(type.settings, type.quantity) - present)
}

export function freeIndexes(count: Census, howMany: number): number[] {
  const taken = new Set(count.keepers.map(indexOf))
  const free: number[] = []
  for (let index = 1; free.length < howMany; index++) if (!taken.has(index)) free.push(index)
  return free
}

/** Puts it before the router's checks: a new one, or one that a restart of the router has left out of service. */
function assign(type: WantedType, instance: SeenInstance): Operation[] {
  if (!instance.address || !isUnchecked(instance)) return []
  const note = instance.server
    ? 'a router has been restarted or does not know it: checks begin anew'
    : 'the router is to check it'
  return [
    {
      kind: 'assign',
      note,
      address: instance.address,
      checkPath: type.settings.checkPath,
      ...about(instance),
    },
  ]
}

function admissions(facts: Facts, count: Census): Operation[] {
  const { type, keepers, old } = count
  const ready = keepers.filter(isReady)
  const again = [
    ...keepers.filter(isHalfAdmitted).map((one) => admit(one, 'not every router has admitted it')),
    ...missed(facts, count)
      .filter((one) => isHalfAdmitted(one) || isReady(one))
      .map((one) => admit(one, 'fewer serve than are wanted')),
  ]
  if (wholeSetFirst(facts, type)) {
    const whole = keepers.length === type.quantity && keepers.every((one) => isReady(one) || isAdmitted(one))
    // What a scaling down has left too many of the old is drained first (I4).
    const room = 2 * type.quantity - keepers.length - old.filter(takesTraffic).length
    if (!whole || room < 0) return [...again, ...fillingIn(count, ready)]
    return [...again, ...ready.map((one) => admit(one, 'the whole set has passed its checks'))]
  }
  const limit = type.quantity + Math.max(surgeOf(type.settings, type.quantity), type.settings.maxUnavailable)
  // An old one that its checks have taken out gets nothing: it does not stand in the way of one that can serve.
  const room = limit - keepers.filter(isAdmitted).length - old.filter(takesTraffic).length
  return [...again, ...ready.slice(0, Math.max(0, room)).map((one) => admit(one, 'it has passed its checks'))]
}

/** Where what was there can not serve as many as are wanted any more, those that can come first fill in (I1). */
function fillingIn({ type, keepers, old }: Census, ready: readonly SeenInstance[]): Operation[] {
  const missing = type.quantity - keepers.filter(isAdmitted).length - old.filter(isServing).length
  return ready.slice(0, Math.max(0, missing)).map((one) => admit(one, 'fewer serve than are wanted'))
}

/**
 * Old ones that do not serve everywhere where fewer serve than must: what a router has let in by half, or what is kept
 * warm and was put out by something else than this hand-over. Else all would wait for the new ones (I1).
 */
function missed(facts: Facts, count: Census): readonly SeenInstance[] {
  const warm = (one: SeenInstance) =>
    (isReady(one) || isUnchecked(one)) &&
    facts.wanted.rollout?.switched === false &&
    keptWarm(facts, count, one)
  return count.old
    .filter((one) => isHalfAdmitted(one) || warm(one))
    .slice(0, Math.max(0, -spareOf(facts, count)))
}

function takesTraffic(instance: SeenInstance): boolean {
  return isAdmitted(instance) && instance.server?.health !== 'down'
}

function admit(instance: SeenInstance, note: string): Operation {
  return { kind: 'admit', note, ...about(instance) }
}

function drains(facts: Facts, count: Census): Operation[] {
  const admitted = count.old
    .filter(isAdmitted)
    .sort((a, b) => drainOrder(facts, a) - drainOrder(facts, b) || indexOf(b) - indexOf(a))
  const going = new Set([...drainable(admitted, spareOf(facts, count)), ...inTheWay(facts, count, admitted)])
  return [...going].map((one) => ({ kind: 'drain', note: drainNote(facts, one), ...about(one) }))
}

/** How many more serve than must; below 0, how many fewer. */
function spareOf(facts: Facts, { type, keepers, old }: Census): number {
  const serving = keepers.filter(isServing).length
  // With the whole set first the old one stays whole too; only what the formation has not wanted since goes.
  const wholeOld = wholeSetFirst(facts, type) && type.quantity > 0 && serving < type.quantity
  const least = wholeOld ? type.quantity + serving : type.quantity - type.settings.maxUnavailable
  return serving + old.filter(isServing).length - least
}

/**
 * Old ones that have been out by their checks for so long that nobody counts on them, where they take the room of new
 * ones: else a release whose every instance is ill could never be replaced.
 */
function inTheWay(facts: Facts, count: Census, admitted: readonly SeenInstance[]): SeenInstance[] {
  const missing = count.type.quantity - count.keepers.length
  if (missing <= 0 || roomToStart(facts, count) > 0) return []
  return admitted.filter((one) => (one.server?.downFor ?? 0) > GIVEN_UP_MS).slice(0, missing)
}

/** As many as leave enough serving; one that does not serve anyway costs nothing once there are enough. */
function drainable(admitted: readonly SeenInstance[], spare: number): SeenInstance[] {
  let left = spare
  return admitted.filter((one) => {
    if (!isServing(one)) return spare >= 0
    left -= 1
    return left >= 0
  })
}

/** What a superseded rollout left goes first, then surplus, and the set that last served whole goes last. */
function drainOrder(facts: Facts, instance: SeenInstance): number {
  const { rollout } = facts.wanted
  if (instance.condemned) return 0
  if (rollout?.base?.generation === instance.generation) return 2
  return 1
}

function drainNote(facts: Facts, instance: SeenInstance): string {
  if (facts.wanted.destroyed) return 'the app is being destroyed'
  if (instance.condemned) return 'a fresh one has taken over'
  const { rollout } = facts.wanted
  if (!rollout) return 'more than the formation wants'
  return rollout.direction === 'forward'
    ? `v${rollout.target.release} has taken over`
    : `back to v${rollout.base?.release ?? '–'}`
}

function retirements(facts: Facts, count: Census): Operation[] {
  return count.old
    .filter((one) => !isAdmitted(one) && !keptWarm(facts, count, one))
    .flatMap((one) =>
      retire(facts, one, facts.wanted.rollout ? 'it is no longer needed' : 'not wanted by the formation'),
    )
}

/** Drained instances of the base stay alive until the bake is over, so that a return takes no boot. */
function keptWarm(facts: Facts, count: Census, instance: SeenInstance): boolean {
  const { rollout } = facts.wanted
  if (rollout?.direction !== 'forward' || facts.tight) return false
  if (instance.condemned || instance.generation !== rollout.base?.generation) return false
  if (surgeOf(count.type.settings, count.type.quantity) === 0) return false
  return instance.server?.passedOnce === true && !bakeIsOver(facts) && isOfWholeBase(count, instance)
}

/** One of as many as a return would need; what a scaling down left beyond them goes. */
function isOfWholeBase(count: Census, instance: SeenInstance): boolean {
  const base = count.old
    .filter((one) => one.generation === instance.generation && !one.condemned)
    .sort((a, b) => Number(isAdmitted(b)) - Number(isAdmitted(a)) || indexOf(a) - indexOf(b))
  return base.indexOf(instance) < count.type.quantity
}

export function bakeIsOver(facts: Facts): boolean {
  return facts.bakedFor !== null && facts.bakedFor >= bakeLimitMs(facts)
}

/** The longest bake of the goal's types; none where there is nothing to return to. */
function bakeLimitMs(facts: Facts): number {
  const { rollout } = facts.wanted
  if (!rollout?.base) return 0
  const types = facts.wanted.types.get(rollout.target.generation) ?? []
  return Math.max(
    0,
    ...types.filter((type) => type.quantity > 0).map((type) => type.settings.bakeSeconds * 1000),
  )
}
