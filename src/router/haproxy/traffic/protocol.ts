import type { TrafficReport } from '../../../domain/traffic.ts'
import type { BackendKey, TrafficSample } from '../../../rollout/ports.ts'
import type { BackendEntry, InstanceEntry } from './directory.ts'
import type { RouterLine } from './people.ts'

/** What the main thread asks of the reader thread: name → arguments and result. */
export interface Calls {
  start: { args: [backends: readonly BackendEntry[], instances: readonly InstanceEntry[]]; result: undefined }
  attach: { args: []; result: undefined }
  setBackends: { args: [readonly BackendEntry[]]; result: undefined }
  setInstances: { args: [readonly InstanceEntry[]]; result: undefined }
  listen: { args: [readonly string[] | 'all']; result: undefined }
  open: { args: [rollout: string, backends: readonly BackendKey[], beforeMs: number]; result: undefined }
  switched: { args: [rollout: string]; result: undefined }
  /** UTC ms of the begin; null when there is no such receipt. */
  openedAt: { args: [rollout: string]; result: number | null }
  close: { args: [rollout: string, outages: TrafficReport['outages']]; result: TrafficReport }
  sample: {
    args: [backend: BackendKey, instances: readonly string[], agoMs: number]
    result: TrafficSample
  }
  visitsSince: { args: [instant: number]; result: ReadonlyMap<string, number> }
  stop: { args: []; result: undefined }
}

export type CallName = keyof Calls

export interface Request {
  readonly id: number
  readonly name: CallName
  readonly args: readonly unknown[]
}

/** From the reader thread: the answer to a request, lines for people, or what went wrong by the way. */
export type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
  | { readonly lines: readonly RouterLine[] }
  | { readonly failure: string }

export interface ReaderOptions {
  readonly statsSocket: string
  readonly stateFile: string
}
