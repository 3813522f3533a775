import type { Artifact } from '../domain/artifact.ts'
import type { InstanceSpec } from '../domain/instance.ts'
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
  /** Deletes the files of all artifacts but these and the newest; returns the digests of what went. */
  collect(keep: ReadonlySet<string>): Promise<readonly string[]>
  /** The app is gone: what was kept to make its next build quicker can go. */
  forgetApp(appId: string): Promise<void>
}

export interface BuildRequest {
  readonly appId: string
  /** A tar archive on disk, plain or gzipped. Read only. */
  readonly source: { readonly tarball: string }
  readonly commit: string | null
  /** Config vars, for builders that want them. */
  readonly env: Readonly<Record<string, string>>
  /** Each line of the build log, without a line end. */
  readonly log: (line: string) => void
  readonly signal: AbortSignal
}

/** Which lines of an app's log. */
export interface LogQuery {
  /** `web.1`, or `web` for all of a type. */
  readonly dyno?: string
  /** `app`, or `tasuki` for the platform's own lines. */
  readonly source?: string
}

/** The log of each app. Lines are as users see them: `TIME SOURCE[DYNO]: MESSAGE`. */
export interface LogBook {
  /** A line of the platform itself. */
  append(appId: string, line: { readonly dyno: string; readonly message: string }): void
  /** The last lines, oldest first. */
  last(appId: string, lines: number, query: LogQuery): Promise<readonly string[]>
  /** Each new line from now on; returns the way to stop. */
  follow(appId: string, query: LogQuery, listen: (line: string) => void): () => void
  /** The app is gone: its log can go. */
  remove(appId: string): Promise<void>
}

/** What a one-off shows of itself to a terminal. */
export interface AttachedRun {
  onOutput(listen: (bytes: Uint8Array) => void): void
  write(bytes: Uint8Array): void
  /** No more input. */
  end(): void
  resize(columns: number, lines: number): void
  signal(name: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGHUP' | 'SIGQUIT'): void
  /** Exit status once it has ended, 128 + signal for a death by signal. */
  readonly exited: Promise<number>
}

export interface OneOffs {
  /** Starts an instance of kind `one-off` with its input and output attached. */
  runAttached(
    spec: InstanceSpec,
    terminal: { readonly tty: boolean; readonly columns: number; readonly lines: number },
  ): Promise<AttachedRun>
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

export interface ServerControl {
  info(): Promise<ServerInfo>
  /** Ends all instances (drained first), the router, and this process. Resolves once it has begun. */
  down(): Promise<void>
  /**
   * Copies state, key and token into a new directory of the server's machine (an absolute path), while everything goes on.
   * Throws `invalid_params` for a path that is not absolute or a directory that holds anything.
   */
  backup(directory: string): Promise<void>
}
