import type { Address, InstanceId } from '../domain/instance.ts'
import type { OperationKind, RolloutOutcome, SetRef } from '../domain/rollout.ts'
import type { PreStop } from '../domain/settings.ts'
import type { WantedType } from './spec.ts'

/** One step of a plan, as data: it is printed, journaled, carried out and drawn from this. */
export type Operation = { readonly [K in OperationKind]: OperationOf<K> }[OperationKind]

export type OperationOf<K extends OperationKind> = { readonly kind: K; readonly note: string } & Details[K]

interface OnInstance {
  readonly instance: InstanceId
  readonly type: string
  readonly name: string
  readonly release: number
}

interface OnRollout {
  readonly rollout: string
}

interface Details {
  prepare: {
    readonly set: SetRef
    readonly types: readonly WantedType[]
    readonly starts: readonly { size: string; count: number }[]
  }
  'open-receipt': OnRollout & { readonly types: readonly string[] }
  'start-release-phase': OnRollout & { readonly set: SetRef }
  'pass-release-phase': OnRollout
  start: { readonly set: SetRef; readonly type: string; readonly index: number }
  assign: OnInstance & { readonly address: Address; readonly checkPath: string | null }
  admit: OnInstance
  drain: OnInstance
  'mark-switched': OnRollout
  'turn-back': OnRollout & { readonly outcome: 'failed' | 'returned' }
  park: OnInstance
  'pre-stop': OnInstance & { readonly hook: PreStop; readonly limitMs: number }
  /** `cut`: the drain limit has passed with requests in flight. */
  terminate: OnInstance & { readonly cut: boolean }
  'close-streams': OnInstance
  kill: OnInstance
  free: OnInstance
  remove: OnInstance
  finish: OnRollout & { readonly outcome: RolloutOutcome }
}

/** What a pass found to do. */
export interface Plan {
  readonly operations: readonly Operation[]
  /** Where the rollout stands, in a word for people. */
  readonly phase: Phase
  /** Nothing is under way: the next pass can wait for an event. */
  readonly settled: boolean
  /** ms after which a pass is due although nothing happens; null when an event will do. */
  readonly wakeMs: number | null
}

export type Phase = 'prepare' | 'release-phase' | 'hand-over' | 'bake' | 'clean-up' | 'return' | 'settled'
