import { AppService } from './apps.ts'
import { BuildService } from './builds.ts'
import { ConfigService } from './config.ts'
import type { ServiceDeps } from './context.ts'
import { FeatureService } from './features.ts'
import { FormationService } from './formation.ts'
import { HostKeeper } from './host-keeper.ts'
import { InstanceService } from './instances.ts'
import { Outputs } from './outputs.ts'
import { ReleaseService } from './releases.ts'
import { RestartService } from './restarts.ts'
import { RollbackService } from './rollback.ts'
import { RolloutService } from './rollouts.ts'
import { SourceService } from './sources.ts'

/** All that a user can ask for, one noun a member. */
export interface Services {
  readonly apps: AppService
  readonly builds: BuildService
  readonly config: ConfigService
  readonly features: FeatureService
  readonly formation: FormationService
  readonly instances: InstanceService
  readonly releases: ReleaseService
  readonly restarts: RestartService
  readonly rollback: RollbackService
  readonly rollouts: RolloutService
  readonly sources: SourceService
  /** Tidies up after a control plane that died, tells the router its hosts, begins what happens by the clock. */
  start(): Promise<void>
  /** Ends builds and timers; what runs goes on. */
  stop(): Promise<void>
}

export function createServices(deps: ServiceDeps): Services {
  const hosts = new HostKeeper(deps)
  const sources = new SourceService(deps)
  const builds = new BuildService(deps, sources, new Outputs(deps.store.dataDir))
  return {
    apps: new AppService(deps, hosts),
    builds,
    config: new ConfigService(deps),
    features: new FeatureService(deps),
    formation: new FormationService(deps),
    instances: new InstanceService(deps),
    releases: new ReleaseService(deps),
    restarts: new RestartService(deps),
    rollback: new RollbackService(deps),
    rollouts: new RolloutService(deps),
    sources,
    async start() {
      await builds.start()
      await hosts.syncAll()
    },
    async stop() {
      hosts.stop()
      await builds.stop()
    },
  }
}
