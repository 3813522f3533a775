import type { Host } from '../domain/host.ts'
import type { RuntimeInstance } from '../domain/instance.ts'

/** How it stands with a host now. */
export interface HostCondition {
  readonly id: string
  readonly reachable: boolean
  /** Why it does not answer, in words that can follow a colon; null when it does. */
  readonly failure: string | null
  /** As last seen, those on their way included. */
  readonly instances: readonly RuntimeInstance[]
  /** What has gone over its SSH connection since the control plane started, commands and requests; null without one. */
  readonly sshCalls: number | null
}

/** What a host showed of itself when it was called on for the first time. */
export interface MetHost {
  /** Fingerprint of its SSH key, `SHA256:…`; null for a local socket. */
  readonly hostKey: string | null
  /** What its Docker engine calls itself: unique. */
  readonly engine: string
  readonly dockerVersion: string
}

/** The hosts, as the services are in charge of them. */
export interface FleetControl {
  /** The line that each host has among its user's authorized keys. */
  readonly publicKey: string
  /**
   * Calls on a host that is not in the fleet, for ten seconds at most. `hostKey` null: whatever key it shows is accepted.
   * Throws TasukiError `host_unreachable`, `host_refused`.
   */
  meet(host: Pick<Host, 'name' | 'url' | 'privateAddress' | 'hostKey'>): Promise<MetHost>
  /** Takes a host in. */
  join(host: Host): Promise<void>
  /** A host of the fleet is to be as told from now on. */
  change(host: Host): Promise<void>
  /** Lets go of a host for good: what is known of it is forgotten, what runs there runs on. */
  leave(id: string): Promise<void>
  /** Of every host. */
  conditions(): readonly HostCondition[]
}
