import type { Readable, Writable } from 'node:stream'
import type { AppEnvironment } from '../domain/app-json/environments.ts'
import type { Artifact, Manifest } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import type { Buildpack } from '../domain/buildpack.ts'
import type { Check } from '../domain/health.ts'
import type { Host } from '../domain/host.ts'
import type { HostFacts } from '../domain/host-facts.ts'
import type { Address, InstanceId, InstanceSpec } from '../domain/instance.ts'
import type { Preview } from '../rollout/preview.ts'
import type { Wanted } from '../rollout/spec.ts'

/** What the services need of the world, beside the engine's own ports. Adapters implement it. */

/** Makes artifacts. */
export interface Builder {
  /**
   * Builds and keeps the artifact. Throws TasukiError `build_failed`, `invalid_source`, `invalid_procfile`,
   * `invalid_app_json`, `disk_full`; then nothing is kept. Ends early when `signal` is aborted.
   */
  build(request: BuildRequest): Promise<Artifact>
  /** Throws TasukiError `invalid_params` for a buildpack that the server's settings do not allow. */
  checkBuildpack(buildpack: Buildpack): void
  /**
   * What app.json in an archive says to whoever makes an app of it, for that environment; an empty manifest without one.
   * Throws `invalid_app_json`, `invalid_source`, `too_large`.
   */
  appJson(
    tarball: string,
    environment?: AppEnvironment | null,
  ): Promise<{ readonly manifest: Manifest; readonly successUrl: string | null }>
  /** Deletes the files of all artifacts but these and the newest; returns the digests of what went. */
  collect(keep: ReadonlySet<string>): Promise<readonly string[]>
  /** Forgets what was kept to make the app's next build quicker; a build that is at work keeps nothing either. */
  forgetApp(appId: string): Promise<void>
}

/** Which lines of an app's log; without a key, all. */
export interface LogQuery {
  /** `web.1`, or `web` for all of a type. */
  readonly dyno?: string
  /** `app`, or `tasuki` for the platform's own lines and its router's. */
  readonly source?: string
  /** Process type: `web`. */
  readonly type?: string
}

/** A line as users see it, `TIME SOURCE[DYNO]: MESSAGE`, with its number: each line of an app has the next one, for ever. */
export interface NumberedLine {
  readonly number: number
  readonly line: string
}

/** The log of each app. */
export interface LogBook {
  /** A line of the platform; of source `tasuki` unless told otherwise. */
  append(
    appId: string,
    line: { readonly dyno: string; readonly message: string; readonly source?: 'app' | 'tasuki' },
  ): void
  /** The last lines that pass, oldest first, and the number that the next line of the app will have. */
  last(
    appId: string,
    lines: number,
    query: LogQuery,
  ): Promise<{ readonly lines: readonly NumberedLine[]; readonly next: number }>
  /**
   * Each line that passes from the one with that number on, as it comes, until `signal` or until the app is gone. The
   * taker's pace holds nobody up; what it was too slow for is counted in a line in its place.
   */
  from(appId: string, number: number, query: LogQuery, signal: AbortSignal): AsyncIterable<NumberedLine>
  /**
   * Sends each line of an app to an address, from where it stood, or else from now on. Known ones go on. Durable when it
   * resolves: no line from then on is left out, whatever becomes of the control plane.
   */
  drain(drain: DrainTarget): Promise<void>
  /** Ends that, and forgets where it stood. */
  undrain(id: string): Promise<void>
  /** How it stands with a drain; null for one that is not known. */
  drainState(id: string): DrainState | null
  /** The app is gone: its log and its drains can go. */
  remove(appId: string): Promise<void>
}

/** Where lines are sent to. Held in memory only: the address may hold credentials. */
export interface DrainTarget {
  readonly id: string
  readonly appId: string
  /** `syslog://`, `syslog+tls://`, `http://` or `https://`. */
  readonly url: string
  /** Names the drain towards its receiver: `d.UUID`. */
  readonly token: string
  /** PEM certificates of an authority to trust beside the well-known ones. */
  readonly authority: string | null
}

export interface DrainState {
  /** Lines that were sent, since the control plane started. */
  readonly sent: number
  /** Lines that were gone before they could be sent, since then. */
  readonly dropped: number
  /** Why nothing gets through at present, in words without credentials; null when all is well. */
  readonly failing: string | null
}

