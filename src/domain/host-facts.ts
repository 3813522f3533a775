/** What was seen of a host, from outside and from inside. What could not be learned is null. */
export interface HostFacts {
  /** Why nothing could be learned; null when the host let us in. */
  readonly refused: { readonly code: string; readonly text: string; readonly next: string } | null
  /** Ways to log in that its SSH server offers; null for a local socket. */
  readonly logins: readonly string[] | null
  readonly machine: MachineFacts | null
  readonly docker: DockerFacts | DockerTrouble | null
  /** Whether the router reaches what listens on the host's private address. */
  readonly reach: Reach | null
  readonly containers: readonly ContainerFacts[]
}

export interface MachineFacts {
  readonly user: string
  readonly uid: number
  readonly groups: readonly string[]
  readonly system: string
  readonly kernel: string
  /** All that it has, without the loopback ones. */
  readonly addresses: readonly string[]
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number } | null
  readonly disks: readonly DiskFacts[]
  /** Its clock less ours, ms, as exactly as `clockWithinMs` says. */
  readonly clockAheadMs: number | null
  readonly clockWithinMs: number
  /** Of Docker's socket, whether it is there and its user may use it. */
  readonly socket: 'missing' | 'denied' | 'usable'
  /** Whether a `dockerd` is installed. */
  readonly hasDockerd: boolean
}

export interface DiskFacts {
  /** Where it is mounted. */
  readonly path: string
  readonly totalBytes: number
  readonly freeBytes: number
  /** Of its inodes, 0 to 1; null where there is no limit. */
  readonly freeInodes: number | null
}

export interface DockerFacts {
  readonly version: string
  readonly api: string
  /** Where images and containers lie. */
  readonly root: string
  readonly storageDriver: string
  /** Containers run on while its daemon is restarted. */
  readonly liveRestore: boolean
  /** Limits of memory and CPU are kept. */
  readonly limits: boolean
  readonly images: number
}

export interface DockerTrouble {
  readonly trouble: string
}

/** `reached`: what listened there answered. `not-own`: the host does not have that address. */
export type Reach =
  | { readonly kind: 'reached'; readonly by: 'instance' | 'listener' }
  | { readonly kind: 'not-own' }
  | { readonly kind: 'refused' | 'silent'; readonly by: 'instance' | 'listener'; readonly port: number }

export interface ContainerFacts {
  readonly name: string
  /** Whether this control plane started it. */
  readonly own: boolean
  readonly app: string | null
  /** As the image or its start says; '' is root. */
  readonly user: string
  readonly privileged: boolean
  /** What it was started from, and the id of that image. */
  readonly image: string
  readonly imageId: string
  /** To which image that name leads on the host now; null where it is no name, or leads nowhere. */
  readonly tagLeadsTo: string | null
  readonly published: readonly { readonly address: string; readonly port: number }[]
}
