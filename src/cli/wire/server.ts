/** Bodies of the API (docs/api.md) as far as the command line reads them: the server and its hosts. */

/** A machine with Docker. */
export interface Host {
  readonly id: string
  readonly name: string
  readonly url: string
  readonly labels: readonly string[]
  readonly private_address: string
  readonly host_key: string | null
  readonly state: 'active' | 'draining'
  readonly reachable: boolean
  readonly failure: string | null
  readonly instances: readonly HostInstance[]
  readonly created_at: string
}

interface HostInstance {
  readonly instance: string
  readonly app: { readonly id: string; readonly name: string }
  readonly name: string
  readonly type: string
  readonly release: number
  readonly state: string
}

/** The server's own certificate authority; nulls when it needs none. */
export interface AuthorityRecord {
  readonly certificate: string | null
  readonly fingerprint: string | null
  readonly expires_at: string | null
}

export interface ServerRecord {
  readonly version: string
  readonly pid: number
  readonly data: string
  readonly http: string
  readonly api: string
  readonly domain: string
  readonly started_at: string
  readonly router: {
    readonly pid: number | null
    readonly workers: number
    readonly version: string | null
    readonly outages: readonly { readonly from: string; readonly ms: number }[]
  }
}
