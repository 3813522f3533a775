import type { Stage } from '../../domain/pipeline.ts'

/** Bodies of the API (docs/api.md) as far as the command line reads them: pipelines, promotions and review apps. */

export interface PipelineRecord {
  readonly id: string
  readonly name: string
}

export interface StageRecord {
  readonly name: string
  readonly own: boolean
  readonly approval: {
    readonly count: number
    readonly approvers: readonly string[]
    readonly allow_self: boolean
    readonly expires_ms: number
  } | null
  readonly promotions_only: boolean
  readonly frozen: { readonly until: string | null; readonly reason: string | null } | null
}

export interface RepositoryRecord {
  readonly type: 'git' | 'github'
  readonly full_name: string
  readonly pipeline: PipelineRecord
  readonly tasuki: { readonly token: boolean; readonly webhook_url: string | null }
  /** In the answer that sets the secret. */
  readonly webhook?: { readonly url: string; readonly secret: string }
}

export interface SourceEventRecord {
  readonly id: string
  readonly kind: 'push' | 'pull-request'
  readonly user: string
  readonly branch: string
  readonly commit: string | null
  readonly state: string
  readonly error: string | null
  readonly at: string
  readonly details: { readonly number?: number; readonly action?: string; readonly forced?: boolean }
}

export interface CouplingRecord {
  readonly id: string
  readonly app: { readonly id: string }
  readonly pipeline: PipelineRecord
  readonly stage: Stage
}

export interface ReviewAppRecord {
  readonly id: string
  readonly app: { readonly id: string } | null
  readonly branch: string
  readonly pr_number: number | null
  readonly status: 'pending' | 'creating' | 'created' | 'deleting' | 'deleted' | 'errored'
  readonly message: string | null
  readonly created_at: string
  readonly tasuki: {
    readonly app_name: string | null
    readonly web_url: string | null
    readonly creator: string
    readonly pr_url: string | null
    readonly fork: boolean
    readonly commit: string | null
    readonly served_commit: string | null
    readonly build: {
      readonly id: string
      readonly status: string
      readonly output_stream_url: string
    } | null
    readonly settled: boolean
    readonly sleep: 'awake' | 'asleep' | 'waking' | null
    readonly deployed_at: string | null
  }
}

export interface ReviewAppConfigRecord {
  readonly automatic_review_apps: boolean
  readonly destroy_stale_apps: boolean
  readonly stale_days: number
  readonly wait_for_ci: boolean
  readonly base_name: string | null
  readonly tasuki: {
    readonly most_apps: number
    readonly most_awake: number | null
    readonly most_awake_bytes: number | null
    readonly idle_ms: number | null
  }
}

export interface Promotion {
  readonly id: string
  readonly status: 'pending' | 'completed'
}

export interface PromotionTarget {
  readonly app: { readonly id: string }
  readonly release: { readonly id: string } | null
  readonly status: 'pending' | 'succeeded' | 'failed'
  readonly error_message: string | null
  readonly tasuki?: { readonly approval: { readonly id: string } | null }
}
