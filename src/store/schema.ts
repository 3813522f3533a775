import type { Generated } from 'kysely'
import type { ArtifactKind } from '../domain/artifact.ts'
import type { Stage } from '../domain/pipeline.ts'
import type { ReleaseStatus } from '../domain/release.ts'
import type { JournalEntry, RolloutOutcome } from '../domain/rollout.ts'
import type { Strategy } from '../domain/settings.ts'
import type { Level } from '../domain/webhook.ts'
import type { ApprovalsTable, ApprovalVotesTable } from './approvals.ts'
import type { AuditTable } from './audit.ts'
import type { AutoDeploysTable } from './auto-deploys.ts'
import type { BaseImageTable } from './base-image.ts'
import type { BranchDeploysTable } from './branch-deploys.ts'
import type { ExternalBalancersTable } from './external-balancers.ts'
import type { ForgeDeploymentsTable, ForgeReportsTable } from './forge-reports.ts'
import type { FreezesTable } from './freezes.ts'
import type { HealthTable } from './health.ts'
import type { HostsTable } from './hosts.ts'
import type { PipelineRepositoriesTable } from './pipeline-repositories.ts'
import type { PlacementsTable } from './placements.ts'
import type { RegistryTable } from './registry.ts'
import type { ReviewAppConfigsTable } from './review-app-configs.ts'
import type { ReviewAppsTable } from './review-apps.ts'
import type { SleepersTable, SleepPoolsTable } from './sleepers.ts'
import type { SourceEventsTable } from './source-events.ts'
import type { SourceBranchesTable, SourcePullsTable } from './source-heads.ts'
import type { StageConfigTable } from './stage-config.ts'
import type { StageOrdersTable, StageRulesTable } from './stages.ts'
import type { TestCasesTable } from './test-cases.ts'
import type { PipelineTestsTable, TestNodesTable, TestRunsTable } from './test-runs.ts'

/** The tables, as SQLite holds them: flags are 0 or 1, times are UTC ms, objects are JSON text. */
export interface Schema {
  apps: AppsTable
  appSetups: AppSetupsTable
  appTransfers: AppTransfersTable
  config: { appId: string; sealed: Uint8Array }
  formation: { appId: string; type: string; quantity: number; size: string }
  externalBalancers: ExternalBalancersTable
  features: { appId: string; name: string; enabled: number; updatedAt: number }
  domains: DomainsTable
  /** `sealed`: its address, and the authority that its receiver is known by. */
  drains: { id: string; appId: string; token: string; sealed: Uint8Array; createdAt: number }
  artifacts: ArtifactsTable
  health: HealthTable
  approvals: ApprovalsTable
  approvalVotes: ApprovalVotesTable
  audit: AuditTable
  freezes: FreezesTable
  stageOrders: StageOrdersTable
  stageRules: StageRulesTable
  autoDeploys: AutoDeploysTable
  baseImage: BaseImageTable
  registry: RegistryTable
  branchDeploys: BranchDeploysTable & { number: Generated<number> }
  releases: ReleasesTable
  replays: { key: string; sealed: Uint8Array; at: number }
  rollouts: RolloutsTable
  journal: JournalTable
  condemned: { appId: string; instance: string }
  sources: SourcesTable
  builds: BuildsTable
  pushes: PushesTable
  runs: RunsTable
  tokens: TokensTable
  users: UsersTable
  collaborators: CollaboratorsTable
  buildpacks: BuildpacksTable
  sleepers: SleepersTable
  sleepPools: SleepPoolsTable
  pipelines: PipelinesTable
  pipelineTests: PipelineTestsTable
  stageConfig: StageConfigTable
  testRuns: TestRunsTable
  testNodes: TestNodesTable
  testCases: TestCasesTable
  couplings: CouplingsTable
  pipelineRepositories: PipelineRepositoriesTable
  sourceEvents: SourceEventsTable
  sourceBranches: SourceBranchesTable
  sourcePulls: SourcePullsTable
  forgeReports: ForgeReportsTable
  forgeDeployments: ForgeDeploymentsTable
  promotions: PromotionsTable
  promotionTargets: PromotionTargetsTable
  webhooks: WebhooksTable
  webhookChanges: WebhookChangesTable & { id: Generated<number> }
  webhookEvents: WebhookEventsTable
  webhookDeliveries: WebhookDeliveriesTable & { number: Generated<number> }
  reviewAppConfigs: ReviewAppConfigsTable
  reviewApps: ReviewAppsTable
  hosts: HostsTable
  placements: PlacementsTable
  events: EventsTable
}

