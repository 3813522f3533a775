import { changedConfig } from '../domain/names.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { announceRelease } from './announce.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'
import { type MadeRelease, makeRelease } from './releases.ts'
import { currentVersion, intendedRelease } from './rollouts.ts'

export type Config = Readonly<Record<string, string>>

/** Config vars: each change is a release, and a rollout as soon as there is something to run. */
export class ConfigService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** As the next release will have them. */
  get(app: App): Promise<Config> {
    return this.#deps.store.tables.config.get(app.id)
  }

  /**
   * Whether what runs has this config. Not so while a rollout brings it, and after its release failed:
   * the values are kept then, as not live.
   */
  async live(app: App): Promise<boolean> {
    const { tables } = this.#deps.store
    const version = await currentVersion(tables, app.id)
    if (version === null) return true
    return sameConfig(await tables.releases.config(app.id, version), await this.get(app))
  }

  /**
   * Sets values and, with null, removes them. The release is there when it resolves; none is made when nothing changes.
   * Throws `invalid_params`; then nothing has changed.
   */
  async change(
    app: App,
    change: Readonly<Record<string, string | null>>,
    user: string,
  ): Promise<{ config: Config; made: MadeRelease | null }> {
    const result = await this.#deps.store.transaction(async (tables) => {
      const before = await tables.config.get(app.id)
      const config = changedConfig(before, change)
      if (sameConfig(before, config)) return { config, made: null }
      await tables.config.set(app.id, config)
      return { config, made: await configRelease(tables, app.id, config, described(before, change), user) }
    })
    if (result.made) announceRelease(this.#deps, result.made)
    return result
  }
}

async function configRelease(
  tables: Tables,
  appId: string,
  config: Config,
  description: string,
  user: string,
): Promise<MadeRelease> {
  const app = await liveApp(tables, appId)
  const source = await intendedRelease(tables, app.id)
  const { artifact = null, commit = null } = source ?? {}
  return makeRelease(tables, app, { artifact, commit, description, config, user }, Date.now())
}

/** `Set A, B config vars`, `Remove C config vars`: names only. */
function described(before: Config, change: Readonly<Record<string, string | null>>): string {
  const set = Object.keys(change).filter((key) => change[key] !== null && change[key] !== before[key])
  const removed = Object.keys(change).filter((key) => change[key] === null && key in before)
  const parts = [
    set.length > 0 ? `Set ${listed(set)}` : '',
    removed.length > 0 ? `Remove ${listed(removed)}` : '',
  ]
  return `${parts.filter((part) => part !== '').join(', ')} config vars`
}

const MOST_NAMED = 10

function listed(keys: readonly string[]): string {
  const more = keys.length - MOST_NAMED
  return more > 0 ? `${keys.slice(0, MOST_NAMED).join(', ')} and ${more} more` : keys.join(', ')
}

function sameConfig(one: Config, other: Config): boolean {
  const keys = Object.keys(one)
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key])
}
