import type { Host } from '../../domain/host.ts'
import type { Runtime } from '../../rollout/ports.ts'
import type { OneOffs, Usage } from '../../services/ports.ts'

/** A runtime with all that the fleet asks of one. */
export type WholeRuntime = Runtime & OneOffs & Usage

/** One host's runtime, and how it stands with the way to it. */
export interface Member {
  readonly runtime: WholeRuntime
  /** False while it is known that the host can not be reached. */
  reachable(): boolean
  /** Why it can not be reached, in words; null when it can. */
  failure(): string | null
  /** Calls back when that may have changed. Returns the way to stop. */
  onChange(listen: () => void): () => void
  /** Lets go of the host; what runs there runs on. */
  close(): void
  /** Erases what is kept of the host, once it is closed. */
  forget(): void
}

/** Begins to connect to a host, and does not wait for it. */
export type OpenMember = (host: Host) => Member
