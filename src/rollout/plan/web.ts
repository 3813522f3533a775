import type { Facts, SeenInstance } from '../facts.ts'
import type { Operation } from '../operations.ts'
import type { WantedType } from '../spec.ts'
import { type Census, indexOf, isAdmitted, isServing, isUnchecked } from './census.ts'
import { goalSet } from './goal.ts'
import { about, bury, retire } from './retire.ts'
import { missed, roomToStart } from './room.ts'
import { admissions, drains } from './rotation.ts'
import { keptWarm } from './warm.ts'

/** What a routable type needs next. `mayStart` is false while something must come first (prepare, release phase). */
export function planWeb(facts: Facts, count: Census, mayStart: boolean): Operation[] {
  const operations: Operation[] = count.exited.map(bury)
  for (const one of count.stopping) operations.push(...retire(facts, one, 'it is being stopped'))
  if (mayStart) operations.push(...starts(facts, count))
  const back = missed(facts, count)
  for (const one of [...count.keepers, ...back]) operations.push(...assign(count.type, one))
  operations.push(...admissions(facts, count, back), ...drains(facts, count), ...retirements(facts, count))
  return operations
}

/** Everything that is wanted serves, and nothing else takes requests. */
export function isSwitched(count: Census): boolean {
  return (
    count.keepers.length === count.type.quantity &&
    count.keepers.every(isServing) &&
    !count.old.some(isAdmitted)
  )
}

function starts(facts: Facts, count: Census): Operation[] {
  const set = goalSet(facts.wanted)
  const short = count.type.quantity - count.keepers.length
  if (!set || short <= 0 || (facts.pauses.get(count.type.type) ?? 0) > 0) return []
  const missing = Math.min(short, roomToStart(facts, count))
  return freeIndexes(count, missing).map((index) => ({
    kind: 'start',
    note: count.old.length > 0 ? 'to take over from what runs' : 'wanted by the formation',
    set,
    type: count.type.type,
    index,
  }))
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

function retirements(facts: Facts, count: Census): Operation[] {
  const why = facts.wanted.rollout ? 'it is no longer needed' : 'not wanted by the formation'
  const operations: Operation[] = []
  for (const one of count.old)
    if (!isAdmitted(one) && !keptWarm(facts, count, one)) operations.push(...retire(facts, one, why))
  return operations
}
