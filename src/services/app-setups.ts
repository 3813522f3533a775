import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { asTasukiError, originOf, TasukiError } from '../domain/errors.ts'
import { changedConfig } from '../domain/names.ts'
import type { AppSetup } from '../store/app-setups.ts'
import type { App } from '../store/apps.ts'
import type { Tables } from '../store/tables.ts'
import { nextStep, type SetupParts } from './app-setup-steps.ts'
import type { AppService } from './apps.ts'
import { type BuildpackService, setBuildpacks } from './buildpacks.ts'
import type { NewBuild } from './builds.ts'
import type { ServiceDeps } from './context.ts'
import { liveApp } from './live-app.ts'

/** Between two looks at a build, a rollout or a script that goes on, ms. */
const LOOK_MS = 250

/** What is to become an app. */
export interface SetupWish {
  readonly name: string | null
  readonly source: Pick<NewBuild, 'url' | 'version' | 'checksum'>
  /** Config vars that win over those of app.json. */
  readonly env: Readonly<Record<string, string>>
  /** Null: what app.json or the source says. */
  readonly buildpacks: readonly string[] | null
}

/** What belongs to a setup and is written down together with it. */
type Along = (tables: Tables, app: App, setupId: string) => Promise<void>

interface SetupDeps extends SetupParts {
  readonly apps: AppService
  readonly buildpacks: BuildpackService
}

/**
 * Apps made of a source and its app.json in one go: app, config, build, release phase, and the postdeploy script, once.
 * Each step is written down, so that a control plane that starts again goes on where the last one was.
 */
export class AppSetupService {
  readonly #deps: ServiceDeps
  readonly #parts: SetupDeps
  readonly #stopped = new AbortController()
  readonly #running = new Map<string, Promise<void>>()

  constructor(deps: ServiceDeps, parts: SetupDeps) {
    this.#deps = deps
    this.#parts = parts
  }

  get #table() {
    return this.#deps.store.tables.appSetups
  }

  /** A build that a dead control plane began is begun anew. To be called before builds are tidied up. */
  async prepare(): Promise<void> {
    const { builds } = this.#deps.store.tables
    for (const { id, buildId } of await this.#table.pending())
      if (buildId !== null && (await builds.byId(buildId))?.status === 'pending')
        await this.#table.change(id, { buildId: null }, Date.now())
  }

  /** Goes on with all that are under way. */
  async resume(): Promise<void> {
    for (const { id } of await this.#table.pending()) this.#begin(id)
  }

  /** Lets go of them; the next start goes on. To be called before builds are stopped. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await Promise.all(this.#running.values())
    await this.prepare()
  }

  /**
   * Makes the app and answers; the rest goes on. `along` is written down in the same transaction as the app and its setup.
   * Throws `name_taken`, `invalid_params`, `invalid_source`.
   */
  async create(wish: SetupWish, user: string, along: Along = async () => undefined): Promise<AppSetup> {
    const config = changedConfig({}, wish.env)
    const buildpacks = wish.buildpacks && this.#parts.buildpacks.checked(wish.buildpacks)
    await this.#parts.builds.check(wish.source)
    const id = randomUUID()
    await this.#parts.apps.create(wish.name, user, async (tables, app) => {
      if (buildpacks) await setBuildpacks(tables, app.id, buildpacks, Date.now())
      await tables.config.set(app.id, config)
      await tables.appSetups.insert(rowOf(id, app, wish.source, user))
      await along(tables, app, id)
    })
    this.#begin(id)
    return this.get(id)
  }

  /**
   * Sets an app up once more, whose first setup has failed. `along` is written down in the same transaction.
   * Throws `invalid_params`, `invalid_source`, `not_found`.
   */
  async again(app: App, source: SetupWish['source'], user: string, along: Along): Promise<AppSetup> {
    await this.#parts.builds.check(source)
    const id = randomUUID()
    await this.#deps.store.transaction(async (tables) => {
      await tables.appSetups.insert(rowOf(id, await liveApp(tables, app.id), source, user))
      await along(tables, app, id)
    })
    this.#begin(id)
    return this.get(id)
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<AppSetup> {
    const found = await this.#table.byId(id)
    if (found) return found
    throw new TasukiError('not_found', `There is no app setup "${id.slice(0, 60)}".`, {
      details: { resource: 'app_setup' },
    })
  }

  #begin(id: string): void {
    const run = this.#seeThrough(id).finally(() => this.#running.delete(id))
    this.#running.set(id, run)
  }

  async #seeThrough(id: string): Promise<void> {
    const { signal } = this.#stopped
    for (;;) {
      const setup = await this.#table.byId(id)
      if (setup?.status !== 'pending' || signal.aborted) return
      const went = await this.#step(setup)
      if (!went) await pause(LOOK_MS, undefined, { signal }).catch(() => undefined)
    }
  }

  /** True when something has changed. */
  async #step(setup: AppSetup): Promise<boolean> {
    try {
      const change = await nextStep(this.#deps, this.#parts, setup)
      if (change === null || this.#stopped.signal.aborted) return false
      await this.#table.change(setup.id, change, Date.now())
      return true
    } catch (thrown) {
      if (this.#stopped.signal.aborted) return false
      await this.#fail(setup, asTasukiError(thrown))
      return true
    }
  }

  async #fail(setup: AppSetup, error: TasukiError): Promise<void> {
    if (error.code === 'internal')
      this.#deps.log.error({ setup: setup.id, error: originOf(error) }, 'An app setup broke')
    const { errors } = error.details
    const problems = Array.isArray(errors) ? errors.map(String) : []
    await this.#table.change(setup.id, { status: 'failed', failure: error.message, problems }, Date.now())
  }
}

function rowOf(id: string, app: App, { url, version, checksum = null }: SetupWish['source'], user: string) {
  const about = { id, appId: app.id, appName: app.name, user, createdAt: Date.now() }
  return { ...about, sourceUrl: url, sourceVersion: version, checksum }
}
