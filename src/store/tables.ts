import { type AppSetups, appSetupsTable } from './app-setups.ts'
import { type AppTransfers, appTransfersTable } from './app-transfers.ts'
import { type Approvals, approvalsTable } from './approvals.ts'
import { type Apps, appsTable } from './apps.ts'
import { type ArtifactCache, type Artifacts, artifactsTable } from './artifacts.ts'
import { type Audit, auditTable } from './audit.ts'
import { type AutoDeploys, autoDeploysTable } from './auto-deploys.ts'
import { type BaseImages, baseImageTable } from './base-image.ts'
import { type BranchDeploys, branchDeploysTable } from './branch-deploys.ts'
import { type Buildpacks, buildpacksTable } from './buildpacks.ts'
import { type Builds, buildsTable } from './builds.ts'
import { type Collaborators, collaboratorsTable } from './collaborators.ts'
import { type Commits, commitsTable } from './commits.ts'
import { type Condemned, condemnedTable } from './condemned.ts'
import { type Configs, configTable } from './config.ts'
import type { Db } from './db.ts'
import { type Domains, domainsTable } from './domains.ts'
import { type Drains, drainsTable } from './drains.ts'
import { type Events, eventsTable } from './events.ts'
import { type ExternalBalancers, externalBalancersTable } from './external-balancers.ts'
import { type Features, featuresTable } from './features.ts'
import { type ForgeReportTables, forgeReportTables } from './forge-reports.ts'
import { type Formations, formationTable } from './formation.ts'
import { type Freezes, freezesTable } from './freezes.ts'
import { type HealthStretches, healthTable } from './health.ts'
import { type Hosts, hostsTable } from './hosts.ts'
import { type Journal, journalTable } from './journal.ts'
import { type Outbox, outboxTables } from './outbox.ts'
import { type PipelineRepositories, pipelineRepositoriesTable } from './pipeline-repositories.ts'
import { type Couplings, couplingsTable, type Pipelines, pipelinesTable } from './pipelines.ts'
import { type Placements, placementsTable } from './placements.ts'
import { type Promotions, promotionsTable } from './promotions.ts'
import { type Pushes, pushesTable } from './pushes.ts'
import { type Registries, registryTable } from './registry.ts'
import { type Releases, releasesTable } from './releases.ts'
import { type Replays, replaysTable } from './replays.ts'
import { type ReviewAppConfigs, reviewAppConfigsTable } from './review-app-configs.ts'
import { type ReviewApps, reviewAppsTable } from './review-apps.ts'
import { type Rollouts, rolloutsTable } from './rollouts.ts'
import { type Runs, runsTable } from './runs.ts'
import type { Seal } from './seal.ts'
import { type Sleepers, sleepersTable } from './sleepers.ts'
import { type SourceEvents, sourceEventsTable } from './source-events.ts'
import { type SourceHeads, sourceHeadsTables } from './source-heads.ts'
import { type Sources, sourcesTable } from './sources.ts'
import { type StageConfigs, stageConfigTable } from './stage-config.ts'
import { type Stages, stagesTable } from './stages.ts'
import { type TestCases, testCasesTable } from './test-cases.ts'
import { type TestRuns, testRunsTable } from './test-runs.ts'
import { type Tokens, tokensTable } from './tokens.ts'
import { type Users, usersTable } from './users.ts'
import { type Webhooks, webhooksTable } from './webhooks.ts'

/** All that is stored, one noun a member. Within a transaction use only the tables that it gave. */
export interface Tables {
  readonly approvals: Approvals
  readonly apps: Apps
  readonly appSetups: AppSetups
  readonly appTransfers: AppTransfers
  readonly artifacts: Artifacts
  readonly audit: Audit
  readonly autoDeploys: AutoDeploys
  readonly baseImage: BaseImages
  readonly branchDeploys: BranchDeploys
  readonly buildpacks: Buildpacks
  readonly builds: Builds
  readonly collaborators: Collaborators
  readonly commits: Commits
  readonly condemned: Condemned
  readonly config: Configs
  readonly domains: Domains
  readonly drains: Drains
  readonly events: Events
  readonly externalBalancers: ExternalBalancers
  readonly features: Features
  readonly forgeReports: ForgeReportTables
  readonly formation: Formations
  readonly freezes: Freezes
  readonly health: HealthStretches
  readonly hosts: Hosts
  readonly journal: Journal
  readonly couplings: Couplings
  readonly pipelines: Pipelines
  readonly pipelineRepositories: PipelineRepositories
  readonly placements: Placements
  readonly promotions: Promotions
  readonly outbox: Outbox
  readonly webhooks: Webhooks
  readonly pushes: Pushes
  readonly registry: Registries
  readonly releases: Releases
  readonly replays: Replays
  readonly reviewAppConfigs: ReviewAppConfigs
  readonly reviewApps: ReviewApps
  readonly rollouts: Rollouts
  readonly runs: Runs
  readonly sourceEvents: SourceEvents
  readonly sleepers: Sleepers
  readonly sourceHeads: SourceHeads
  readonly sources: Sources
  readonly stages: Stages
  readonly stageConfig: StageConfigs
  readonly testCases: TestCases
  readonly testRuns: TestRuns
  readonly tokens: Tokens
  readonly users: Users
}

export function tablesOf(db: Db, seal: Seal, cache: ArtifactCache): Tables {
  return {
    approvals: approvalsTable(db),
    apps: appsTable(db),
    appSetups: appSetupsTable(db),
    appTransfers: appTransfersTable(db),
    artifacts: artifactsTable(db, cache),
    audit: auditTable(db),
    autoDeploys: autoDeploysTable(db),
    baseImage: baseImageTable(db),
    branchDeploys: branchDeploysTable(db),
    buildpacks: buildpacksTable(db),
    builds: buildsTable(db),
    collaborators: collaboratorsTable(db),
    commits: commitsTable(db),
    condemned: condemnedTable(db),
    config: configTable(db, seal),
    domains: domainsTable(db),
    drains: drainsTable(db, seal),
    events: eventsTable(db),
    externalBalancers: externalBalancersTable(db),
    features: featuresTable(db),
    forgeReports: forgeReportTables(db),
    formation: formationTable(db),
    freezes: freezesTable(db),
    health: healthTable(db),
    hosts: hostsTable(db),
    journal: journalTable(db),
    couplings: couplingsTable(db),
    pipelines: pipelinesTable(db),
    pipelineRepositories: pipelineRepositoriesTable(db, seal),
    placements: placementsTable(db),
    promotions: promotionsTable(db),
    outbox: outboxTables(db),
    webhooks: webhooksTable(db, seal),
    pushes: pushesTable(db),
    registry: registryTable(db, seal),
    releases: releasesTable(db, seal),
    replays: replaysTable(db, seal),
    reviewAppConfigs: reviewAppConfigsTable(db),
    reviewApps: reviewAppsTable(db, seal),
    rollouts: rolloutsTable(db),
    runs: runsTable(db, seal),
    sourceEvents: sourceEventsTable(db),
    sleepers: sleepersTable(db),
    sourceHeads: sourceHeadsTables(db),
    sources: sourcesTable(db),
    stages: stagesTable(db),
    stageConfig: stageConfigTable(db, seal),
    testCases: testCasesTable(db),
    testRuns: testRunsTable(db),
    tokens: tokensTable(db),
    users: usersTable(db),
  }
}
