/** What a server is started with. */
export interface ServerOptions {
  /** Data directory, absolute. */
  readonly data: string
  /** Where visitors reach the apps. */
  readonly http: HostPort
  /** Where the API listens. */
  readonly api: HostPort
  /** Apps answer to `NAME.DOMAIN`. */
  readonly domain: string
  /** Folders of this machine, absolute, below which buildpacks may lie. */
  readonly localBuildpacks: readonly string[]
  /** Loopback ports for instances, both included. */
  readonly ports: { readonly from: number; readonly to: number }
  /** Files with the certificate, and its key, that the API shows; null: the server is its own authority. */
  readonly tls: { readonly cert: string; readonly key: string } | null
  /** Where `heroku run` reaches this server, if not where it reaches the API. */
  readonly rendezvous: HostPort | null
  /** Longest that a one-off instance may go on. */
  readonly runHours: number
  /** Largest source of a build, packed, in MiB. */
  readonly sourceMiB: number
  /** Largest push by Git, as it comes over the wire, in MiB. */
  readonly pushMiB: number
  /** What is kept of the log of an app: MiB, and days since the last line of a file. */
  readonly keptLog: { readonly mebibytes: number; readonly days: number }
  /** Calls of the API that an account may make at once, and again within an hour; 0 for no limit. */
  readonly rateLimit: number
  /** Where GitHub's API is. */
  readonly githubApi: string
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

export function hostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
