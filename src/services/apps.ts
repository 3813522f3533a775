import { randomUUID } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import { appName } from '../domain/names.ts'
import type { App } from '../store/apps.ts'
import type { Domain } from '../store/domains.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { BuildService } from './builds.ts'
import type { ServiceDeps } from './context.ts'
import type { HostKeeper } from './host-keeper.ts'
import { randomName } from './names.ts'
import { makeRelease } from './releases.ts'
import type { Repositories } from './repositories.ts'
import { supersede } from './rollouts.ts'

/** Names that mean something else in a path or to a browser. */
const KEPT_NAMES = new Set(['tasuki', 'localhost'])

/** Apps: made, found, renamed, taken into maintenance, destroyed. */
export class AppService {
  readonly #deps: ServiceDeps
  readonly #hosts: HostKeeper
  readonly #builds: BuildService
  readonly #repositories: Repositories

  constructor(deps: ServiceDeps, hosts: HostKeeper, builds: BuildService, repositories: Repositories) {
    this.#deps = deps
    this.#hosts = hosts
    this.#builds = builds
    this.#repositories = repositories
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /** By name. */
  list(): Promise<App[]> {
    return this.#tables.apps.all()
  }

  /** By id or name. Throws `not_found`. */
  async find(idOrName: string): Promise<App> {
    const { apps } = this.#tables
    const found = (await apps.byName(idOrName)) ?? (await apps.byId(idOrName))
    if (found && found.destroyedAt === null) return found
    throw noApp(idOrName)
  }

  /** Id and name of an app, also of one that is being destroyed. */
  async named(id: string): Promise<Pick<App, 'id' | 'name'>> {
    return (await this.#tables.apps.byId(id)) ?? { id, name: '' }
  }

  /** Bytes of the artifact that serves, by id of the app; an app that nothing serves for is missing. */
  slugSizes(apps: readonly App[]): Promise<Map<string, number>> {
    return this.#tables.apps.slugSizes(apps.map((app) => app.id))
  }

  /**
   * A new app with its first, empty release; `along` is written down in the same transaction. Throws `name_taken`,
   * `invalid_params`.
   */
  async create(
    name: string | null,
    user: string,
    along: (tables: Tables, app: App) => Promise<void> = async () => undefined,
  ): Promise<App> {
    const id = randomUUID()
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const chosen = name === null ? await freeName(tables) : await checkedName(tables, name)
      await tables.apps.insert({ id, name: chosen, owner: user, createdAt: at })
      await tables.domains.add(this.#ownDomain(id, chosen, at))
      const app = (await tables.apps.byId(id))!
      const initial = { artifact: null, commit: null, description: 'Initial release', config: {}, user }
      await makeRelease(tables, app, initial, at)
      await along(tables, app)
    })
    await this.#hosts.sync(id)
    return this.find(id)
  }

  /** Gives it another name, and so another hostname; those that users added stay. Throws `name_taken`, `invalid_params`. */
  async rename(app: App, name: string, user: string): Promise<App> {
    if (name === app.name) return app
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      await tables.apps.change(app.id, { name: await checkedName(tables, name) }, at)
      await tables.domains.remove(app.id, { kind: 'app' })
      await tables.domains.add(this.#ownDomain(app.id, name, at))
      await tables.events.add(eventOf(app, user, 'rename', `${app.name} is now ${name}`, at))
    })
    await this.#hosts.sync(app.id)
    return this.find(app.id)
  }

  /** Visitors get the maintenance page, or the app again. Instances run on. */
  async setMaintenance(app: App, on: boolean, user: string): Promise<App> {
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      await tables.apps.change(app.id, { maintenance: on }, at)
      await tables.events.add(
        eventOf(app, user, 'maintenance', `Maintenance mode is ${on ? 'on' : 'off'}`, at),
      )
    })
    announce(this.#deps, app.id, `Maintenance mode is ${on ? 'on' : 'off'} by ${user}`)
    await this.#hosts.sync(app.id)
    return this.find(app.id)
  }

  /** From now on it is gone for its users; its name is free. The engine ends what runs, then forgets it. */
  async destroy(app: App, user: string): Promise<void> {
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const running = await tables.rollouts.running(app.id)
      if (running) await supersede(tables, running, null, at)
      await tables.apps.nextGeneration(app.id)
      await tables.apps.change(app.id, { destroyedAt: at }, at)
      await tables.domains.removeAll(app.id)
      await tables.couplings.removeApp(app.id)
      await tables.events.add(eventOf(app, user, 'destroy', `${app.name} was destroyed`, at))
    })
    await this.#hosts.sync(app.id)
    this.#deps.engine.poke(app.id)
  }

  /** Nothing of a destroyed app runs any more: what is left of it goes, here too. May be repeated. */
  async gone(appId: string): Promise<void> {
    await this.#deps.hosts.removeApp(appId)
    await this.#deps.logs.remove(appId)
    await this.#deps.builder.forgetApp(appId)
    await this.#builds.trim(appId, 0)
    await this.#repositories.remove(appId)
    await this.#deps.store.rollouts.forget(appId)
  }

  /** The address that visitors use. */
  webUrl(app: Pick<App, 'name'>): string {
    return this.#deps.settings.webUrl(this.#hostname(app.name))
  }

  #ownDomain(appId: string, name: string, createdAt: number): Domain {
    return { id: randomUUID(), appId, hostname: this.#hostname(name), kind: 'app', createdAt }
  }

  #hostname(name: string): string {
    return `${name}.${this.#deps.settings.domain}`
  }
}

/** There is none of that id or name, or none for who asks. */
export function noApp(idOrName: string): TasukiError {
  return new TasukiError('not_found', `There is no app "${idOrName.slice(0, 60)}".`, {
    details: { resource: 'app' },
  })
}

async function checkedName(tables: Tables, name: string): Promise<string> {
  appName(name)
  if (KEPT_NAMES.has(name) || (await tables.apps.byName(name)))
    throw new TasukiError('name_taken', `The name "${name}" is taken.`)
  return name
}

async function freeName(tables: Tables): Promise<string> {
  let name = randomName()
  while (await tables.apps.byName(name)) name = randomName()
  return name
}

function eventOf(app: App, user: string, kind: string, text: string, at: number) {
  return { appId: app.id, appName: app.name, at, user, kind, text }
}
