import type { ServiceDeps } from './context.ts'

/**
 * Removes from hosts what belongs to apps that are no more: a host that was let go of by force may come back with such
 * instances. Called every second; cheap where there are none. One-offs are looked after by whoever began them.
 */
export async function removeStrays({
  store,
  fleet,
  runtime,
  log,
}: Pick<ServiceDeps, 'store' | 'fleet' | 'runtime' | 'log'>): Promise<void> {
  const there = fleet.conditions().flatMap(({ reachable, instances }) => (reachable ? instances : []))
  const kept = there.filter((one) => one.kind !== 'one-off')
  if (kept.length === 0) return
  const known = new Set(await store.tables.apps.ids())
  for (const { id, appId, host } of kept.filter((one) => !known.has(one.appId))) {
    log.info({ host, instance: id, app: appId }, 'removing an instance of an app that is gone')
    await runtime.remove(id).catch((error: unknown) => {
      log.warn({ host, instance: id, error: String(error) }, 'it could not be removed; again soon')
    })
  }
}
