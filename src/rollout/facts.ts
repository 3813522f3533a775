import type { Address, InstanceExit, InstanceId, InstanceKind } from '../domain/instance.ts'
import type { RouterServer } from './ports.ts'
import type { Wanted } from './spec.ts'

/**
 * All that a plan is made from: what is wanted, and what was observed in this pass.
 * Spans (`…For`, `age`) are in ms on the engine's clock; the observer measures them, so that a plan needs no memory.
 */
export interface Facts {
  readonly wanted: Wanted
  readonly instances: readonly SeenInstance[]
  /** Servers of the router that no instance of the runtime stands behind. */
  readonly orphans: readonly { readonly type: string; readonly instance: InstanceId }[]
  /** Everything that a start needs has been fetched for this generation and these quantities. */
  readonly prepared: boolean
  /** The receipt of the running rollout is being kept. */
  readonly receiptOpen: boolean
  /** An operation that failed in this rollout for a reason that trying again does not cure. */
  readonly broken: string | null
  /** Types that must not be started yet, after crashes: how long to wait. */
  readonly pauses: ReadonlyMap<string, number>
  /** The same for the base of the running rollout. */
  readonly basePauses: ReadonlyMap<string, number>
  /** ms since the whole target has been seen serving alone; null while it has not. */
  readonly bakedFor: number | null
  /** What the traffic says against the new release; null when nothing. */
  readonly breach: string | null
  /** The machine is short of memory: nothing is kept warm. */
  readonly tight: boolean
}

export interface SeenInstance {
  readonly id: InstanceId
  readonly kind: InstanceKind
  readonly type: string
  readonly name: string
  readonly release: number
  readonly generation: number
  readonly size: string
  /** Name of the host that it is on; null: the control plane's own machine. */
  readonly host: string | null
  /** ms since its host stopped answering, of which all else here was last known; null while it answers. */
  readonly unreachableFor: number | null
  readonly running: boolean
  readonly exit: InstanceExit | null
  readonly address: Address | null
  /** ms since it was first seen. */
  readonly age: number
  /** ms since the platform's first signal; null when none was sent. */
  readonly signalledFor: number | null
  /** ms since it was last told to end by SIGKILL; null when it was not. */
  readonly killedFor: number | null
  readonly preStop: 'none' | 'running' | 'done'
  readonly condemned: boolean
  readonly server: SeenServer | null
  /** It has been seen admitted and healthy. */
  readonly served: boolean
  /** The last lines it wrote, once it has failed; for messages. */
  readonly lastLines: readonly string[]
}

export interface SeenServer extends Omit<RouterServer, 'instance' | 'address'> {
  /** ms since it was last seen taking new requests (or first seen, if it never was). 0 while it does. */
  readonly outFor: number
  /** ms in which the router has checked it without finding it up, since it last did; stands still while it is parked. */
  readonly unreadyFor: number
  /** ms in which it has been taken out by its checks. 0 while it is up or starting. */
  readonly downFor: number
  /** No plain request in flight, in two fresh observations in a row, while out of rotation. */
  readonly idle: boolean
  readonly streamsClosed: boolean
}
