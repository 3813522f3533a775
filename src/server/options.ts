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
  /** Loopback ports for instances, both included. */
  readonly ports: { readonly from: number; readonly to: number }
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

export interface HostPort {
  readonly host: string
  readonly port: number
}

export function hostPort({ host, port }: HostPort): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
