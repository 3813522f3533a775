import { AccessService } from './access.ts'
import { AppService } from './apps.ts'
import { BuildpackService } from './buildpacks.ts'
import { BuildService } from './builds.ts'
import { Collector } from './collector.ts'
import { ConfigService } from './config.ts'
import type { ServiceDeps } from './context.ts'
import { DailyRestarts } from './daily-restarts.ts'
import { DomainService } from './domains.ts'
import { FeatureService } from './features.ts'
import { FormationService } from './formation.ts'
import { HostKeeper } from './host-keeper.ts'
import { InstanceService } from './instances.ts'
import { LogSessionService } from './log-sessions.ts'
import { Outputs } from './outputs.ts'
import { PipelineService } from './pipelines.ts'
import { PlanService } from './plan.ts'
import type { ServerControl } from './ports.ts'
import { PromotionService } from './promotions.ts'
import { ReleasePhaseOutput } from './release-output.ts'
import { ReleaseService } from './releases.ts'
import { RestartService } from './restarts.ts'
import { RollbackService } from './rollback.ts'
import { RolloutEvents } from './rollout-events.ts'
import { RolloutService } from './rollouts.ts'
import { RunService } from './runs.ts'
import { Schedule } from './schedule.ts'
import { Secrets } from './secrets.ts'
import { SlugService } from './slugs.ts'
import { SourceService } from './sources.ts'
import { TokenService } from './tokens.ts'
import { UserService } from './users.ts'

const COLLECT_MS = 15 * 60_000
const DAILY_LOOK_MS = 10 * 60_000

/** All that a user can ask for, one noun a member. */
export interface Services {
  readonly access: AccessService
  readonly apps: AppService
  readonly buildpacks: BuildpackService
  readonly builds: BuildService
  readonly collector: Collector
  readonly config: ConfigService
  readonly dailyRestarts: DailyRestarts
  readonly domains: DomainService
  readonly features: FeatureService
  readonly formation: FormationService
  readonly instances: InstanceService
  readonly logSessions: LogSessionService
  readonly pipelines: PipelineService
  readonly plans: PlanService
  readonly promotions: PromotionService
  readonly releaseOutput: ReleasePhaseOutput
  readonly releases: ReleaseService
  readonly restarts: RestartService
  readonly rollback: RollbackService
  readonly rolloutEvents: RolloutEvents
  readonly rollouts: RolloutService
  readonly runs: RunService
  readonly secrets: Secrets
  readonly server: ServerControl
  readonly slugs: SlugService
  readonly sources: SourceService
  readonly tokens: TokenService
  readonly users: UserService
  /** Tidies up after a control plane that died, tells the router its hosts, begins what happens by the clock. */
  start(): Promise<void>
  /** Ends builds and timers; what runs goes on. */
  stop(): Promise<void>
}

export function createServices(deps: ServiceDeps): Services {
  const hosts = new HostKeeper(deps)
  const schedule = new Schedule(deps.log)
  const services = assembled(deps, hosts)
  const { builds, collector, dailyRestarts, runs, tokens, users } = services
  return {
    ...services,
    async start() {
      await users.start(tokens.adminUser)
      await tokens.start()
      await builds.start()
      await runs.start()
      hosts.start()
      schedule.every(COLLECT_MS, 'Collecting what nobody needs', () => collector.collect())
      schedule.every(DAILY_LOOK_MS, 'Beginning daily restarts', () => dailyRestarts.begin(Date.now()))
    },
    async stop() {
      runs.stop()
      await schedule.stop()
      await builds.stop()
      await hosts.stop()
    },
  }
}

function assembled(deps: ServiceDeps, hosts: HostKeeper): Omit<Services, 'start' | 'stop'> {
  const secrets = new Secrets(deps.store.seal)
  const sources = new SourceService(deps, secrets)
  const builds = new BuildService(deps, sources, new Outputs(deps.store.dataDir))
  const releaseOutput = new ReleasePhaseOutput(deps)
  const apps = new AppService(deps, hosts, builds)
  const access = new AccessService(deps, apps)
  return {
    access,
    apps,
    buildpacks: new BuildpackService(deps),
    builds,
    collector: new Collector(deps, sources, builds),
    config: new ConfigService(deps),
    dailyRestarts: new DailyRestarts(deps),
    domains: new DomainService(deps, hosts),
    features: new FeatureService(deps),
    formation: new FormationService(deps),
    instances: new InstanceService(deps),
    logSessions: new LogSessionService(deps, secrets),
    pipelines: new PipelineService(deps, access),
    plans: new PlanService(deps),
    promotions: new PromotionService(deps),
    releaseOutput,
    releases: new ReleaseService(deps),
    restarts: new RestartService(deps),
    rollback: new RollbackService(deps),
    rolloutEvents: new RolloutEvents(deps, releaseOutput),
    rollouts: new RolloutService(deps),
    runs: new RunService(deps),
    secrets,
    server: deps.server,
    slugs: new SlugService(deps),
    sources,
    tokens: new TokenService(deps),
    users: new UserService(deps),
  }
}
