import type { Facts, SeenInstance } from '../facts.ts'
import type { Wanted, WantedType } from '../spec.ts'
import { belongs } from './goal.ts'

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
  /** Out of service, on hosts that do not answer: nothing can be done about them, and nothing waits for them. */
  readonly leftovers: readonly SeenInstance[]
}

/** A host that has been silent for longer than this is not waited for: what ran there is started elsewhere, ms. */
const AWAY_MS = 30_000

export function census(facts: Facts, type: WantedType): Census {
  const all = facts.instances.filter((one) => one.kind === 'formation' && one.type === type.type)
  const keepers = all
    .filter((one) => isAlive(one) && belongs(facts, type, one) && !isGivenUp(facts.wanted, type, one))
    .sort(better)
    .slice(0, type.quantity)
  const old: SeenInstance[] = []
  const stopping: SeenInstance[] = []
  const exited: SeenInstance[] = []
  const leftovers: SeenInstance[] = []
  for (const one of all) {
    if (keepers.includes(one)) continue
    if (one.unreachableFor !== null && one.server === null) leftovers.push(one)
    else if (!one.running) exited.push(one)
    else if (one.signalledFor !== null) stopping.push(one)
    else old.push(one)
  }
  return { type, keepers, old, stopping, exited, leftovers }
}

function isAlive(instance: SeenInstance): boolean {
  return instance.running && instance.signalledFor === null
}

/** Another is to be started in its place. */
function isGivenUp(wanted: Wanted, type: WantedType, instance: SeenInstance): boolean {
  return overdue(wanted, type, instance) || isAway(type, instance)
}

/** Its host has been silent for long, and nobody sees it serve all the same. */
function isAway(type: WantedType, instance: SeenInstance): boolean {
  if (instance.unreachableFor === null || instance.unreachableFor < AWAY_MS) return false
  return !type.routable || !isServing(instance)
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
  // Of whom nothing is heard it is not its own fault.
  if (!type.routable || !instance.running || instance.unreachableFor !== null) return false
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
  if (isServing(instance)) return 5
  // Another was started in its place already: a control plane that has just come does not know for how long it was silent.
  if (instance.unreachableFor !== null) return 0
  // Whom one router has let in is nearer to serving than whom none has, and takes room already (I4).
  if (isHalfAdmitted(instance)) return 4
  if (isReady(instance)) return 3
  if (instance.server) return 2
  return 1
}

/** 3 of `web.3`. */
export function indexOf(instance: Pick<SeenInstance, 'name'>): number {
  const { name } = instance
  let index = 0
  for (let at = name.length - 1, unit = 1; at >= 0 && name[at] !== '.'; at--, unit *= 10)
    index += unit * Number(name[at])
  return index
}
