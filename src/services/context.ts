import type { EngineControl } from '../rollout/engine-port.ts'
import type { Router, Runtime } from '../rollout/ports.ts'
import type { Store } from '../store/open.ts'
import type { FleetControl } from './fleet-port.ts'
import type { Forge } from './forge-port.ts'
import type { Images } from './image-port.ts'
import type { PasswordCost } from './passwords.ts'
import type {
  Builder,
  Checks,
  Doorstep,
  HostExaminer,
  Hosts,
  LogBook,
  OneOffs,
  Planner,
  ServerControl,
  Usage,
  Visits,
} from './ports.ts'
import type { PumpLimits } from './webhook-pump.ts'

/** All that the services can reach. */
export interface ServiceDeps {
  readonly store: Store
  readonly engine: EngineControl
  readonly runtime: Pick<Runtime, 'list' | 'start' | 'remove' | 'signal' | 'headroom' | 'watch'>
  readonly router: Pick<Router, 'observe'>
  readonly builder: Builder
  readonly forge: Forge
  readonly logs: LogBook
  readonly oneOffs: OneOffs
  readonly hosts: Hosts
  readonly fleet: FleetControl
  readonly images: Images
  readonly doorstep: Doorstep
  readonly visits: Visits
  readonly usage: Usage
  readonly checks: Checks
  readonly examiner: HostExaminer
  readonly planner: Planner
  readonly server: ServerControl
  readonly log: ServiceLog
  readonly settings: ServiceSettings
  /** The time in UTC ms, for what expires. Default: the machine's. */
  readonly now?: () => number
}

interface ServiceSettings {
  /** Apps answer to `NAME.DOMAIN`. */
  readonly domain: string
  /** Where visitors reach a hostname, e.g. `http://demo.example.org:8080/`. */
  readonly webUrl: (hostname: string) => string
  /** Ports that the runtimes give to instances by themselves. Default: none. */
  readonly ownPorts?: readonly { readonly first: number; readonly last: number }[]
  /** Releases of each app that a rollback can count on. Default 10. */
  readonly keepReleases: number
  /** Builds at once. Default 2. */
  readonly parallelBuilds: number
  /** Largest source upload in bytes. Default 512 MiB. */
  readonly mostSourceBytes: number
  /** Largest push by Git in bytes, as it comes over the wire. Default 2 GiB. */
  readonly mostPushBytes: number
  /** Instances per process type. Default 100. */
  readonly mostInstances: number
  /** How webhooks are served. Default `PUMP_LIMITS`. */
  readonly webhooks?: PumpLimits
  /** Longest that a one-off instance may go on, in seconds. Default 24 hours. */
  readonly mostRunSeconds: number
  /** Of scrypt, for new passwords. Default: 32 MiB of memory and some tenths of a second. */
  readonly passwordCost: PasswordCost
}

export const DEFAULT_LIMITS = {
  keepReleases: 10,
  parallelBuilds: 2,
  mostSourceBytes: 512 * 1024 * 1024,
  mostPushBytes: 2 * 1024 * 1024 * 1024,
  mostInstances: 100,
  mostRunSeconds: 24 * 3600,
  passwordCost: { N: 2 ** 15, r: 8, p: 3 },
} as const

/** Takes what the server has to say, structured. Never given secrets. */
export interface ServiceLog {
  info(fields: Record<string, unknown>, message: string): void
  warn(fields: Record<string, unknown>, message: string): void
  error(fields: Record<string, unknown>, message: string): void
}
