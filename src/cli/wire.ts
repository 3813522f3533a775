import type { HealthState } from '../domain/health.ts'
import type { Stage } from '../domain/pipeline.ts'
import type { Receipt, RolloutOutcome } from '../domain/rollout.ts'
import type { TestStatus } from '../domain/test-run.ts'
import type { DrawnEntry } from '../text/phases.ts'

/** Bodies of the API (docs/api.md) as far as the command line reads them. */

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

export interface Account {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly tasuki: { readonly admin: boolean; readonly password: boolean }
}

export interface Authorization {
  readonly id: string
  readonly description: string
  readonly scope: readonly string[]
  readonly access_token: { readonly token: string; readonly expires_in: number | null }
  readonly created_at: string
}

export interface Collaborator {
  readonly role: string
  readonly user: { readonly id: string; readonly email: string }
}

export interface ServerUser {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly admin: boolean
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

/** The server's own certificate authority; nulls when it needs none. */
export interface AuthorityRecord {
  readonly certificate: string | null
  readonly fingerprint: string | null
  readonly expires_at: string | null
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

export interface RolloutRecord {
  readonly id: string
  readonly app: { readonly id: string; readonly name: string }
  readonly generation: number
  readonly kind: string
  readonly strategy: string
  readonly from: number | null
  readonly to: number
  readonly direction: string
  readonly status: 'running' | RolloutOutcome
  readonly reason: string | null
  readonly phase: string | null
  readonly paused: boolean
  readonly started_at: string | number
  readonly finished_at: string | number | null
  readonly receipt: unknown
}

export interface JournalRecord {
  readonly id: number
  readonly kind: DrawnEntry['kind']
  readonly instance: string | null
  readonly name: string | null
  readonly release: number | null
  readonly note: string
  readonly state: DrawnEntry['state']
  readonly error: string | null
  readonly at: string | number
  readonly ended_at: string | number | null
}

export interface Plan {
  readonly app: string | { readonly name: string }
  readonly from: number | null
  readonly to: number
  readonly strategy: string
  readonly steps: readonly {
    readonly operation: string
    readonly instance: string | null
    readonly release: number | null
    readonly note: string
  }[]
  readonly risks: readonly { readonly code: string; readonly text: string }[]
  readonly peak: { readonly instances: number; readonly memory_mib: number }
  readonly slots: number
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

export interface TestRunRecord {
  readonly id: string
  readonly number: number
  readonly status: TestStatus
  readonly message: string | null
  readonly commit_branch: string
  readonly commit_sha: string
  readonly commit_message: string
  readonly actor_email: string
  readonly pipeline: { readonly id: string }
  readonly created_at: string
  readonly tasuki: {
    readonly attempts: number
    readonly tests_at: string | null
    readonly ended_at: string | null
  }
}

export interface TestNodeRecord {
  readonly id: string
  readonly index: number
  readonly status: TestStatus
  readonly exit_code: number | null
  readonly message: string | null
  readonly setup_stream_url: string
  readonly output_stream_url: string
}

export interface TestCaseRecord {
  readonly number: number
  readonly description: string
  readonly passed: boolean
  readonly directive: string
  readonly diagnostic: string
}

export interface FlakyRecord {
  readonly description: string
  readonly runs: number
  readonly failures: number
  readonly last_failure: number
}

/** A time of the API, ISO 8601 or UTC ms, as UTC ms. */
export function instant(time: string | number): number {
  return typeof time === 'number' ? time : Date.parse(time)
}

/** A journal entry as the timeline draws it. */
export function drawnEntry(record: JournalRecord): DrawnEntry {
  return {
    kind: record.kind,
    instance: record.instance,
    name: record.name,
    release: record.release,
    note: record.note,
    state: record.state,
    at: instant(record.at),
    endedAt: record.ended_at === null ? null : instant(record.ended_at),
  }
}

/** The domain's receipt out of the API's; null stays null. */
export function receiptOf(wire: unknown): Receipt | null {
  if (wire === null || wire === undefined) return null
  const { startedAt, finishedAt, ...rest } = camelised(wire) as Record<string, unknown>
  const traffic = rest.traffic as Record<string, unknown>
  const lost = (wire as { traffic: { lost: unknown } }).traffic.lost
  const outages = (traffic.outages as { from: string | number; ms: number }[]).map((outage) => ({
    from: instant(outage.from),
    ms: outage.ms,
  }))
  return {
    ...rest,
    startedAt: instant(startedAt as string | number),
    finishedAt: instant(finishedAt as string | number),
    traffic: { ...traffic, lost, outages },
  } as unknown as Receipt
}

/** Keys from snake_case to camelCase, at every depth. */
function camelised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelised)
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).map(([key, inner]) => [camel(key), camelised(inner)])
  return Object.fromEntries(entries)
}

function camel(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
