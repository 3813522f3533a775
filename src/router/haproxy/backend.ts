import { isIP } from 'node:net'
import { TasukiError } from '../../domain/errors.ts'
import type { Address, InstanceId } from '../../domain/instance.ts'
import { DEFAULT_SETTINGS } from '../../domain/settings.ts'
import type { BackendKey, BackendSpec } from '../../rollout/ports.ts'

/** A backend of HAProxy's configuration: whose it is, how it checks, and what is in its slots. Never changed in place. */
export interface Backend {
  readonly name: string
  /** Null: spare. */
  readonly owner: BackendKey | null
  readonly settings: BackendSettings
  readonly slots: readonly Slot[]
  /** Given back, but not like the spare ones: goes with the next reload. */
  readonly retired: boolean
}

export type BackendSettings = BackendSpec['settings'] & {
  /** Its instances are on other machines, which can fall silent. */
  readonly distant: boolean
}

export interface Slot {
  /** `s1`, `s2` …: the server's name in HAProxy. */
  readonly name: string
  readonly occupant: Occupant | null
}

export interface Occupant {
  readonly instance: InstanceId
  readonly address: Address
  /** What the engine last asked for. Only an `admitted` one takes requests after a restart of HAProxy. */
  readonly state: 'assigned' | 'admitted' | 'drained' | 'parked'
  /** 1 to 100. */
  readonly weight: number
  /** Null: a TCP connect. */
  readonly checkPath: string | null
  /** Host header of the check. */
  readonly host: string
}

/** How spare backends check and hold. */
export const SPARE_SETTINGS: BackendSettings = settingsOf(DEFAULT_SETTINGS)

/** HAProxy wants an address on every server line; nothing answers at this one. */
export const NOWHERE: Address = { host: '127.0.0.1', port: 1 }

export function settingsOf(
  settings: BackendSpec['settings'] & { readonly distant?: boolean },
): BackendSettings {
  const { rise, fall, checkSeconds, checkTimeoutSeconds, holdSeconds, distant = false } = settings
  return { rise, fall, checkSeconds, checkTimeoutSeconds, holdSeconds, distant }
}

/** The name of the backend beside it that takes its streams. */
export function streamName(backend: string): string {
  return `${backend}-stream`
}

export function emptyBackend(name: string, slots: number, settings = SPARE_SETTINGS): Backend {
  return withSlots({ name, owner: null, settings, slots: [], retired: false }, slots)
}

/** The backend with at least that many slots. */
export function withSlots(backend: Backend, count: number): Backend {
  const missing = Math.max(0, count - backend.slots.length)
  const more = Array.from({ length: missing }, (_, index) => ({
    name: `s${backend.slots.length + index + 1}`,
    occupant: null,
  }))
  return { ...backend, slots: [...backend.slots, ...more] }
}

/** The backend with another occupant in that slot. */
export function withOccupant(backend: Backend, slot: string, occupant: Occupant | null): Backend {
  const slots = backend.slots.map((each) => (each.name === slot ? { ...each, occupant } : each))
  return { ...backend, slots }
}

/** The backend with all slots free. */
export function emptied(backend: Backend): Backend {
  return { ...backend, slots: backend.slots.map((slot) => ({ ...slot, occupant: null })) }
}

export function slotOf(backend: Backend, instance: InstanceId): Slot | undefined {
  return backend.slots.find((slot) => slot.occupant?.instance === instance)
}

export function sameSettings(one: BackendSettings, other: BackendSettings): boolean {
  return JSON.stringify(settingsOf(one)) === JSON.stringify(settingsOf(other))
}

export function sameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port
}

/** `host:port` as HAProxy writes and reads it. */
export function addressText({ host, port }: Address): string {
  return `${host}:${port}`
}

/** Text that can be a word of HAProxy's configuration and of its commands as it is. */
const PLAIN_WORD = /^[A-Za-z0-9._:-]{1,253}$/
const PLAIN_PATH = /^\/[\w./~!$&'()*+,=:@%?-]*$/
const LONGEST_PATH = 1024

/** Throws `router_refused` for what could not stand in the configuration. */
export function checkedOccupant(occupant: Occupant): Occupant {
  const { instance, address, checkPath, host } = occupant
  if (!PLAIN_WORD.test(instance)) refuse(`instance id "${instance}"`)
  if (!isIP(address.host) || !(address.port > 0 && address.port < 65_536))
    refuse(`address ${addressText(address)}`)
  if (!PLAIN_WORD.test(host)) refuse(`host "${host}"`)
  if (checkPath !== null && !isCheckPath(checkPath)) refuse(`check path "${checkPath}"`)
  return occupant
}

function isCheckPath(path: string): boolean {
  return PLAIN_PATH.test(path) && path.length <= LONGEST_PATH
}

/** Returns a key whose parts can stand in a map; throws `router_refused`. */
export function checkedKey(key: BackendKey): BackendKey {
  if (!PLAIN_WORD.test(key.appId) || !PLAIN_WORD.test(key.type)) refuse(`backend ${key.appId} ${key.type}`)
  return key
}

/** A host in lower case, or a wildcard: `*.` and a host. Throws `router_refused`. */
export function checkedHost(host: string): string {
  const name = host.toLowerCase()
  if (!PLAIN_WORD.test(name.replace(/^\*\./, ''))) refuse(`host "${host}"`)
  return name
}

function refuse(what: string): never {
  throw new TasukiError('router_refused', `The router can not take the ${what}.`, {
    next: 'Use letters, digits, dots and dashes.',
  })
}
