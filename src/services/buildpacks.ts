import { type Buildpack, parseBuildpacks } from '../domain/buildpack.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announce } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'

/** Which buildpacks an app is built with. A change takes effect with the next build; nothing that runs changes. */
export class BuildpackService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** In the order in which they run; none: the source itself says how it is built. */
  async list(app: App): Promise<readonly Buildpack[]> {
    return parseBuildpacks((await this.#deps.store.tables.buildpacks.of(app.id)) ?? [])
  }

  /** Throws `invalid_params` for a bad one, one that comes twice, or one that the server's settings do not allow. */
  checked(given: readonly string[]): readonly Buildpack[] {
    const buildpacks = parseBuildpacks(given)
    for (const buildpack of buildpacks) this.#deps.builder.checkBuildpack(buildpack)
    return buildpacks
  }

  /**
   * Sets them all, as `parseBuildpack` reads them. Throws `invalid_params` for a bad one, one that comes twice, or one
   * that the server's settings do not allow; then nothing has changed.
   */
  async set(app: App, given: readonly string[], user: string): Promise<readonly Buildpack[]> {
    const buildpacks = this.checked(given)
    const names = buildpacks.map(({ name }) => name)
    const text = names.length > 0 ? `Set buildpacks ${names.join(', ')}` : 'Clear buildpacks'
    await this.#deps.store.transaction(async (tables) => {
      await liveApp(tables, app.id)
      const at = Date.now()
      await setBuildpacks(tables, app.id, buildpacks, at)
      await tables.events.add({ appId: app.id, appName: app.name, at, user, kind: 'buildpacks', text })
    })
    announce(this.#deps, app.id, `${text}, from the next build on, by ${user}`)
    return buildpacks
  }

  /** Forgets what was kept to make the app's next build quicker. A build that runs keeps nothing either. */
  async purgeCache(app: App): Promise<void> {
    await this.#deps.builder.forgetApp(app.id)
    announce(this.#deps, app.id, 'The build cache was purged')
  }
}

export function setBuildpacks(
  tables: Tables,
  appId: string,
  buildpacks: readonly Buildpack[],
  at: number,
): Promise<void> {
  const urls = buildpacks.map(({ url }) => url)
  return tables.buildpacks.set(appId, urls, at)
}
