import type { Nouns } from './assembled.ts'
import type { ServiceDeps } from './context.ts'
import { HostDrains } from './host-drains.ts'
import type { HostKeeper } from './host-keeper.ts'
import { removeStrays } from './host-strays.ts'
import { ImageSpread } from './image-spread.ts'
import { InstanceLines } from './instance-lines.ts'
import { RolloutLines } from './rollout-lines.ts'
import { Schedule } from './schedule.ts'
import { WebhookPump } from './webhook-pump.ts'

const COLLECT_MS = 15 * 60_000
const REPLAYS_MS = 60_000
const DAILY_LOOK_MS = 10 * 60_000
const REVIEW_LOOK_MS = 60_000
const RUN_LOOK_MS = 1_000
const HOST_LOOK_MS = 1_000
const REGISTRY_LOOK_MS = 5_000
const IMAGE_LOOK_MS = 5_000
const TEST_LOOK_MS = 5_000
const APPROVAL_LOOK_MS = 1_000
const SLEEP_LOOK_MS = 1_000
const DEPLOY_LOOK_MS = 5_000
const HEALTH_LOOK_MS = 1_000

/** Of all services: their begin, and their end. */
export interface Lifecycle {
  /** Tidies up after a control plane that died, tells the router its hosts, begins what happens by the clock. */
  start(): Promise<void>
  /** Ends builds and timers; what runs goes on. */
  stop(): Promise<void>
}

export function lifecycle(deps: ServiceDeps, services: Nouns, hosts: HostKeeper): Lifecycle {
  const schedule = new Schedule(deps.log)
  const hostDrains = new HostDrains(deps)
  const imageSpread = new ImageSpread(deps)
  const webhookPump = new WebhookPump(deps, deps.settings.webhooks)
  const instanceLines = new InstanceLines(deps)
  const rolloutLines = new RolloutLines(deps)
  const { appSetups, authorizations, builds, collector, dailyRestarts, drains, pushes, runs, tokens, users } =
    services
  return {
    async start() {
      await users.start(tokens.adminUser)
      await tokens.start()
      await drains.start()
      await appSetups.prepare()
      await services.autoDeploys.prepare()
      await services.reviewApps.prepare()
      await builds.start()
      await pushes.start()
      await runs.start()
      await appSetups.resume()
      await services.domains.start()
      await services.sleeping.start()
      hosts.start()
      await services.health.start()
      webhookPump.start()
      instanceLines.start()
      rolloutLines.start()
      await services.autoDeploys.look()
      await services.forgeReports.start()
      services.sourceEvents.onEvent('tests', (event) => services.testRuns.handle(event))
      services.testRuns.onEnded((run) => services.autoDeploys.tested(run.pipelineId))
      services.sourceEvents.onEvent('auto-deploys', (event) => services.autoDeploys.handle(event))
      services.sourceEvents.onEvent('review-apps', (event) => services.reviewApps.handle(event))
      await services.reviewApps.start()
      services.testRuns.onEnded(({ pipelineId }) => services.reviewApps.tested(pipelineId))
      await services.testRuns.start()
      await services.sourceEvents.start()
      schedule.every(APPROVAL_LOOK_MS, 'Ending promotions that nobody approved of', () =>
        services.approvals.expire((deps.now ?? Date.now)()),
      )
      schedule.every(COLLECT_MS, 'Collecting what nobody needs', () => collector.collect())
      schedule.every(DEPLOY_LOOK_MS, 'Looking after automatic deploys', () => services.autoDeploys.look())
      // It takes a moment, for which nothing else has to wait.
      void services.registry.look()
      schedule.every(REGISTRY_LOOK_MS, 'Looking after our own registry', () => services.registry.look())
      schedule.every(TEST_LOOK_MS, 'Looking after test runs', () => services.testRuns.look())
      schedule.every(RUN_LOOK_MS, 'Looking after runs', () => runs.look(Date.now()))
      schedule.every(HOST_LOOK_MS, 'Moving instances away from hosts', () => hostDrains.look())
      schedule.every(HOST_LOOK_MS, 'Removing from hosts what belongs to no app', () => removeStrays(deps))
      schedule.every(IMAGE_LOOK_MS, 'Looking which images hosts lack', () => imageSpread.look())
      schedule.every(HEALTH_LOOK_MS, 'Looking how everything is', () => services.health.tick())
      schedule.every(COLLECT_MS, 'Forgetting old health', () => services.health.collect())
      schedule.every(SLEEP_LOOK_MS, 'Looking after apps that sleep', () => services.sleeping.look())
      schedule.every(REVIEW_LOOK_MS, 'Looking after review apps', () =>
        services.reviewApps.tidy((deps.now ?? Date.now)()),
      )
      schedule.every(COLLECT_MS, 'Forgetting expired tokens', () => authorizations.collect())
      schedule.every(REPLAYS_MS, 'Forgetting answers that nobody asks for again', () =>
        services.replays.collect(Date.now()),
      )
      schedule.every(DAILY_LOOK_MS, 'Beginning daily restarts', () => dailyRestarts.begin(Date.now()))
    },
    async stop() {
      await schedule.stop()
      await services.sleeping.stop()
      await services.sourceEvents.stop()
      await services.forgeReports.stop()
      await services.autoDeploys.stop()
      await services.reviewApps.stop()
      await appSetups.stop()
      await webhookPump.stop()
      await instanceLines.stop()
      await rolloutLines.stop()
      await services.testRuns.stop()
      await runs.stop()
      await pushes.stop()
      await builds.stop()
      await services.health.stop()
      await services.registry.stop()
      await hosts.stop()
    },
  }
}
