import { TasukiError } from '../domain/errors.ts'
import { hostLabel } from '../domain/host.ts'
import { AS_PROCESSES, noHost, ON_ANY_HOST, type Placement, placementText } from '../domain/placement.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { beginRestart } from './restarts.ts'
import { intendedRelease } from './rollouts.ts'

/** Where an app runs, and what moves it there. */
export interface Placed {
  readonly placement: Placement
  /** Id of the rollout that moves what runs; null when nothing has to move. */
  readonly rollout: string | null
}

/** Where apps run: on the server itself, or on Docker hosts. */
export class PlacementService {
  readonly #deps: Pick<ServiceDeps, 'store' | 'engine' | 'logs'>

  constructor(deps: Pick<ServiceDeps, 'store' | 'engine' | 'logs'>) {
    this.#deps = deps
  }

  async get(app: Pick<App, 'id'>): Promise<Placement> {
    return placementOfApp(this.#deps.store.tables, app.id)
  }

  /**
   * Moves the app: what runs is handed over to fresh instances at the new place, as by a deploy.
   * Throws `invalid_params` for an image that is to run without Docker, `no_host` when no host has the label.
   */
  async set(app: App, placement: Placement, user: string): Promise<Placed> {
    const placed = await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      const before = await placementOfApp(tables, app.id)
      await check(tables, app, placement)
      if (placement.runtime === 'process') await tables.placements.delete(app.id)
      else await tables.placements.set(app.id, placement.label)
      const moved = placementText(before) !== placementText(placement)
      const text = `placed on ${placementText(placement)}`
      await tables.events.add({
        ...{ appId: app.id, appName: app.name, at: Date.now() },
        ...{ user, kind: 'placement', text },
      })
      return { placement, rollout: moved ? await beginRestart(tables, app.id, user) : null }
    })
    announce(this.#deps, app.id, `Placed on ${placementText(placement)} by ${user}`)
    this.#deps.engine.poke(app.id)
    return placed
  }
}

/** Where an artifact of an app runs: where somebody has placed the app, else where such an artifact can. */
export async function placementOf(tables: Tables, appId: string, artifact: string): Promise<Placement> {
  return (await tables.placements.of(appId)) ?? defaultFor((await tables.artifacts.get(artifact)).kind)
}

function defaultFor(kind: 'slug' | 'image'): Placement {
  return kind === 'image' ? ON_ANY_HOST : AS_PROCESSES
}

/** Where an app runs by its intended release. */
export async function placementOfApp(tables: Tables, appId: string): Promise<Placement> {
  const release = await intendedRelease(tables, appId)
  if (release?.artifact) return placementOf(tables, appId, release.artifact)
  return (await tables.placements.of(appId)) ?? AS_PROCESSES
}

async function check(tables: Tables, app: App, placement: Placement): Promise<void> {
  if (placement.runtime === 'process') return checkNoImage(tables, app)
  const { label } = placement
  const hosts = await tables.hosts.all()
  const fitting = label === null ? hosts : hosts.filter((host) => host.labels.includes(hostLabel(label)))
  if (fitting.length === 0) throw noHost([], label)
}

async function checkNoImage(tables: Tables, app: App): Promise<void> {
  const release = await intendedRelease(tables, app.id)
  if (!release?.artifact || (await tables.artifacts.get(release.artifact)).kind !== 'image') return
  throw new TasukiError('invalid_params', `${app.name} runs from an image, which needs Docker.`, {
    next: 'Add this machine as a host with `tasuki hosts:add unix:///var/run/docker.sock`, and place the app there.',
  })
}
