import type { HealthState } from '../../domain/health.ts'

/** Bodies of the API (docs/api.md) as far as the command line reads them: apps and what belongs to one. */

export interface App {
  readonly id: string
  readonly name: string
  readonly web_url: string | null
  readonly git_url: string | null
  readonly maintenance: boolean
  readonly created_at: string
  readonly released_at: string | null
  readonly tasuki?: { readonly sleep: string }
}

export interface Sleep {
  readonly state: string
  readonly since: string | null
  readonly after_idle_seconds: number | null
  readonly pool: string | null
}

/** Through what visitors reach an app. */
export interface AppRouter {
  readonly external: {
    readonly interval_seconds: number
    readonly timeout_seconds: number
    readonly rise: number
    readonly fall: number
    readonly margin_seconds: number
    readonly ports: readonly number[]
  } | null
  readonly admission_seconds: number | null
  readonly removal_seconds: number | null
  readonly targets: readonly {
    readonly host: string | null
    readonly address: string
    readonly port: number
  }[]
  readonly check: { readonly path: string | null; readonly host: string } | null
  readonly rollout_id: string | null
}

export interface Dyno {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly size: string
  readonly state: string
  readonly command: string
  readonly release: { readonly version: number }
  readonly created_at: string
  readonly updated_at: string
  readonly tasuki?: {
    readonly rotation?: 'waiting' | 'ready' | 'draining' | 'parked' | null
    readonly health: string | null
    readonly in_flight: number
    readonly streams: number
    readonly check: string
    readonly generation: number
    readonly host?: string | null
    readonly unreachable?: boolean
  }
}

export interface Placement {
  readonly runtime: 'process' | 'docker'
  readonly label: string | null
}

/** How it stood over time. */
export interface HealthRecord {
  readonly from: string
  readonly until: string
  readonly watched: readonly { readonly from: string; readonly until: string }[]
  readonly stretches: readonly {
    readonly subject: string
    readonly name: string
    readonly release: number | null
    readonly host: string | null
    readonly state: HealthState
    readonly reason: string
    readonly from: string
    readonly until: string | null
  }[]
}

export interface FormationEntry {
  readonly type: string
  readonly quantity: number
  readonly size: string
}

export interface Release {
  readonly id: string
  readonly version: number
  readonly description: string
  readonly status: string
  readonly current: boolean
  readonly commit?: string | null
  readonly user?: { readonly email: string }
  readonly created_at: string
  readonly tasuki?: { readonly rollout_id: string | null }
}

export interface Build {
  readonly id: string
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly output_stream_url: string | null
  readonly release: { readonly id: string } | null
  readonly tasuki?: {
    readonly rollout_id: string | null
    readonly error: { readonly id: string; readonly message: string; readonly next?: string } | null
  }
}

export interface Source {
  readonly source_blob: { readonly get_url: string; readonly put_url: string }
}

export interface Feature {
  readonly name: string
  readonly description: string
  readonly enabled: boolean
}

export interface LogDrain {
  readonly id: string
  readonly token: string
  /** With its credentials. */
  readonly url: string
  readonly tasuki: { readonly sent: number; readonly dropped: number; readonly failing: string | null }
}

export interface DomainRecord {
  readonly id: string
  readonly hostname: string
  readonly kind: 'heroku' | 'custom'
  readonly cname: string | null
  readonly status: 'pending' | 'succeeded'
  readonly created_at: string
}

export interface WebhookRecord {
  readonly id: string
  readonly include: readonly string[]
  readonly level: string
  readonly url: string
}

export interface DeliveryRecord {
  readonly id: string
  readonly event: { readonly include: string }
  readonly status: string
  readonly num_attempts: number
  readonly last_attempt: { readonly code: number | null; readonly error_class: string | null } | null
  readonly created_at: string
}

export interface RunRecord {
  readonly id: string
  readonly name: string
  readonly attach_url: string | null
  readonly state: string
  readonly exit_code: number | null
}
