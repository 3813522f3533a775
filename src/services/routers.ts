import { TasukiError } from '../domain/errors.ts'
import { type ExternalBalancer, unfitBehind } from '../domain/external-balancer.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import { DEFAULT_SETTINGS, type PreStop } from '../domain/settings.ts'
import type { BackendKey } from '../rollout/ports.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import { type BalancerTarget, targetsOf } from './balancer-targets.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { beginRestart } from './restarts.ts'
import { intendedRelease } from './rollouts.ts'

/** What an app's visitors come through. */
export interface AppRouting {
  /** Null: our own router. */
  readonly external: ExternalBalancer | null
  /** Where instances may be, for the balancer's own configuration; none for our own router. */
  readonly targets: readonly BalancerTarget[]
  /** What it is to ask of each; null for our own router, or while nothing was deployed. */
  readonly check: { readonly path: string | null; readonly host: string } | null
}

/** The same after a change, and what brings the instances there. */
export interface Routed extends AppRouting {
  /** Id of the rollout that hands over to instances there; null when nothing runs, or nothing has changed. */
  readonly rollout: string | null
}

type Deps = Pick<ServiceDeps, 'store' | 'engine' | 'logs' | 'runtime' | 'settings'>

/** Through what visitors reach an app: our own router, or a balancer of somebody else. */
export class RouterService {
  readonly #deps: Deps

  constructor(deps: Deps) {
    this.#deps = deps
  }

  async get(app: App): Promise<AppRouting> {
    const { tables } = this.#deps.store
    const external = await tables.externalBalancers.of(app.id)
    if (!external) return { external, targets: [], check: null }
    const release = await intendedRelease(tables, app.id)
    const settings = release?.artifact
      ? (await tables.artifacts.get(release.artifact)).manifest.settings
      : null
    const { checkPath: path } = settings?.[ROUTABLE_TYPE] ?? DEFAULT_SETTINGS
    const host = `${app.name}.${this.#deps.settings.domain}`
    return { external, targets: await targetsOf(tables, app, external), check: settings && { path, host } }
  }

  /**
   * From now on the app is behind that balancer, null: behind our own router. What runs is handed over to fresh instances
   * there. Throws `invalid_params` for a balancer that can not be, or an app that can not be taken out by its checks;
   * `conflict` for one that is put to sleep.
   */
  async set(app: App, external: ExternalBalancer | null, user: string): Promise<Routed> {
    if (external) checkPorts(external, this.#deps.settings.ownPorts ?? [])
    const inPlace = external !== null && (await this.#allAt(app.id, external.ports))
    const rollout = await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      const before = await tables.externalBalancers.of(app.id)
      if (JSON.stringify(before) === JSON.stringify(external)) return null
      if (external) {
        await checkFit(tables, app)
        await checkAwake(tables, app)
        await checkOthers(tables, app, external)
        await tables.externalBalancers.set(app.id, external)
      } else await tables.externalBalancers.delete(app.id)
      await tables.events.add({
        ...{ appId: app.id, appName: app.name, at: Date.now() },
        ...{ user, kind: 'router', text: text(external) },
      })
      // With other thresholds alone, nobody has to move: they count from the next hand-over on.
      if (before && inPlace) return null
      return beginRestart(tables, app.id, user)
    })
    announce(this.#deps, app.id, `${text(external)}, by ${user}`)
    this.#deps.engine.poke(app.id)
    return { ...(await this.get(app)), rollout }
  }

  /** Whether every instance is at one of these ports. */
  async #allAt(appId: string, ports: readonly number[]): Promise<boolean> {
    const running = (await this.#deps.runtime.list(appId)).filter(({ kind }) => kind === 'formation')
    return running.every(({ address }) => address === null || ports.includes(address.port))
  }
}

function text(external: ExternalBalancer | null): string {
  return external === null
    ? 'Visitors come through our own router'
    : `Visitors come through an external balancer, at port ${external.ports.join(', ')}`
}

/** Of an instance of that release: what it is taken in and out by. Null when the app is not behind an external balancer. */
export async function rulesBehind(
  tables: Tables,
  { appId, type }: BackendKey,
  release: number,
): Promise<{ balancer: ExternalBalancer; drainMs: number; hook: PreStop } | null> {
  const balancer = await tables.externalBalancers.of(appId)
  const digest = (await tables.releases.byVersion(appId, release))?.artifact
  if (!balancer || !digest) return null
  const { manifest } = await tables.artifacts.get(digest)
  const { preStop, drainSeconds } = manifest.settings[type] ?? DEFAULT_SETTINGS
  return preStop === null ? null : { balancer, drainMs: drainSeconds * 1000, hook: preStop }
}

/** A port that some other app's instance could be given would bring it this app's visitors. */
function checkPorts({ ports }: ExternalBalancer, own: readonly { first: number; last: number }[]): void {
  const taken = ports.find((port) => own.some(({ first, last }) => port >= first && port <= last))
  if (taken === undefined) return
  const ranges = own.map(({ first, last }) => `${first} to ${last}`).join(' and ')
  throw new TasukiError('invalid_params', `Port ${taken} is one that any app's instance may be given.`, {
    next: `Choose ports outside of ${ranges}.`,
  })
}

async function checkOthers(tables: Tables, app: App, { ports }: ExternalBalancer): Promise<void> {
  for (const other of await tables.externalBalancers.all()) {
    const shared = other.ports.find((port) => ports.includes(port))
    if (shared === undefined || other.appId === app.id) continue
    const name = (await tables.apps.byId(other.appId))?.name ?? 'another app'
    throw new TasukiError('invalid_params', `Port ${shared} is known to a balancer as ${name}'s.`, {
      next: 'Choose other ports for this app: its visitors would reach the other one.',
    })
  }
}

/** Nobody would see the visitors by whom it is told when to sleep, and none of them could wake it. */
async function checkAwake(tables: Tables, app: App): Promise<void> {
  const sleeper = await tables.sleepers.of(app.id)
  if (!sleeper || (sleeper.state === 'awake' && sleeper.afterIdleMs === null && sleeper.pool === null)) return
  throw new TasukiError('conflict', `${app.name} sleeps, or is put to sleep while nobody visits it.`, {
    next: `Run \`tasuki wake ${app.name}\` and \`tasuki sleep ${app.name} --never\`, then try again.`,
  })
}

async function checkFit(tables: Tables, app: App): Promise<void> {
  const release = await intendedRelease(tables, app.id)
  if (!release?.artifact) return
  const { manifest } = await tables.artifacts.get(release.artifact)
  const unfit = unfitBehind(manifest.settings[ROUTABLE_TYPE] ?? DEFAULT_SETTINGS)
  if (unfit === null) return
  throw new TasukiError('invalid_params', `${app.name} can not be behind an external balancer: ${unfit}.`, {
    next: 'Add it, deploy, then try again; docs/docker.md shows how. Nothing was changed.',
  })
}
