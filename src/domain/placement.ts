import { TasukiError } from './errors.ts'
import type { Host } from './host.ts'
import type { RuntimeInstance } from './instance.ts'

/** Where the instances of an app run: as processes of the control plane's machine, or on Docker hosts. */
export type Placement =
  | { readonly runtime: 'process' }
  /** On hosts with that label; null: on any. */
  | { readonly runtime: 'docker'; readonly label: string | null }

export const AS_PROCESSES: Placement = { runtime: 'process' }
export const ON_ANY_HOST: Placement = { runtime: 'docker', label: null }

/** A host as a choice is made between several. */
export interface Candidate {
  readonly host: Pick<Host, 'name' | 'labels' | 'state'>
  readonly reachable: boolean
  /** ms since it stopped answering; 0 while it does. */
  readonly silentFor?: number
  /** What is on it or on its way there. */
  readonly instances: readonly (Pick<RuntimeInstance, 'appId' | 'type' | 'generation' | 'state'> &
    Partial<Pick<RuntimeInstance, 'address'>>)[]
}

/** What is to be put somewhere. */
export interface Placeable {
  readonly appId: string
  readonly type: string
  readonly generation: number
  readonly quantity?: number
  /** Ports of a host that it can be at; without them any will do. */
  readonly knownPorts?: readonly number[]
}

/** The hosts on which instances with that placement may start now: active, reachable, with the label; by name. */
export function eligible<T extends Candidate>(candidates: readonly T[], label: string | null): T[] {
  return candidates
    .filter(({ host, reachable }) => reachable && host.state === 'active' && hasLabel(host, label))
    .sort(byName)
}

/**
 * Where one of its ports is free, if that is anywhere. Spreads evenly, and puts what takes over where room has been made for it: of the hosts that do not have their even share
 * of the generation yet, the one with the fewest instances of the app's type; of these with the fewest of the generation,
 * of the app, of all; of these the first by name. Throws `no_host` when there is none.
 */
export function chooseHost<T extends Candidate>(
  candidates: readonly T[],
  label: string | null,
  what: Placeable,
): T {
  const all = eligible(candidates, label)
  const free = all.filter((one) => hasFreePort(one, what))
  const best = withoutShare(free.length > 0 ? free : all, what).reduce<T | null>(
    (least, one) => (least === null || isEmptier(one, least, what) ? one : least),
    null,
  )
  if (best) return best
  throw noHost(candidates, label)
}

/** A host that has been silent for no longer than this is waited for, ms. */
const MOMENT_MS = 10_000

/** It may be again in a moment: a connection that broke is made anew within seconds. */
function mayBeBack({ host, reachable, silentFor }: Candidate): boolean {
  return !reachable && host.state === 'active' && (silentFor ?? MOMENT_MS) < MOMENT_MS
}

/** Says why nothing can start with that label, and what to do: wait, where a host has been silent for a moment only. */
export function noHost(candidates: readonly Candidate[], label: string | null): TasukiError {
  const labelled = candidates.filter(({ host }) => hasLabel(host, label))
  const which = label === null ? 'host' : `host with the label ${label}`
  if (labelled.length === 0)
    return new TasukiError('no_host', `There is no ${which}.`, {
      next:
        label === null
          ? 'Add one with `tasuki hosts:add`.'
          : `Add one with \`tasuki hosts:add URL --label ${label}\`, or choose another label with \`tasuki place\`.`,
    })
  if (labelled.some(mayBeBack))
    return new TasukiError('host_unreachable', `No ${which} answers at this moment.`)
  const states = labelled
    .sort(byName)
    .map(({ host, reachable }) => `${host.name} ${reasonOf(host, reachable)}`)
  return new TasukiError('no_host', `No ${which} takes instances now: ${states.join(', ')}.`, {
    next: 'Bring a host back (`tasuki hosts` shows how it stands with each), or add another with `tasuki hosts:add`.',
  })
}

/** As people write it: `processes of the server`, `hosts with the label http-api`. */
export function placementText(placement: Placement): string {
  if (placement.runtime === 'process') return 'the server itself'
  return placement.label === null ? 'any Docker host' : `Docker hosts with the label ${placement.label}`
}

function reasonOf({ state }: Candidate['host'], reachable: boolean): string {
  if (!reachable) return 'does not answer'
  return state === 'draining' ? 'is being drained' : 'is there'
}

function hasLabel({ labels }: Candidate['host'], label: string | null): boolean {
  return label === null || labels.includes(label)
}

/** One that is on its way there has a port, though it is not known yet which. */
function hasFreePort({ instances }: Candidate, { appId, type, knownPorts }: Placeable): boolean {
  if (knownPorts === undefined) return true
  const taken = instances.filter(({ state, address, ...one }) => {
    if (state !== 'running') return false
    return address ? knownPorts.includes(address.port) : one.appId === appId && one.type === type
  })
  return taken.length < knownPorts.length
}

/** Who has less of the generation than an even share of what is wanted, or of what there will be if that is more. */
function withoutShare<T extends Candidate>(hosts: readonly T[], what: Placeable): T[] {
  const own = (host: T) =>
    ofType(host, what).filter(({ generation }) => generation === what.generation).length
  const there = hosts.reduce((sum, host) => sum + own(host), 0)
  const share = Math.ceil(Math.max(what.quantity ?? 0, there + 1) / hosts.length)
  return hosts.filter((host) => own(host) < share)
}

function ofType({ instances }: Candidate, { appId, type }: Placeable): Candidate['instances'] {
  return instances.filter((one) => one.state === 'running' && one.appId === appId && one.type === type)
}

function isEmptier(one: Candidate, other: Candidate, what: Placeable): boolean {
  const [mine, its] = [loadOf(one, what), loadOf(other, what)]
  const index = mine.findIndex((count, at) => count !== its[at])
  return index >= 0 && mine[index]! < its[index]!
}

/** Running instances of the same app and type; of these, of the generation; of the app; of all. */
function loadOf(host: Candidate, what: Placeable): readonly number[] {
  const running = host.instances.filter(({ state }) => state === 'running')
  const ofApp = running.filter(({ appId }) => appId === what.appId)
  const same = ofType(host, what)
  const own = same.filter(({ generation }) => generation === what.generation)
  return [same.length, own.length, ofApp.length, running.length]
}

/** Made once: each comparison by `localeCompare` would make one of its own. */
const NAMES = new Intl.Collator('en', { numeric: true })

function byName(a: Candidate, b: Candidate): number {
  return NAMES.compare(a.host.name, b.host.name)
}
