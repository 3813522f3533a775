import { slotsFor, surgeOf } from '../../domain/settings.ts'
import type { Facts, SeenInstance } from '../facts.ts'
import type { WantedType } from '../spec.ts'
import { type Census, isAdmitted, isHalfAdmitted, isReady, isServing, isUnchecked } from './census.ts'
import { keptWarm } from './warm.ts'

/** The rollout waits where it is: what dies is replaced, and nothing else is begun. */
export function isPaused(facts: Facts): boolean {
  const { rollout } = facts.wanted
  return rollout?.direction === 'forward' && rollout.paused
}

/** Preboot switches the whole set in one step; only a rollout has a set to switch. */
export function wholeSetFirst(facts: Facts, type: WantedType): boolean {
  return type.settings.strategy === 'preboot' && facts.wanted.rollout !== null
}

/** How many more serve than must; below 0, how many fewer. */
export function spareOf(facts: Facts, { type, keepers, old }: Census): number {
  const serving = keepers.filter(isServing).length
  if (isPaused(facts)) return serving + old.filter(isServing).length - type.quantity
  // With the whole set first the old one stays whole too; only what the formation has not wanted since goes.
  const wholeOld = wholeSetFirst(facts, type) && type.quantity > 0 && serving < type.quantity
  const least = wholeOld ? type.quantity + serving : type.quantity - type.settings.maxUnavailable
  return serving + old.filter(isServing).length - least
}

/**
 * Old ones that do not serve everywhere where fewer serve than must: what a router has let in by half, or what is kept
 * warm and was put out by something else than this hand-over. Else all would wait for the new ones (I1).
 */
export function missed(facts: Facts, count: Census): readonly SeenInstance[] {
  if (count.old.length === 0) return []
  // New ones that are ready come first, as far as there is room for them (I4).
  const room = wholeSetFirst(facts, count.type) ? Number.POSITIVE_INFINITY : Math.max(0, roomToAdmit(count))
  const first = Math.min(count.keepers.filter(isReady).length, room)
  const short = Math.max(0, -spareOf(facts, count) - first)
  if (short === 0) return []
  const warm = (one: SeenInstance) =>
    (isReady(one) || isUnchecked(one)) &&
    facts.wanted.rollout?.switched === false &&
    keptWarm(facts, count, one)
  const half = count.old.filter(isHalfAdmitted).slice(0, short)
  const back = Math.min(short - half.length, room - first)
  return [...half, ...count.old.filter((one) => !isHalfAdmitted(one) && warm(one)).slice(0, back)]
}

/** How many more may be let in one by one (I4). */
export function roomToAdmit({ type, keepers, old }: Census): number {
  const limit = type.quantity + Math.max(surgeOf(type.settings, type.quantity), type.settings.maxUnavailable)
  // An old one that its checks have taken out gets nothing: it does not stand in the way of one that can serve.
  return limit - keepers.filter(isAdmitted).length - old.filter(takesTraffic).length
}

export function takesTraffic(instance: SeenInstance): boolean {
  return isAdmitted(instance) && instance.server?.health !== 'down'
}

/**
 * How many may be started so that starting and admitted ones stay within quantity + surge, and all together, with those
 * that several superseded rollouts may have left on their way out, within twice that (I4).
 */
export function roomToStart(facts: Facts, count: Census): number {
  const { type, keepers, old, stopping, exited } = count
  const surge = surgeOf(type.settings, type.quantity)
  const present = keepers.length + old.length + stopping.length
  // The next one may need the very place (port, memory) of one that has ended and has not been cleared away yet.
  if (surge === 0) return type.quantity - present - exited.filter(isClearable).length
  const back = missed(facts, count).filter((one) => !isAdmitted(one))
  const most = type.quantity + (isPaused(facts) ? 0 : surge)
  const starting = most - keepers.length - old.filter(isAdmitted).length - back.length
  return Math.min(starting, slotsFor(type.settings, type.quantity) - present)
}

/** Its host answers, so that it will soon be gone. */
function isClearable({ unreachableFor }: SeenInstance): boolean {
  return unreachableFor === null
}
