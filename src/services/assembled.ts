import { AccessService } from './access.ts'
import { AppSetupService } from './app-setups.ts'
import { AppTransferService } from './app-transfers.ts'
import { ApprovalService } from './approvals.ts'
import { AppService } from './apps.ts'
import { AuditService } from './audit.ts'
import { AuthorizationService } from './authorizations.ts'
import { AutoDeployService } from './auto-deploys.ts'
import { BaseImageService } from './base-image.ts'
import { BranchDeployRunner } from './branch-deploy-runner.ts'
import { BrowserLoginService } from './browser-logins.ts'
import { BuildpackService } from './buildpacks.ts'
import { BuildService } from './builds.ts'
import { ChangeService } from './changes.ts'
import { ChangesAheadService } from './changes-ahead.ts'
import { CollaboratorService } from './collaborators.ts'
import { Collector } from './collector.ts'
import { CommitSources } from './commit-sources.ts'
import { ConfigService } from './config.ts'
import type { ServiceDeps } from './context.ts'
import { DailyRestarts } from './daily-restarts.ts'
import { DoctorService } from './doctor.ts'
import { DomainService } from './domains.ts'
import { DrainService } from './drains.ts'
import { FeatureService } from './features.ts'
import { ForgeEvents } from './forge-events.ts'
import { ForgeReports } from './forge-reports.ts'
import { FormationService } from './formation.ts'
import { FreezeService } from './freezes.ts'
import { HealthService } from './health.ts'
import { HostChecks } from './host-checks.ts'
import type { HostKeeper } from './host-keeper.ts'
import { HostTrust } from './host-trust.ts'
import { HostService } from './hosts.ts'
import { ImageDeployService } from './image-deploys.ts'
import { InstanceService } from './instances.ts'
import { LogSessionService } from './log-sessions.ts'
import { LoginService } from './logins.ts'
import { Outputs } from './outputs.ts'
import { Passwords } from './passwords.ts'
import { PipelineRepositoryService } from './pipeline-repositories.ts'
import { PipelineTransferService } from './pipeline-transfers.ts'
import { PipelineService } from './pipelines.ts'
import { PlacementService } from './placements.ts'
import { PlanService } from './plan.ts'
import type { ServerControl } from './ports.ts'
import { PromotionService } from './promotions.ts'
import { PushedBranches } from './pushed-branches.ts'
import { PushService } from './pushes.ts'
import { RegistryService } from './registry.ts'
import { ReleasePhaseOutput } from './release-output.ts'
import { ReleaseService } from './releases.ts'
import { ReplayService } from './replays.ts'
import { Repositories } from './repositories.ts'
import { RestartService } from './restarts.ts'
import { ReviewAppService } from './review-apps.ts'
import { RollbackService } from './rollback.ts'
import { RolloutEvents } from './rollout-events.ts'
import { RolloutService } from './rollouts.ts'
import { RouterService } from './routers.ts'
import { RunService } from './runs.ts'
import { Secrets } from './secrets.ts'
import { SleepingService } from './sleeping.ts'
import { SlugService } from './slugs.ts'
import { SourceEventService } from './source-events.ts'
import { SourceService } from './sources.ts'
import { StageConfigService } from './stage-config.ts'
import { StageService } from './stages.ts'
import { StopService } from './stops.ts'
import { TestRunService } from './test-runs.ts'
import { TokenService } from './tokens.ts'
import { UserService } from './users.ts'
import { WebhookService } from './webhooks.ts'

/** All that a user can ask for, one noun a member. */
export interface Nouns {
  readonly access: AccessService
  readonly apps: AppService
  readonly appSetups: AppSetupService
  readonly appTransfers: AppTransferService
  readonly approvals: ApprovalService
  readonly audit: AuditService
  readonly baseImage: BaseImageService
  readonly browserLogins: BrowserLoginService
  readonly buildpacks: BuildpackService
  readonly authorizations: AuthorizationService
  readonly autoDeploys: AutoDeployService
  readonly builds: BuildService
  readonly changesAhead: ChangesAheadService
  readonly changes: ChangeService
  readonly collaborators: CollaboratorService
  readonly collector: Collector
  readonly commitSources: CommitSources
  readonly config: ConfigService
  readonly dailyRestarts: DailyRestarts
  readonly doctor: DoctorService
  readonly domains: DomainService
  readonly drains: DrainService
  readonly features: FeatureService
  readonly forgeEvents: ForgeEvents
  readonly forgeReports: ForgeReports
  readonly formation: FormationService
  readonly freezes: FreezeService
  readonly health: HealthService
  readonly hostChecks: HostChecks
  readonly hosts: HostService
  readonly hostTrust: HostTrust
  readonly imageDeploys: ImageDeployService
  readonly instances: InstanceService
  readonly logins: LoginService
  readonly logSessions: LogSessionService
  readonly pipelineRepositories: PipelineRepositoryService
  readonly pipelines: PipelineService
  readonly pipelineTransfers: PipelineTransferService
  readonly placements: PlacementService
  readonly plans: PlanService
  readonly promotions: PromotionService
  readonly pushes: PushService
  readonly registry: RegistryService
  readonly releaseOutput: ReleasePhaseOutput
  readonly releases: ReleaseService
  readonly replays: ReplayService
  readonly repositories: Repositories
  readonly restarts: RestartService
  readonly reviewApps: ReviewAppService
  readonly rollback: RollbackService
  readonly rolloutEvents: RolloutEvents
  readonly rollouts: RolloutService
  readonly routers: RouterService
  readonly runs: RunService
  readonly secrets: Secrets
  readonly server: ServerControl
  readonly sleeping: SleepingService
  readonly slugs: SlugService
  readonly sourceEvents: SourceEventService
  readonly sources: SourceService
  readonly stageConfig: StageConfigService
  readonly stages: StageService
  readonly stops: StopService
  readonly testRuns: TestRunService
  readonly tokens: TokenService
  readonly users: UserService
  readonly webhooks: WebhookService
}

