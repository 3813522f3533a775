import type { Address, InstanceId, InstanceSpec, RuntimeInstance } from '../domain/instance.ts'
import type { PreStop, RolloutSettings } from '../domain/settings.ts'
import type { TrafficReport } from '../domain/traffic.ts'

/**
 * What the engine needs of the world, and all that it can reach. Each port is owned here, by its consumer;
 * adapters implement it, the simulation replaces it. Every call may be repeated: the same call again
 * changes nothing (idempotent), because after an unknown outcome the engine observes and asks again.
 */

export interface Clock {
  /** Milliseconds on a clock that never jumps; only differences mean something. */
  monotonic(): number
  /** UTC milliseconds. For records only, never for decisions. */
  wall(): number
  /** Calls `run` once, after `ms`; the result cancels it. */
  timer(ms: number, run: () => void): () => void
}

export interface Ids {
  /** A new instance id for that type and index, never given before. */
  instance(type: string, index: number): InstanceId
}

/** How instances run. One contract suite is passed by every runtime. */
export interface Runtime {
  /**
   * Starts an instance; resolves as soon as it has been spawned. Called again with an id that exists: nothing happens.
   * Throws TasukiError `disk_full`, `no_memory`, `no_port`; then nothing is left behind.
   */
  start(spec: InstanceSpec): Promise<void>
  /** Sends to the whole process group. An instance that is gone: nothing happens. */
  signal(id: InstanceId, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Runs the hook before the stop, at most `limitMs` long. Rejects when it failed; the stop goes on all the same. */
  preStop(id: InstanceId, hook: PreStop, limitMs: number): Promise<void>
  /** Forgets an exited instance and frees its port and files (its log stays). Still running: killed first. */
  remove(id: InstanceId): Promise<void>
  /** Instances of an app (of all apps without one), freshly observed. Throws rather than leaving any out. */
  list(appId?: string): Promise<RuntimeInstance[]>
  /** Calls back when an instance of any app may have changed (exit at least). A hint only: `list` says what is. */
  watch(changed: (appId: string) => void): () => void
  /** Makes everything ready that a start needs (artifact unpacked; disk and memory for `count` more); touches nothing live. */
  prepare(need: {
    artifact: string
    appId: string
    instances: readonly { size: string; count: number }[]
  }): Promise<void>
  /** Memory of the machine that instances could still use, and all of it, in bytes. */
  headroom(appId?: string): Promise<{ freeBytes: number; totalBytes: number }>
  /** Last lines of an instance's output, for error messages. */
  tail(id: InstanceId, lines: number): Promise<string[]>
}

/** Names a backend of the router: one per routable process type of an app. */
export interface BackendKey {
  readonly appId: string
  readonly type: string
}

/** What a backend needs before instances can be put into it. */
export interface BackendSpec extends BackendKey {
  readonly slots: number
  readonly settings: Pick<
    RolloutSettings,
    'rise' | 'fall' | 'checkSeconds' | 'checkTimeoutSeconds' | 'holdSeconds'
  > &
    Partial<Pick<RolloutSettings, 'checkPath' | 'preStop'>>
}

/** An instance that is to be put before the router. */
export interface Assignment {
  readonly instance: InstanceId
  /** `web.1`, and its release's version: for those who read the router's log. */
  readonly name: string
  readonly release: number
  readonly address: Address
  readonly checkPath: string | null
  /** Host header of the checks. */
  readonly host: string
}

/** One server (an occupied slot) of a backend, merged over every worker of every router. */
export interface RouterServer {
  readonly instance: InstanceId
  readonly address: Address
  /**
   * The state in which it gets the most traffic in any worker: `ready` while one worker may still route to it;
   * `drain`: no new requests; `maint`: none and no idle connections.
   */
  readonly admin: 'ready' | 'drain' | 'maint'
  /**
   * The newest worker of every router has it in that state. False after a command that some of them have not carried
   * out: then it is to be given again.
   */
  readonly everywhere: boolean
  /** By the newest worker's own checks. `checking`: assigned, `rise` not reached yet. */
  readonly health: 'up' | 'checking' | 'down'
  /** True once at least one check has passed since it was assigned. */
  readonly passedOnce: boolean
  /** Plain requests in flight or queued for this server: summed over all workers, streams not counted. */
  readonly inFlight: number
  /** Upgraded connections and event streams: summed over all workers. */
  readonly streams: number
  /** The last check in words, e.g. `HTTP 503 on /health` or `connection refused`; '' before the first. */
  readonly check: string
}

export interface BackendView {
  readonly servers: readonly RouterServer[]
  readonly freeSlots: number
  /** Changes whenever the router has been started anew (not by a reload). */
  readonly boot: string
}

/**
 * The router's part of a hand-over. Each call is carried out in every worker and written to the configuration on disk
 * before it resolves. Throws TasukiError `router_unavailable` when the outcome is not known in every worker.
 */
export interface Router {
  /** Makes the backend with at least that many slots; may reload. Existing servers stay as they are. */
  prepare(backend: BackendSpec): Promise<void>
  /** A fresh query of every worker; null when there is no such backend. */
  observe(backend: BackendKey): Promise<BackendView | null>
  /** Puts an instance into a free slot, not in rotation, and starts fast checks of it. `checkPath` null: a TCP connect. */
  assign(backend: BackendKey, server: Assignment): Promise<void>
  /** Lets it take requests. Refuses (`router_refused`) when its checks have not passed. `weight` 1 to 100 percent. */
  admit(backend: BackendKey, instance: InstanceId, weight: number): Promise<void>
  /** No new requests; those in flight go on. */
  drain(backend: BackendKey, instance: InstanceId): Promise<void>
  /** Out of service: idle connections to it are closed; requests and streams in flight go on. */
  park(backend: BackendKey, instance: InstanceId): Promise<void>
  /** Cuts the streams of a parked server, spread over about a second. */
  closeStreams(backend: BackendKey, instance: InstanceId): Promise<void>
  /** Empties its slot. A server that is not there: nothing happens. */
  free(backend: BackendKey, instance: InstanceId): Promise<void>
}

/** Counts what visitors got. A rollout's receipt is made from it. */
export interface Traffic {
  /** Begins the receipt of a rollout now, with up to `beforeMs` of what was before. Begun already: nothing happens. */
  open(rollout: string, backends: readonly BackendKey[], beforeMs: number): Promise<void>
  /** The switch is over: what comes now belongs to `after`. */
  switched(rollout: string): Promise<void>
  /**
   * Ends it and returns the counts, once all lines up to now have been read or are known to be lost. Repeatable. One that
   * was never opened is empty, and says so.
   */
  close(rollout: string): Promise<TrafficReport>
  /** What the named instances answered since the instant (monotonic ms of the engine's clock), for the bake. */
  sample(
    backend: BackendKey,
    instances: readonly InstanceId[],
    sinceMonotonic: number,
  ): Promise<TrafficSample>
}

export interface TrafficSample {
  readonly requests: number
  /** Responses of 500 to 599 that the instances gave, and requests they cut off. */
  readonly serverErrors: number
  /** ms; null without requests. */
  readonly p95: number | null
}