export interface AppsTable {
  id: string
  name: string
  owner: string
  maintenance: number
  /** The highest generation issued. */
  generation: number
  /** The set that serves when no rollout runs. */
  servingGeneration: number | null
  servingRelease: number | null
  createdAt: number
  updatedAt: number
  releasedAt: number | null
  destroyedAt: number | null
}

export interface DomainsTable {
  id: string
  /** In lower case, as DNS has it; `*.` at its beginning stands for every name below. */
  hostname: string
  appId: string
  kind: 'app' | 'custom'
  createdAt: number
}

export interface AppSetupsTable {
  id: string
  appId: string
  appName: string
  status: 'pending' | 'succeeded' | 'failed'
  sourceUrl: string
  sourceVersion: string | null
  checksum: string | null
  buildId: string | null
  /** The run of the postdeploy script. */
  runId: string | null
  postdeployBegun: number
  /** `{output, exitCode}` once it has run. */
  postdeploy: string | null
  /** What is wrong with app.json, a list. */
  problems: string
  failure: string | null
  successUrl: string | null
  user: string
  createdAt: number
  updatedAt: number
}

export interface AppTransfersTable {
  id: string
  appId: string
  /** E-mail address of who offered it, and of whom it was offered to. */
  owner: string
  recipient: string
  state: 'pending' | 'accepted' | 'declined'
  createdAt: number
  updatedAt: number
}

export interface ArtifactsTable {
  digest: string
  kind: ArtifactKind
  size: number
  commit: string | null
  builder: string
  processTypes: string
  manifest: string
  env: string
  /** JSON of where an image is found. */
  image: string | null
  createdAt: number
  /** When its files were collected; the row stays for the history. */
  collectedAt: number | null
}

interface ReleasesTable {
  id: string
  appId: string
  version: number
  artifact: string | null
  commit: string | null
  description: string
  status: ReleaseStatus
  user: string
  config: Uint8Array
  /** Equal configs of an app have equal digests. */
  configDigest: string
  createdAt: number
  updatedAt: number
}

export interface RolloutsTable {
  id: string
  appId: string
  generation: number
  kind: 'release' | 'restart'
  /** Version of the target's release; its generation is the rollout's own. */
  release: number
  baseGeneration: number | null
  baseRelease: number | null
  strategy: Strategy
  direction: 'forward' | 'back'
  reason: string | null
  backOutcome: 'failed' | 'returned' | null
  releasePhaseDone: number
  switched: number
  paused: number
  outcome: RolloutOutcome | null
  startedAt: number
  finishedAt: number | null
  receipt: string | null
}

interface JournalTable {
  id: Generated<number>
  appId: string
  rollout: string | null
  generation: number
  kind: JournalEntry['kind']
  instance: string | null
  name: string | null
  release: number | null
  note: string
  state: JournalEntry['state']
  error: string | null
  at: number
  endedAt: number | null
}

export interface SourcesTable {
  id: string
  createdAt: number
  /** Bytes; null until it has been uploaded whole. */
  size: number | null
}

