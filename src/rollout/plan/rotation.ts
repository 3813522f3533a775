import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation } from '../operations.ts'
import { type Census, indexOf, isAdmitted, isHalfAdmitted, isReady, isServing } from './census.ts'
import { about } from './retire.ts'
import { isPaused, roomToAdmit, roomToStart, spareOf, takesTraffic, wholeSetFirst } from './room.ts'

/** An instance that its checks have taken out for longer than this is not expected back, ms. */
const GIVEN_UP_MS = 5000

/** Who is let in; of those that were `missed` whoever can be. */
export function admissions(facts: Facts, count: Census, missed: readonly SeenInstance[]): Operation[] {
  const { type, keepers, old } = count
  const ready = keepers.filter(isReady)
  const again = [
    ...keepers.filter(isHalfAdmitted).map((one) => admit(one, 'not every router has admitted it')),
    ...missed
      .filter((one) => isHalfAdmitted(one) || isReady(one))
      .map((one) => admit(one, 'fewer serve than are wanted')),
  ]
  if (wholeSetFirst(facts, type)) {
    const whole = keepers.length === type.quantity && keepers.every((one) => isReady(one) || isAdmitted(one))
    // What a scaling down has left too many of the old is drained first (I4).
    const room = 2 * type.quantity - keepers.length - old.filter(takesTraffic).length
    if (!whole || room < 0 || isPaused(facts)) return [...again, ...fillingIn(count, ready)]
    return [...again, ...ready.map((one) => admit(one, 'the whole set has passed its checks'))]
  }
  const room = roomToAdmit(count)
  return [...again, ...ready.slice(0, Math.max(0, room)).map((one) => admit(one, 'it has passed its checks'))]
}

/** Where what was there can not serve as many as are wanted any more, those that can come first fill in (I1). */
function fillingIn({ type, keepers, old }: Census, ready: readonly SeenInstance[]): Operation[] {
  const missing = type.quantity - keepers.filter(isAdmitted).length - old.filter(isServing).length
  return ready.slice(0, Math.max(0, missing)).map((one) => admit(one, 'fewer serve than are wanted'))
}

function admit(instance: SeenInstance, note: string): Operation {
  return { kind: 'admit', note, ...about(instance) }
}

/** Who gets no new requests any more. */
export function drains(facts: Facts, count: Census): Operation[] {
  if (!count.old.some(isAdmitted)) return []
  const admitted = count.old
    .filter(isAdmitted)
    .sort((a, b) => drainOrder(facts, a) - drainOrder(facts, b) || byHost(a, b) || indexOf(b) - indexOf(a))
  const going = new Set([...drainable(admitted, spareOf(facts, count)), ...inTheWay(facts, count, admitted)])
  return [...going].map((one) => ({ kind: 'drain', note: drainNote(facts, one), ...about(one) }))
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

/** One host after the other: the next is touched only when what came to the one before serves. */
function byHost(a: SeenInstance, b: SeenInstance): number {
  return (a.host ?? '').localeCompare(b.host ?? '')
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
