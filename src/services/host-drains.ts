import { TasukiError } from '../domain/errors.ts'
import { eligible, noHost } from '../domain/placement.ts'
import type { StoredHost } from '../store/hosts.ts'
import type { ServiceDeps } from './context.ts'
import { misplaced } from './misplaced.ts'
import { placementOf } from './placements.ts'
import { intendedRelease } from './rollouts.ts'

type Deps = Pick<ServiceDeps, 'store' | 'engine' | 'fleet'>

/**
 * Moves instances away from hosts that are being drained, or that have their app's label no more: condemns each, so that the
 * engine replaces it one for one, and starts nothing there. Works from what is, so it goes on whatever becomes of the
 * control plane.
 */
export class HostDrains {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Called every second. One-offs are let to their own end. */
  async look(): Promise<void> {
    const { store, engine, fleet } = this.#deps
    const conditions = new Map(fleet.conditions().map((one) => [one.id, one]))
    const draining = (await store.tables.hosts.all()).filter(({ state }) => state === 'draining')
    const there = draining.flatMap(({ id }) => conditions.get(id)?.instances ?? [])
    const leaving = [...there, ...(await misplaced(this.#deps))]
    const formation = leaving.filter((one) => one.kind === 'formation' && one.state === 'running')
    for (const appId of new Set(formation.map((one) => one.appId))) {
      const condemned = new Set(await store.tables.condemned.of(appId))
      const fresh = formation.filter((one) => one.appId === appId && !condemned.has(one.id))
      if (fresh.length === 0 || !(await store.tables.apps.byId(appId))) continue
      for (const { id } of fresh) await store.tables.condemned.add(appId, id)
      engine.poke(appId)
    }
  }
}

/** Throws TasukiError `no_host` when an app with instances on the host could run nowhere else. */
export async function requireElsewhere({ store, fleet }: Deps, host: StoredHost): Promise<void> {
  const { tables } = store
  const conditions = new Map(fleet.conditions().map((one) => [one.id, one]))
  const others = (await tables.hosts.all())
    .filter(({ id }) => id !== host.id)
    .map((one) => ({
      host: one,
      reachable: conditions.get(one.id)?.reachable ?? false,
      instances: [],
    }))
  const there = (conditions.get(host.id)?.instances ?? []).filter((one) => one.kind === 'formation')
  for (const appId of new Set(there.map((one) => one.appId))) {
    const release = await intendedRelease(tables, appId)
    if (!release?.artifact) continue
    const placement = await placementOf(tables, appId, release.artifact)
    if (placement.runtime === 'process' || eligible(others, placement.label).length > 0) continue
    const { code, message, next } = noHost(others, placement.label)
    const name = (await tables.apps.byId(appId))?.name ?? appId
    throw new TasukiError(code, `${name} could run nowhere else. ${message}`, { next })
  }
}
