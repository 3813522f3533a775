import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation } from '../operations.ts'
import { type Census, isUp } from './census.ts'
import { goalSet } from './goal.ts'
import { bury, retire } from './retire.ts'
import { freeIndexes } from './web.ts'

/**
 * What a non-routable type needs next: new ones first, then the old stop; a singleton the other way round.
 * `mayReplace` is false while the routable types have not switched: until then the old workers go on.
 */
export function planWorkers(
  facts: Facts,
  count: Census,
  mayStart: boolean,
  mayReplace: boolean,
): Operation[] {
  const operations: Operation[] = count.exited.map(bury)
  for (const one of count.stopping) operations.push(...retire(facts, one, 'it is being stopped'))
  if (mayReplace && mayStart) operations.push(...starts(facts, count))
  if (mayReplace) operations.push(...stops(facts, count))
  return operations
}

export function workersSwitched(count: Census): boolean {
  const { type, keepers, old, stopping } = count
  return (
    keepers.length === type.quantity &&
    keepers.every((one) => isUp(type, one)) &&
    old.length === 0 &&
    stopping.length === 0
  )
}

function starts(facts: Facts, count: Census): Operation[] {
  const set = goalSet(facts.wanted)
  const { type, keepers, old, stopping, leftovers } = count
  const missing = type.quantity - keepers.length
  if (!set || missing <= 0 || (facts.pauses.get(type.type) ?? 0) > 0) return []
  // Also on a host that does not answer it may be at work.
  if (type.settings.singleton && [...old, ...stopping, ...leftovers].some((one) => one.running)) return []
  return freeIndexes(count, missing).map((index) => ({
    kind: 'start',
    note: 'wanted by the formation',
    set,
    type: type.type,
    index,
  }))
}

function stops(facts: Facts, count: Census): Operation[] {
  const { type, keepers, old } = count
  const replaced = keepers.length === type.quantity && keepers.every((one) => isUp(type, one))
  if (!replaced && !type.settings.singleton) return []
  return old.flatMap((one: SeenInstance) => retire(facts, one, 'its successor runs'))
}
