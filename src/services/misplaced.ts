import type { RuntimeInstance } from '../domain/instance.ts'
import { eligible } from '../domain/placement.ts'
import type { Tables } from '../store/tables.ts'
import type { ServiceDeps } from './context.ts'
import { placementOf } from './placements.ts'

/**
 * Instances on hosts whose labels were changed since, so that their app would not be put there any more, and could be put
 * elsewhere now. What a rollout is at is left to that: it starts all of its own where they belong.
 */
export async function misplaced({
  store,
  fleet,
}: Pick<ServiceDeps, 'store' | 'fleet'>): Promise<RuntimeInstance[]> {
  const { tables } = store
  const labels = new Map((await tables.placements.byLabel()).map(({ appId, label }) => [appId, label]))
  const conditions = new Map(fleet.conditions().map((one) => [one.id, one]))
  const hosts = (await tables.hosts.all()).map((host) => {
    const { reachable = false, instances = [] } = conditions.get(host.id) ?? {}
    return { host, reachable, instances }
  })
  const found: RuntimeInstance[] = []
  for (const { host, instances } of hosts.filter(({ reachable }) => reachable))
    for (const instance of instances) {
      const label = labels.get(instance.appId)
      if (label === undefined || host.labels.includes(label) || eligible(hosts, label).length === 0) continue
      if (await isToMove(tables, instance, label)) found.push(instance)
    }
  return found
}

/** It is placed by that label also when one looks closely: an app may be on its way from one place to another. */
async function isToMove(tables: Tables, instance: RuntimeInstance, label: string): Promise<boolean> {
  const { appId, release, generation } = instance
  if (await tables.rollouts.running(appId)) return false
  const digest = (await tables.releases.byVersion(appId, release))?.artifact
  if (!digest) return false
  const placement = await placementOf(tables, appId, digest, generation)
  return placement.runtime === 'docker' && placement.label === label
}