/** Makes each of what it needs of the others. */
export function assembled(deps: ServiceDeps, hosts: HostKeeper): Nouns {
  const secrets = new Secrets(deps.store.seal)
  const sources = new SourceService(deps, secrets)
  const outputs = new Outputs(deps.store.dataDir)
  const builds = new BuildService(deps, sources, outputs)
  const releaseOutput = new ReleasePhaseOutput(deps)
  const restarts = new RestartService(deps)
  const runs = new RunService(deps)
  const sleeping = new SleepingService(deps)
  const authorizations = new AuthorizationService(deps)
  const passwords = new Passwords(deps.settings.passwordCost)
  const users = new UserService(deps, passwords)
  const repositories = new Repositories(deps)
  const sourceEvents = new SourceEventService(deps)
  const rolloutEvents = new RolloutEvents(deps, releaseOutput)
  const apps = new AppService(deps, hosts, builds, repositories)
  const access = new AccessService(deps, apps)
  const collaborators = new CollaboratorService(deps, users)
  const pipelines = new PipelineService(deps, access)
  const releases = new ReleaseService(deps)
  const buildpacks = new BuildpackService(deps)
  const config = new ConfigService(deps)
  const commitSources = new CommitSources(deps, repositories, sources)
  const forgeReports = new ForgeReports(deps)
  const appSetups = new AppSetupService(deps, { apps, buildpacks, builds, runs, sources })
  return {
    access,
    apps,
    appTransfers: new AppTransferService(deps, { access, apps, collaborators, users }),
    appSetups,
    approvals: new ApprovalService(deps, pipelines),
    audit: new AuditService(deps),
    buildpacks,
    authorizations,
    autoDeploys: new AutoDeployService(
      deps,
      new BranchDeployRunner(deps, { apps, builds, commitSources, forgeReports }),
    ),
    baseImage: new BaseImageService(deps),
    browserLogins: new BrowserLoginService(deps, authorizations),
    builds,
    changesAhead: new ChangesAheadService(deps, { commitSources, pipelines, releases }),
    changes: new ChangeService(deps, { access, apps, pipelines }),
    collaborators,
    collector: new Collector(deps, sources, builds),
    commitSources,
    config,
    dailyRestarts: new DailyRestarts(deps),
    doctor: new DoctorService(deps),
    domains: new DomainService(deps, hosts),
    drains: new DrainService(deps),
    features: new FeatureService(deps),
    forgeEvents: new ForgeEvents(deps, sourceEvents),
    forgeReports,
    formation: new FormationService(deps),
    freezes: new FreezeService(deps, access),
    health: new HealthService(deps),
    hostChecks: new HostChecks(deps),
    hosts: new HostService(deps, runs),
    hostTrust: new HostTrust(deps),
    imageDeploys: new ImageDeployService(deps),
    instances: new InstanceService(deps, runs),
    logins: new LoginService(deps, passwords),
    logSessions: new LogSessionService(deps, secrets),
    pipelineRepositories: new PipelineRepositoryService(deps, access),
    pipelines,
    pipelineTransfers: new PipelineTransferService(deps, access, users),
    placements: new PlacementService(deps),
    plans: new PlanService(deps),
    promotions: new PromotionService(deps),
    pushes: new PushService(deps, {
      repositories,
      sources,
      branches: new PushedBranches(deps, repositories, sourceEvents),
      builds,
      rolloutEvents,
    }),
    registry: new RegistryService(deps),
    releaseOutput,
    releases,
    replays: new ReplayService(deps),
    repositories,
    restarts,
    reviewApps: new ReviewAppService(deps, {
      apps,
      builds,
      commitSources,
      forgeReports,
      runs,
      setups: appSetups,
      sleeping,
    }),
    rollback: new RollbackService(deps),
    rolloutEvents,
    rollouts: new RolloutService(deps),
    routers: new RouterService(deps),
    runs,
    secrets,
    server: deps.server,
    sleeping,
    slugs: new SlugService(deps),
    sourceEvents,
    sources,
    stageConfig: new StageConfigService(deps),
    stages: new StageService(deps, access, users),
    stops: new StopService(restarts, runs),
    testRuns: new TestRunService(deps, { builds, commitSources, forgeReports, outputs, sources }),
    tokens: new TokenService(deps),
    users,
    webhooks: new WebhookService(deps),
  }
}
