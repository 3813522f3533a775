import type { OperationKind } from '../../../src/domain/rollout.ts'
import type { RolloutSettings } from '../../../src/domain/settings.ts'
import type { Behaviour } from '../world/behaviour.ts'

/** What travels with a release. */
export interface ReleasePlan {
  readonly settings: RolloutSettings
  readonly worker: { readonly singleton: boolean } | null
  readonly releasePhase: boolean
  readonly behaviour: Behaviour
}

/** Something that a person asks for. Numbers that name one of several are taken modulo how many there are. */
export type Command =
  | { readonly do: 'deploy'; readonly app: number; readonly plan: ReleasePlan }
  | { readonly do: 'config'; readonly app: number }
  | { readonly do: 'rollback'; readonly app: number; readonly back: number }
  | { readonly do: 'scale'; readonly app: number; readonly web: number; readonly worker: number }
  | { readonly do: 'restart'; readonly app: number }
  | { readonly do: 'restart one'; readonly app: number; readonly which: number }
  | { readonly do: 'preboot'; readonly app: number; readonly on: boolean }
  | { readonly do: 'destroy'; readonly app: number; readonly plan: ReleasePlan }
  /** The rollout that runs waits so long. */
  | { readonly do: 'pause'; readonly app: number; readonly ms: number }
  | { readonly do: 'collect' }

/** Something that goes wrong. Durations in ms. */
export type Fault =
  | { readonly do: 'kill'; readonly downMs: number; readonly late: number }
  | {
      readonly do: 'kill at'
      readonly when: 'before' | 'after'
      readonly kind: OperationKind
      readonly late: number
    }
  | { readonly do: 'freeze'; readonly ms: number }
  /** One dies; with `again`, another of the role does so long after it, so many times. */
  | {
      readonly do: 'crash'
      readonly role: Role
      readonly which: number
      readonly again?: { readonly times: number; readonly ms: number }
    }
  | { readonly do: 'fall ill'; readonly role: Role; readonly which: number; readonly ms: number }
  | { readonly do: 'host away'; readonly which: number; readonly ms: number }
  | { readonly do: 'host cut'; readonly which: number; readonly ms: number }
  | { readonly do: 'host reboot'; readonly which: number; readonly ms: number }
  | { readonly do: 'host dark'; readonly which: number; readonly ms: number; readonly remembers: boolean }
  | { readonly do: 'router cut'; readonly which: number; readonly ms: number }
  | { readonly do: 'router restart'; readonly which: number; readonly ms: number }
  | { readonly do: 'router reload'; readonly which: number }
  | { readonly do: 'router loses answers'; readonly ms: number; readonly share: number }
  | { readonly do: 'router does half'; readonly ms: number }
  | { readonly do: 'power cut'; readonly ms: number; readonly remembers: boolean }
  | { readonly do: 'host disk full'; readonly ms: number }
  | { readonly do: 'state disk full'; readonly ms: number }
  | { readonly do: 'memory short'; readonly ms: number }
  | { readonly do: 'nobody told'; readonly ms: number }
  | { readonly do: 'clock jump'; readonly ms: number }
  | { readonly do: 'journal lost' }
  | { readonly do: 'slow fetch'; readonly ms: number }

/** Which of the instances a fault picks. */
export type Role = 'any' | 'serving' | 'booting' | 'drained' | 'stopping' | 'release phase'

export interface Step {
  /** ms that pass before it. */
  readonly after: number
  readonly act: Command | Fault | { readonly do: 'settle' } | { readonly do: 'wait'; readonly ms: number }
}

/** A run, whole: the same scenario is the same run, on any machine. */
export interface Scenario {
  /** Of all chance that is not a step: delays, visitors, which instances a behaviour concerns. */
  readonly noise: number
  readonly apps: number
  readonly hosts: number
  readonly routers: number
  readonly quantity: number
  readonly workers: number
  readonly visitEveryMs: number
  readonly slowShare: number
  readonly slowMs: number
  readonly first: ReleasePlan
  readonly steps: readonly Step[]
}

export const FAULTS = [
  'kill',
  'kill at',
  'freeze',
  'crash',
  'fall ill',
  'host away',
  'host cut',
  'host reboot',
  'host dark',
  'router cut',
  'router restart',
  'router reload',
  'router loses answers',
  'router does half',
  'power cut',
  'host disk full',
  'state disk full',
  'memory short',
  'nobody told',
  'clock jump',
  'journal lost',
  'slow fetch',
] as const satisfies readonly Fault['do'][]

export const COMMANDS = [
  'deploy',
  'config',
  'rollback',
  'scale',
  'restart',
  'restart one',
  'preboot',
  'destroy',
  'pause',
  'collect',
] as const satisfies readonly Command['do'][]
