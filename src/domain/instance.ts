import type { Size } from './size.ts'

/** Unique for ever: `web-1-k3f9a0` style, `[a-z0-9-]{1,63}`; safe as a file name and in a router's configuration. */
export type InstanceId = string

/**
 * `formation`: kept running by the engine. `release-phase`: the release command, run once.
 * `one-off`: `tasuki run`; the engine leaves these alone.
 */
export type InstanceKind = 'formation' | 'release-phase' | 'one-off'

/** All that a runtime needs to start an instance. Held in memory only: `env` may hold secrets. */
export interface InstanceSpec {
  readonly id: InstanceId
  readonly kind: InstanceKind
  readonly appId: string
  readonly appName: string
  readonly type: string
  /** `web.1`, `release.3`, `run.4711`: what people call it; not unique over time. */
  readonly name: string
  /** Version of the release. */
  readonly release: number
  /** Generation of the rollout that wanted it. */
  readonly generation: number
  /** Digest of the artifact. */
  readonly artifact: string
  /** Run by `sh -c` in the root of the artifact. Empty, for an image: the command that the image itself names. */
  readonly command: string
  /** Builder's environment and config vars. The runtime adds PORT, HOST, TASUKI_* and DYNO. */
  readonly env: Readonly<Record<string, string>>
  readonly commit: string | null
  readonly size: Size
  /** How many of its type are wanted, so that they can be spread evenly; of an instance on its own, none. */
  readonly quantity?: number
  /** Ports of its host that it may be reached at, where others know them beforehand. Default: any of the runtime's own. */
  readonly knownPorts?: readonly number[]
  /** Its files can not be written, save temporary ones, where the runtime is able to see to that. Default: false. */
  readonly readOnly?: boolean
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** What a runtime reports of an instance, from observation. */
export interface RuntimeInstance {
  readonly id: InstanceId
  readonly kind: InstanceKind
  readonly appId: string
  readonly type: string
  readonly name: string
  readonly release: number
  readonly generation: number
  readonly size: string
  /** Name of the host that it is on; null: the control plane's own machine. */
  readonly host: string | null
  /** Its host does not answer: all else here is what was last known of it. */
  readonly unreachable: boolean
  readonly state: 'running' | 'exited'
  /** Where it serves, from the router's point of view; null for what does not listen (`run`, `release`). */
  readonly address: Address | null
  /** Loopback address for shutdown and health endpoints; never routed. */
  readonly privateAddress: Address | null
  readonly pid: number | null
  /** UTC ms. */
  readonly startedAt: number
  /** UTC ms of the first SIGTERM or SIGKILL that the platform sent; null when none was. Survives a restart of the control plane. */
  readonly signalledAt: number | null
  /** Set when `state` is `exited`. */
  readonly exit: InstanceExit | null
}

export interface InstanceExit {
  /** Exit status, 128 + signal number for a death by signal; null when nobody could learn it. */
  readonly code: number | null
  /** UTC ms. */
  readonly at: number
  /** `memory` when it was ended for using more than its size allows (R15). */
  readonly cause: 'exit' | 'memory'
}
