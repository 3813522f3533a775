import type { BackendKey, Router } from '../rollout/ports.ts'
import type { Checks, Doorstep, Hosts } from '../services/ports.ts'

/** What is to be known of a router. */
export interface RouterStatus {
  /** Process id of the router's master; null while it is down. */
  readonly pid: number | null
  /** Worker processes, those included that only finish what they have. */
  readonly workers: number
  readonly version: string | null
  /** Changes whenever the router has been started anew (not by a reload). */
  readonly boot: string | null
  /** Times in which it was down, oldest first: `from` in UTC ms, `ms` long. */
  readonly outages: readonly { readonly from: number; readonly ms: number }[]
}

/** A backend as the router's own configuration names it. */
export interface NamedBackend extends BackendKey {
  readonly backend: string
  readonly kind: 'plain' | 'stream'
}

/** A whole router: the engine's part, the services' part, and the life of its process. */
export interface RouterControl extends Router, Checks, Hosts, Doorstep {
  /** Empties the backend and gives it back. None there: nothing happens. */
  destroyBackend(backend: BackendKey): Promise<void>
  status(): Promise<RouterStatus>
  /** Which backends of the configuration belong to which process type, for those who read its log. */
  backends(): readonly NamedBackend[]
  /**
   * Starts the router, or adopts the one that runs already. Throws TasukiError `setup_missing` without a program to
   * run, `router_refused` when it does not start (its own words are in the message).
   */
  start(): Promise<'started' | 'adopted'>
  /** Ends the router and what watches over it. */
  down(): Promise<void>
  /** Lets go of it: it runs on. */
  close(): Promise<void>
}
