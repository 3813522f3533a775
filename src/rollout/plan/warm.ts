import { surgeOf } from '../../domain/settings.ts'
import type { Facts, SeenInstance } from '../facts.ts'
import { type Census, indexOf, isAdmitted, overdue } from './census.ts'
import { typeOf } from './goal.ts'

/** Drained instances of the base stay alive until the bake is over, so that a return takes no boot. */
export function keptWarm(facts: Facts, count: Census, instance: SeenInstance): boolean {
  const { rollout } = facts.wanted
  if (rollout?.direction !== 'forward' || facts.tight) return false
  if (instance.condemned || instance.generation !== rollout.base?.generation) return false
  if (surgeOf(count.type.settings, count.type.quantity) === 0) return false
  return isHopeful(facts, instance) && !bakeIsOver(facts) && isOfWholeBase(facts, count, instance)
}

/** It has passed its checks, or may still: one that boots may be needed before the new ones serve. */
function isHopeful(facts: Facts, instance: SeenInstance): boolean {
  return (
    instance.server?.passedOnce === true || !overdue(facts.wanted, typeOf(facts.wanted, instance), instance)
  )
}

/** One of as many as a return would need; what a scaling down left beyond them goes. */
function isOfWholeBase(facts: Facts, count: Census, instance: SeenInstance): boolean {
  const all = count.old.filter(
    (one) => one.generation === instance.generation && !one.condemned && isHopeful(facts, one),
  )
  if (all.length <= count.type.quantity) return true
  const base = all.sort((a, b) => distance(a) - distance(b) || indexOf(a) - indexOf(b))
  return base.indexOf(instance) < count.type.quantity
}

/** Who takes traffic would be back soonest; of whom nothing is heard nobody knows. */
function distance(instance: SeenInstance): number {
  if (instance.unreachableFor !== null) return 2
  return isAdmitted(instance) ? 0 : 1
}

export function bakeIsOver(facts: Facts): boolean {
  if (facts.wanted.rollout?.paused) return false
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
