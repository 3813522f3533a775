import { join } from 'node:path'
import type { Router, Runtime, Traffic } from '../rollout/ports.ts'
import { ChosenRouter } from '../router/chosen-router.ts'
import { ExternalRouter } from '../router/external/router.ts'
import { UnseenTraffic } from '../router/external/unseen-traffic.ts'
import type { Checks } from '../services/ports.ts'
import { rulesBehind } from '../services/routers.ts'
import type { Tables } from '../store/tables.ts'
import { systemClock } from '../system.ts'

interface Parts {
  readonly data: string
  readonly tables: Tables
  readonly runtime: Pick<Runtime, 'preStop'>
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

/** The balancers that are not ours, as far as the control plane has to do with them. */
export function openExternal({ data, tables, runtime, log }: Parts): Promise<ExternalRouter> {
  return ExternalRouter.open({
    file: join(data, 'external', 'servers.json'),
    monotonic: systemClock.monotonic,
    rules: (backend, release) => rulesBehind(tables, backend, release),
    shutDown: (instance, hook, limitMs) => runtime.preStop(instance, hook, limitMs),
    condemn: (appId, instance) => tables.condemned.add(appId, instance),
    log,
  })
}

interface Ways {
  readonly ours: Router
  readonly checks: Checks
  readonly external: ExternalRouter
  readonly traffic: Traffic
}

/** Each app's own way to its visitors, and what can be said of them. */
export function routingOf(
  tables: Tables,
  { ours, checks, external, traffic }: Ways,
): { readonly router: Router; readonly traffic: Traffic; readonly checks: Checks } {
  const isExternal = async (appId: string) => (await tables.externalBalancers.of(appId)) !== null
  return {
    router: new ChosenRouter(ours, external, isExternal),
    traffic: new UnseenTraffic(traffic, async (id) => {
      const rollout = await tables.rollouts.byId(id)
      return rollout !== null && (await isExternal(rollout.appId))
    }),
    checks: { checks: async () => new Map([...(await checks.checks()), ...external.checks()]) },
  }
}
