import { AppService } from './apps.ts'
import { BuildService } from './builds.ts'
import { Collector } from './collector.ts'
import { ConfigService } from './config.ts'
import type { ServiceDeps } from './context.ts'
import { DailyRestarts } from './daily-restarts.ts'
import { FeatureService } from './features.ts'
import { FormationService } from './formation.ts'
import { HostKeeper } from './host-keeper.ts'
import { InstanceService } from './instances.ts'
import { LogSessionService } from './log-sessions.ts'
import { Outputs } from './outputs.ts'
import { PlanService } from './plan.ts'
import type { ServerControl } from './ports.ts'
import { ReleasePhaseOutput } from './release-output.ts'
import { ReleaseService } from './releases.ts'
import { RestartService } from './restarts.ts'
import { RollbackService } from './rollback.ts'
import { RolloutEvents } from './rollout-events.ts'
import { RolloutService } from './rollouts.ts'
import { RunService } from './runs.ts'
import { Schedule } from './schedule.ts'
import { Secrets } from './secrets.ts'
import { SourceService } from './sources.ts'
import { TokenService } from './tokens.ts'

const COLLECT_MS = 60 * 60_000
const DAILY_LOOK_MS = 10 * 60_000

/** All that a user can ask for, one noun a member. */
export interface Services {
  readonly apps: AppService
  readonly builds: BuildService
  readonly collector: Collector
  readonly config: ConfigService
  readonly dailyRestarts: DailyRestarts
  readonly features: FeatureService
  readonly formation: FormationService
  readonly instances: InstanceService
  readonly logSessions: LogSessionService
  readonly plans: PlanService
  readonly releaseOutput: ReleasePhaseOutput
  readonly releases: ReleaseService
  readonly restarts: RestartService
  readonly rollback: RollbackService
  readonly rolloutEvents: RolloutEvents
  readonly rollouts: RolloutService
  readonly runs: RunService
  readonly secrets: Secrets
  readonly server: ServerControl
  readonly sources: SourceService
  readonly tokens: TokenService
  /** Tidies up after a control plane that died, tells the router its hosts, begins what happens by the clock. */
  start(): Promise<void>
  /** Ends builds and timers; what runs goes on. */
  stop(): Promise<void>
}

export function createServices(deps: ServiceDeps): Services {
  const hosts = new HostKeeper(deps)
  const secrets = new Secrets(deps.store.seal)
  const sources = new SourceService(deps, secrets)
  const releaseOutput = new ReleasePhaseOutput(deps)
  const runs = new RunService(deps)
  const collector = new Collector(deps, sources)
  const dailyRestarts = new DailyRestarts(deps)
  const schedule = new Schedule(deps.log)
  const tokens = new TokenService(deps)
  const builds = new BuildService(deps, sources, new Outputs(deps.store.dataDir))
  return {
    apps: new AppService(deps, hosts),
    builds,
    collector,
    config: new ConfigService(deps),
    dailyRestarts,
    features: new FeatureService(deps),
    formation: new FormationService(deps),
    instances: new InstanceService(deps),
    logSessions: new LogSessionService(deps, secrets),
    plans: new PlanService(deps),
    releaseOutput,
    releases: new ReleaseService(deps),
    restarts: new RestartService(deps),
    rollback: new RollbackService(deps),
    rolloutEvents: new RolloutEvents(deps, releaseOutput),
    rollouts: new RolloutService(deps),
    runs,
    secrets,
    server: deps.server,
    sources,
    tokens,
    async start() {
      await tokens.start()
      await builds.start()
      await runs.start()
      await hosts.syncAll()
      schedule.every(COLLECT_MS, 'Collecting what nobody needs', () => collector.collect())
      schedule.every(DAILY_LOOK_MS, 'Beginning daily restarts', () => dailyRestarts.begin(Date.now()))
    },
    async stop() {
      hosts.stop()
      runs.stop()
      await schedule.stop()
      await builds.stop()
    },
  }
}