/** What a one-off shows of itself to a terminal. */
export interface AttachedRun {
  /** Whether it has a terminal. */
  readonly tty: boolean
  /**
   * All that it writes, standard output and error in one. Ends when everything has been read. Whoever reads slowly
   * slows the program; whoever destroys this lets it write into nothing.
   */
  readonly output: Readable
  /** Its standard input. A program that has closed it, or has ended, closes this too. */
  readonly input: Writable
  resize(columns: number, lines: number): void
  signal(name: RunSignal): void
  /** Exit status once it has ended, 128 + signal for a death by signal. */
  readonly exited: Promise<number>
}

export type RunSignal = 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGHUP' | 'SIGQUIT'

export interface OneOffs {
  /** Starts an instance of kind `one-off` with its input and output attached. */
  runAttached(
    spec: InstanceSpec,
    terminal: { readonly tty: boolean; readonly columns: number; readonly lines: number },
  ): Promise<AttachedRun>
  /** SIGHUP to all processes of an attached run, also one of an earlier control plane: its user has gone. */
  hangUp(id: InstanceId): Promise<void>
}

/** What the router is told beside the hand-over. Each call is idempotent and durable when it resolves. */
export interface Hosts {
  /** These names lead to the app's routable type, and no others. */
  setHosts(appId: string, hostnames: readonly string[]): Promise<void>
  /** Visitors get the maintenance page; instances run on. */
  maintenance(appId: string, on: boolean): Promise<void>
  /** The app is gone: its hosts and backends can go. */
  removeApp(appId: string): Promise<void>
}

/** Visitors of apps that sleep: they wait in the router until an instance serves. */
export interface Doorstep {
  /**
   * From now on visitors of the app wait up to that long (ms) for an instance, and are told of; null: as of any other
   * app. Idempotent, and durable when it resolves.
   */
  waitFor(appId: string, limitMs: number | null): Promise<void>
  /** Ids of the apps whose visitors wait, as it was last told. */
  waiters(): readonly string[]
  /** Called while a visitor of such an app waits, several times a second. Returns the way to stop. */
  onVisitor(listen: (appId: string) => void): () => void
}

/** What the router's checks say. */
export interface Checks {
  /** Of every instance that it knows, in one question to its newest worker. Throws `router_unavailable`. */
  checks(): Promise<ReadonlyMap<InstanceId, Check>>
}

/** Looks at hosts for what could go wrong with them. */
export interface HostExaminer {
  /** Takes some seconds at most, changes nothing, never throws. `instances`: where those of the host listen. */
  examine(host: Host, instances: readonly Address[]): Promise<HostFacts>
  /** The SSH key that it shows now, `SHA256:…`. Throws `host_unreachable`, `invalid_params` for one without SSH. */
  shownKey(host: Host): Promise<string>
}

/** What apps use of the machine. */
export interface Usage {
  /** Bytes of memory that the instances of each app use together, as far as it has any. */
  memoryByApp(): Promise<ReadonlyMap<string, number>>
}

/** When visitors came. */
export interface Visits {
  /** When the last request of each app ended that had one since the instant. All in UTC ms; a second late at most. */
  since(instant: number): Promise<ReadonlyMap<string, number>>
}

/** The engine's planner, asked what it would do for a wish from the world as it is now. Touches nothing. */
export interface Planner {
  preview(wanted: Wanted): Promise<Preview>
}

/** What is to be known of the server and its router. Times are UTC ms. */
interface ServerInfo {
  readonly version: string
  readonly pid: number
  readonly data: string
  readonly http: string
  readonly api: string
  readonly domain: string
  readonly startedAt: number
  readonly router: {
    readonly pid: number | null
    readonly workers: number
    readonly version: string | null
    readonly boot: string | null
    readonly outages: readonly { readonly from: number; readonly ms: number }[]
  }
}

/** The server's own certificate authority. */
export interface AuthorityInfo {
  /** PEM. */
  readonly certificate: string
  /** SHA-256, in hexadecimal pairs. */
  readonly fingerprint: string
  /** UTC ms. */
  readonly expiresAt: number
}

export interface ServerControl {
  info(): Promise<ServerInfo>
  /** What clients are to trust; null when the server shows a certificate that they know by themselves. */
  authority(): Promise<AuthorityInfo | null>
  /** Ends all instances (drained first), the router, and this process. Resolves once it has begun. */
  down(): Promise<void>
  /**
   * Copies state, key and token into a new directory of the server's machine (an absolute path), while everything goes on.
   * Throws `invalid_params` for a path that is not absolute or a directory that holds anything.
   */
  backup(directory: string): Promise<void>
}