export interface BuildsTable {
  id: string
  appId: string
  status: 'pending' | 'succeeded' | 'failed'
  sourceUrl: string
  sourceVersion: string | null
  artifact: string | null
  releaseId: string | null
  rolloutId: string | null
  /** `{id, message, next}` once it has failed. */
  error: string | null
  /** A list of URLs, as JSON; null as long as nobody knows. */
  buildpacks: string | null
  /** `SHA256:` and hex digits, as the source's sender gave it. */
  checksum: string | null
  user: string
  createdAt: number
  updatedAt: number
}

export interface PushesTable {
  id: string
  appId: string
  ref: string
  /** Where the ref was; null when it was not there. */
  fromCommit: string | null
  toCommit: string
  /** Null until its build has been asked for. */
  buildId: string | null
  state: 'pending' | 'accepted' | 'refused'
  reason: string | null
  user: string
  createdAt: number
  endedAt: number | null
}

export interface RunsTable {
  id: string
  appId: string
  name: string
  instance: string
  command: string
  size: string
  release: number
  /** What the user gave beside the command, sealed: it may hold secrets. */
  options: Uint8Array
  state: 'waiting' | 'up' | 'ended'
  exitCode: number | null
  user: string
  createdAt: number
  endedAt: number | null
}

export interface TokensTable {
  id: string
  /** sha-256 of the token, hex. */
  hash: string
  /** E-mail address. */
  user: string
  description: string
  createdAt: number
  updatedAt: number
  /** `file`: the admin's of the data directory. `login`: ends with a logout. */
  kind: 'file' | 'login' | 'authorization'
  /** Separated by spaces. */
  scopes: string
  /** The first letters of the token, to know it again by. */
  hint: string
  /** Null: never. */
  expiresAt: number | null
}

export interface UsersTable {
  id: string
  /** In lower case. */
  email: string
  name: string | null
  /** Salted hash with its parameters; null: no password lets this user in. */
  password: string | null
  admin: number
  builtIn: number
  createdAt: number
  updatedAt: number
}

export interface CollaboratorsTable {
  id: string
  appId: string
  userId: string
  createdAt: number
}

interface BuildpacksTable {
  appId: string
  /** A list of URLs, as JSON. */
  urls: string
  updatedAt: number
}

export interface PipelinesTable {
  id: string
  name: string
  /** E-mail address. */
  owner: string
  createdAt: number
  updatedAt: number
}

export interface CouplingsTable {
  id: string
  pipelineId: string
  appId: string
  stage: Stage
  createdAt: number
  updatedAt: number
}

export interface PromotionsTable {
  id: string
  pipelineId: string
  /** The app that was promoted from, and the id of its release. */
  appId: string
  releaseId: string
  user: string
  createdAt: number
}

export interface PromotionTargetsTable {
  id: string
  promotionId: string
  appId: string
  /** Id of the release that it got; null while it has none. */
  releaseId: string | null
  /** Id of the approval that it waits for, or has waited for. */
  approvalId: string | null
  /** Why it got no release when that was given. */
  error: string | null
}

export interface WebhooksTable {
  id: string
  appId: string
  /** A list of entities, as JSON. */
  include: string
  level: Level
  url: string
  /** What it signs and authorizes with, sealed. */
  sealed: Uint8Array
  createdAt: number
  updatedAt: number
}

/** Written by triggers alone. */
export interface WebhookChangesTable {
  appId: string
  appName: string | null
  entity: string
  action: string
  data: string
  previous: string
  at: number
}

export interface WebhookEventsTable {
  id: string
  appId: string
  include: string
  payload: string
  createdAt: number
}

export interface WebhookDeliveriesTable {
  id: string
  webhookId: string
  eventId: string
  status: 'pending' | 'retrying' | 'succeeded' | 'failed'
  attempts: number
  /** Null once it has ended. */
  nextAt: number | null
  /** Of the last attempt. */
  attemptId: string | null
  attemptAt: number | null
  code: number | null
  error: string | null
  createdAt: number
  updatedAt: number
}

export interface EventsTable {
  id: Generated<number>
  appId: string | null
  appName: string | null
  at: number
  user: string
  kind: string
  text: string
}
