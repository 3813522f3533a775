import { TasukiError } from '../domain/errors.ts'
import { hostLabel } from '../domain/host.ts'
import { AS_PROCESSES, noHost, ON_ANY_HOST, type Placement, placementText } from '../domain/placement.ts'
import type { App } from '../store/apps.ts'
import type { StoredPlacement } from '../store/placements.ts'
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
   * Moves the app: what runs is handed over to fresh instances at the new place, as by a deploy. Should they not come up, the
   * app stays where it is.
   * Throws `invalid_params` for an image that is to run without Docker, `no_host` when no host has the label.
   */
  async set(app: App, placement: Placement, user: string): Promise<Placed> {
    const placed = await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      const before = await placementOfApp(tables, app.id)
      await check(tables, app, placement)
      const text = `placed on ${placementText(placement)}`
      await tables.events.add({
        ...{ appId: app.id, appName: app.name, at: Date.now() },
        ...{ user, kind: 'placement', text },
      })
      const moves = placementText(before) !== placementText(placement)
      const rollout = moves ? await beginRestart(tables, app.id, user) : null
      const chosen = placement.runtime === 'process' ? null : placement
      if (moves || !(await isMoving(tables, app.id)))
        await tables.placements.set(app.id, {
          placement: chosen,
          move: await moveBy(tables, rollout, before),
        })
      return { placement, rollout }
    })
    announce(this.#deps, app.id, `Placed on ${placementText(placement)} by ${user}`)
    this.#deps.engine.poke(app.id)
    return placed
  }
}

/**
 * Where an artifact of an app runs: where somebody has placed the app, else where such an artifact can. While it is being moved,
 * instances of generations before stay where those were; once that has failed, so do all. Without a generation: where the
 * app is on its way to.
 */
export async function placementOf(
  tables: Tables,
  appId: string,
  artifact: string,
  generation: number | null = null,
): Promise<Placement> {
  const stored = await tables.placements.of(appId)
  if (stored?.move && (await staysBefore(tables, stored.move, generation))) return stored.move.before
  return stored?.placement ?? defaultFor(await kindOf(tables, artifact))
}

type Move = NonNullable<StoredPlacement['move']>

async function staysBefore(tables: Tables, move: Move, generation: number | null): Promise<boolean> {
  const rollout = await tables.rollouts.byId(move.rollout)
  if (!rollout || rollout.outcome === 'succeeded') return false
  if (rollout.outcome === 'failed' || rollout.outcome === 'returned') return true
  return generation === null ? rollout.direction === 'back' : generation < move.generation
}

/** The move that was begun last has not come to an end. */
async function isMoving(tables: Tables, appId: string): Promise<boolean> {
  const move = (await tables.placements.of(appId))?.move
  const rollout = move ? await tables.rollouts.byId(move.rollout) : null
  return rollout?.outcome === null || rollout?.outcome === 'superseded'
}

async function moveBy(tables: Tables, id: string | null, before: Placement): Promise<Move | null> {
  const rollout = id === null ? null : await tables.rollouts.byId(id)
  return rollout && { rollout: rollout.id, generation: rollout.target.generation, before }
}

/** What is of no release, like the build of a pipeline's tests, is not kept as an artifact: it is a slug. */
async function kindOf(tables: Tables, digest: string): Promise<'slug' | 'image'> {
  try {
    return (await tables.artifacts.get(digest)).kind
  } catch (error) {
    if (error instanceof TasukiError && error.code === 'not_found') return 'slug'
    throw error
  }
}

function defaultFor(kind: 'slug' | 'image'): Placement {
  return kind === 'image' ? ON_ANY_HOST : AS_PROCESSES
}

/** Where an app runs by its intended release. */
export async function placementOfApp(tables: Tables, appId: string): Promise<Placement> {
  const release = await intendedRelease(tables, appId)
  if (release?.artifact) return placementOf(tables, appId, release.artifact)
  return (await tables.placements.of(appId))?.placement ?? AS_PROCESSES
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
