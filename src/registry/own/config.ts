import { stringify } from 'yaml'

/** Where things of a registry of ours lie. */
export interface RegistryPaths {
  /** Configuration, socket, certificate. */
  readonly home: string
  readonly storage: string
  readonly socket: string
  readonly config: string
}

/** What `docker-registry` is told: it listens on a socket that only we can reach, so it needs no login of its own. */
export function registryConfig({ storage, socket }: RegistryPaths): string {
  return stringify({
    version: 0.1,
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: storage },
      delete: { enabled: true },
      // What is remembered of blobs outlives their removal, and would make a later push of them lose some.
      maintenance: { uploadpurging: { enabled: true, age: '24h', interval: '24h', dryrun: false } },
    },
    http: { net: 'unix', addr: socket, relativeurls: true, secret: 'of one process only' },
  })
}
