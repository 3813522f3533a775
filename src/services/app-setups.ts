import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { asTasukiError, originOf, TasukiError } from '../domain/errors.ts'
import { changedConfig } from '../domain/names.ts'
import type { AppSetup } from '../store/app-setups.ts'
import type { App } from '../store/apps.ts'
import { nextStep, type SetupParts } from './app-setup-steps.ts'
import type { AppService } from './apps.ts'
import type { BuildpackService } from './buildpacks.ts'
import type { NewBuild } from './builds.ts'
import type { ConfigService } from './config.ts'
import type { ServiceDeps } from './context.ts'

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

interface SetupDeps extends SetupParts {
  readonly apps: AppService
  readonly config: ConfigService
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

  /** Makes the app and answers; the rest goes on. Throws `name_taken`, `invalid_params`, `invalid_source`. */
  async create(wish: SetupWish, user: string): Promise<AppSetup> {
    changedConfig({}, wish.env)
    await this.#parts.builds.check(wish.source)
    const { apps, buildpacks, config } = this.#parts
    const app = await apps.create(wish.name, user)
    try {
      if (wish.buildpacks) await buildpacks.set(app, wish.buildpacks, user)
      await config.change(app, wish.env, user)
    } catch (error) {
      await apps.destroy(app, user)
      throw error
    }
    return this.#record(app, wish, user)
  }

  async #record(app: App, { source }: SetupWish, user: string): Promise<AppSetup> {
    const id = randomUUID()
    const about = { id, appId: app.id, appName: app.name, user, createdAt: Date.now() }
    await this.#table.insert({
      ...about,
      sourceUrl: source.url,
      sourceVersion: source.version,
      checksum: source.checksum ?? null,
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
