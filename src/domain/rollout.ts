import type { InstanceId } from './instance.ts'
import type { Strategy } from './settings.ts'
import type { TrafficReport } from './traffic.ts'

/** How a rollout ended; null while it runs. Exactly one, once. */
export type RolloutOutcome = 'succeeded' | 'returned' | 'failed' | 'superseded'

/** The instances of one generation, all of one release. */
export interface SetRef {
  readonly generation: number
  /** Version of the release. */
  readonly release: number
}

/** The moving of an app's instances from one set to another. */
export interface Rollout {
  readonly id: string
  readonly appId: string
  /** Rises by one with each rollout of the app; every operation carries it. */
  readonly generation: number
  /** `release`: to another release. `restart`: the same release, fresh instances. */
  readonly kind: 'release' | 'restart'
  readonly target: SetRef
  /** The last set that served whole: it serves on until the target does, and again if the target fails. */
  readonly base: SetRef | null
  readonly strategy: Strategy
  /** `forward` to the target, or `back` to the base. Turns at most once. */
  readonly direction: 'forward' | 'back'
  /** Why it turned, in one sentence with the instance's name and what was seen; null while forward. */
  readonly reason: string | null
  /** What the outcome will be when it has gone back. */
  readonly backOutcome: 'failed' | 'returned' | null
  /** The release phase of this release has been passed or is not needed. */
  readonly releasePhaseDone: boolean
  /** The whole target has been admitted and the rest drained: from then on the target is the set that serves. */
  readonly switched: boolean
  /** Somebody has it wait: it goes no further, what serves is kept, and a failure turns it back all the same. */
  readonly paused: boolean
  readonly outcome: RolloutOutcome | null
  /** UTC ms. */
  readonly startedAt: number
  /** Set once the receipt has been made, also for a superseded one. */
  readonly finishedAt: number | null
}

/** The kinds of operation that a plan is made of, in the order of a hand-over. */
export const OPERATION_KINDS = [
  'prepare',
  'open-receipt',
  'start-release-phase',
  'pass-release-phase',
  'start',
  'assign',
  'admit',
  'drain',
  'mark-switched',
  'turn-back',
  'park',
  'pre-stop',
  'terminate',
  'close-streams',
  'kill',
  'free',
  'remove',
  'finish',
] as const

export type OperationKind = (typeof OPERATION_KINDS)[number]

/** What was seen to happen, kept beside the operations so that the timeline and the receipt can be drawn. */
export type SightingKind = 'passing' | 'healthy' | 'unhealthy' | 'idle' | 'exited'

/** A line of the journal: an operation (intent first, then its outcome), or a sighting. */
export interface JournalEntry {
  readonly id: number
  readonly appId: string
  readonly rollout: string | null
  readonly generation: number
  readonly kind: OperationKind | SightingKind
  readonly instance: InstanceId | null
  /** `web.1`; null for what concerns the whole rollout. */
  readonly name: string | null
  /** Version of the instance's release. */
  readonly release: number | null
  /** Why, in words, as the plan gave it, or what was seen. */
  readonly note: string
  readonly state: 'intent' | 'done' | 'failed' | 'seen'
  readonly error: string | null
  /** UTC ms of the intent or the sighting. */
  readonly at: number
  /** UTC ms of the outcome; null until then. */
  readonly endedAt: number | null
}

/** What a rollout did to traffic, and how long each step took: the proof that it ends with. */
export interface Receipt {
  readonly rollout: string
  readonly app: string
  readonly from: number | null
  readonly to: number
  readonly outcome: RolloutOutcome
  readonly reason: string | null
  readonly startedAt: number
  readonly finishedAt: number
  /** Requests that got their answer during the rollout and its bake (all but the lost). */
  readonly served: number
  /** Requests that got none, of all causes. */
  readonly lost: number
  readonly traffic: TrafficReport
  readonly instances: readonly InstanceTimes[]
  /** ms of the rollout that are neither boot, nor waiting for requests in flight, nor bake. */
  readonly overheadMs: number
}

/** Milliseconds from the start of the rollout at which each thing happened to one instance; null: it did not. */
export interface InstanceTimes {
  readonly instance: InstanceId
  readonly name: string
  readonly release: number
  readonly spawned: number | null
  /** The first check that passed. */
  readonly passing: number | null
  readonly healthy: number | null
  readonly admitted: number | null
  readonly drained: number | null
  /** Seen without a request in flight. */
  readonly idle: number | null
  readonly signalled: number | null
  readonly exited: number | null
}
