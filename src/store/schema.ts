import type { Generated } from 'kysely'
import type { AppSetupsTable } from './app-setups.ts'
import type { AppTransfersTable } from './app-transfers.ts'
import type { ApprovalsTable, ApprovalVotesTable } from './approvals.ts'
import type { AppsTable } from './apps.ts'
import type { ArtifactsTable } from './artifacts.ts'
import type { AuditTable } from './audit.ts'
import type { AutoDeploysTable } from './auto-deploys.ts'
import type { BaseImageTable } from './base-image.ts'
import type { BranchDeploysTable } from './branch-deploys.ts'
import type { BuildpacksTable } from './buildpacks.ts'
import type { BuildsTable } from './builds.ts'
import type { CollaboratorsTable } from './collaborators.ts'
import type { DomainsTable } from './domains.ts'
import type { EventsTable } from './events.ts'
import type { ExternalBalancersTable } from './external-balancers.ts'
import type { ForgeDeploymentsTable, ForgeReportsTable } from './forge-reports.ts'
import type { FreezesTable } from './freezes.ts'
import type { HealthTable } from './health.ts'
import type { HostsTable } from './hosts.ts'
import type { JournalTable } from './journal.ts'
import type { WebhookChangesTable, WebhookDeliveriesTable, WebhookEventsTable } from './outbox.ts'
import type { PipelineRepositoriesTable } from './pipeline-repositories.ts'
import type { CouplingsTable, PipelinesTable } from './pipelines.ts'
import type { PlacementsTable } from './placements.ts'
import type { PromotionsTable, PromotionTargetsTable } from './promotions.ts'
import type { PushesTable } from './pushes.ts'
import type { RegistryTable } from './registry.ts'
import type { ReleasesTable } from './releases.ts'
import type { ReviewAppConfigsTable } from './review-app-configs.ts'
import type { ReviewAppsTable } from './review-apps.ts'
import type { RolloutsTable } from './rollouts.ts'
import type { RunsTable } from './runs.ts'
import type { SleepersTable, SleepPoolsTable } from './sleepers.ts'
import type { SourceEventsTable } from './source-events.ts'
import type { SourceBranchesTable, SourcePullsTable } from './source-heads.ts'
import type { SourcesTable } from './sources.ts'
import type { StageConfigTable } from './stage-config.ts'
import type { StageOrdersTable, StageRulesTable } from './stages.ts'
import type { TestCasesTable } from './test-cases.ts'
import type { PipelineTestsTable, TestNodesTable, TestRunsTable } from './test-runs.ts'
import type { TokensTable } from './tokens.ts'
import type { UsersTable } from './users.ts'
import type { WebhooksTable } from './webhooks.ts'

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
