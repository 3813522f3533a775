import { TasukiError } from '../domain/errors.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { formationOf } from './formation.ts'
import { liveApp } from './live-app.ts'
import { beginRollout, intendedRelease, tookOver } from './rollouts.ts'

/** Fresh instances of the release that runs, through the same hand-over as a deploy. */
export class RestartService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** One instance, one type, or everything; the id of the rollout that does it, null for a single instance. */
  async restart(app: App, which: { instance?: string; type?: string }, user: string): Promise<string | null> {
    if (which.instance !== undefined) return this.instance(app, which.instance, user).then(() => null)
    return which.type === undefined ? this.all(app, user) : this.type(app, which.type, user)
  }

  /** Every instance; the id of the rollout that does it, null when nothing has been deployed. */
  async all(app: App, user: string): Promise<string | null> {
    const rollout = await this.#deps.store.transaction((tables) => beginRestart(tables, app.id, user))
    announce(this.#deps, app.id, `Restart of every instance by ${user}`)
    this.#deps.engine.poke(app.id)
    return rollout
  }

  /** The set of which that process type is a part. Throws `not_found`. */
  async type(app: App, type: string, user: string): Promise<string | null> {
    const formation = await formationOf(this.#deps.store.tables, app)
    if (formation.some((entry) => entry.type === type)) return this.all(app, user)
    throw new TasukiError('not_found', `${app.name} has no process type "${type.slice(0, 60)}".`)
  }

  /** One instance, by name (`web.1`) or id: replaced one for one. Throws `not_found`. */
  async instance(app: App, which: string, user: string): Promise<void> {
    const running = (await this.#deps.runtime.list(app.id)).filter(
      (one) => one.kind === 'formation' && (one.name === which || one.id === which),
    )
    const newest = running.sort(byNewest)[0]
    if (!newest)
      throw new TasukiError('not_found', `${app.name} has no instance "${which.slice(0, 60)}".`, {
        next: `\`tasuki ps -a ${app.name}\` lists them.`,
      })
    await this.#deps.store.tables.condemned.add(app.id, newest.id)
    announce(this.#deps, app.id, `Restart of ${newest.name} by ${user}`)
    this.#deps.engine.poke(app.id)
  }
}

function byNewest(a: RuntimeInstance, b: RuntimeInstance): number {
  return b.generation - a.generation || b.startedAt - a.startedAt
}

/**
 * Begins the restart inside the caller's transaction. While a release is on its way and has not taken over yet,
 * that release is begun again, since its instances are what is wanted.
 */
export async function beginRestart(tables: Tables, appId: string, user: string): Promise<string | null> {
  const app = await liveApp(tables, appId)
  const release = await intendedRelease(tables, app.id)
  if (!release?.artifact || (app.servingRelease === null && release.status !== 'pending')) return null
  const at = Date.now()
  const running = await tables.rollouts.running(appId)
  const kind = release.status === 'pending' && !(running && tookOver(running)) ? 'release' : 'restart'
  const text = `Restart of v${release.version}`
  await tables.events.add({ appId, appName: app.name, at, user, kind: 'restart', text })
  return beginRollout(tables, app, release, kind, at)
}
