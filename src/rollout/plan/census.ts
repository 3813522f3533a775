import type { Facts, SeenInstance } from '../facts.ts'
import type { Wanted, WantedType } from '../spec.ts'
import { belongs, formationInstances } from './goal.ts'

/** The instances of one process type, sorted by what they are to the goal. */
export interface Census {
  readonly type: WantedType
  /** Those that the goal keeps: at most its quantity, the best first. */
  readonly keepers: readonly SeenInstance[]
  /** Running, not signalled, and not kept. */
  readonly old: readonly SeenInstance[]
  /** Signalled and not gone yet. */
  readonly stopping: readonly SeenInstance[]
  readonly exited: readonly SeenInstance[]
}

export function census(facts: Facts, type: WantedType): Census {
  const all = formationInstances(facts).filter((instance) => instance.type === type.type)
  const alive = all.filter((instance) => instance.running && instance.signalledFor === null)
  const own = alive
    .filter((instance) => belongs(facts, type, instance) && !overdue(facts.wanted, type, instance))
    .sort(better)
  const keepers = own.slice(0, type.quantity)
  const kept = new Set(keepers)
  return {
    type,
    keepers,
    old: alive.filter((instance) => !kept.has(instance)),
    stopping: all.filter((instance) => instance.running && instance.signalledFor !== null),
    exited: all.filter((instance) => !instance.running),
  }
}

/** Takes new requests, in every router, and passes its checks. Non-routable types have no server: running for a moment is enough. */
export function isServing(instance: SeenInstance): boolean {
  return isAdmitted(instance) && instance.server!.everywhere && instance.server!.health === 'up'
}

/** Its admission was not carried out everywhere. */
export function isHalfAdmitted(instance: SeenInstance): boolean {
  return isAdmitted(instance) && !instance.server!.everywhere && instance.server!.health === 'up'
}

export function isAdmitted(instance: SeenInstance): boolean {
  return instance.server?.admin === 'ready'
}

/** Passes its checks out of rotation, in every router: may be admitted. */
export function isReady(instance: SeenInstance): boolean {
  const { server } = instance
  return server?.admin === 'drain' && server.everywhere && server.health === 'up'
}

/** No router checks it, or not every one does. */
export function isUnchecked({ server }: SeenInstance): boolean {
  return server === null || server.admin === 'maint' || (server.admin === 'drain' && !server.everywhere)
}

/** How long a worker must live to count as started, ms. */
export const WORKER_UP_MS = 1000

export function isUp(type: WantedType, instance: SeenInstance): boolean {
  return type.routable ? isServing(instance) : instance.age >= WORKER_UP_MS
}

/** Has not become ready in time, or was ready once and has been dead to its checks for as long as a boot may take. */
export function overdue(wanted: Wanted, type: WantedType, instance: SeenInstance): boolean {
  if (!type.routable || !instance.running) return false
  const limit = type.settings.bootSeconds * 1000
  // Of a release that takes over, this turns the rollout back; what it goes back to, admitted or kept warm, is replaced
  // like what serves for good.
  const settled = wanted.rollout?.direction !== 'forward'
  if (settled && instance.server && instance.server.downFor > limit) return true
  if (isAdmitted(instance)) return false
  return !isReady(instance) && (settled || !instance.served) && waitedFor(instance) > limit
}

/** How long it has had to become ready. What was found parked, or has lost its slot, is checked anew before it is judged. */
function waitedFor({ server, age, served }: SeenInstance): number {
  if (server) return server.unreadyFor
  return served ? 0 : age
}

function better(a: SeenInstance, b: SeenInstance): number {
  return rank(b) - rank(a) || indexOf(a) - indexOf(b) || a.id.localeCompare(b.id)
}

function rank(instance: SeenInstance): number {
  if (isServing(instance)) return 4
  if (isReady(instance)) return 3
  if (instance.server) return 2
  return 1
}

/** 3 of `web.3`. */
export function indexOf(instance: Pick<SeenInstance, 'name'>): number {
  return Number(instance.name.slice(instance.name.lastIndexOf('.') + 1)) || 0
}
