import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { Tables } from '../store/tables.ts'
import { type AppService, noApp } from './apps.ts'
import type { ServiceDeps } from './context.ts'
import type { Caller } from './tokens.ts'

/** As much of an app as is needed to know who may see it. */
type Owned = Pick<App, 'id' | 'owner'>

/**
 * Who may see and change what: the admin everything, others the apps that they own or work on.
 * What somebody may not see is for them as if it were not there.
 */
export class AccessService {
  readonly #deps: ServiceDeps
  readonly #apps: AppService

  constructor(deps: ServiceDeps, apps: AppService) {
    this.#deps = deps
    this.#apps = apps
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /** The app of that id or name. Throws `not_found`, in the same words, when there is none and when the caller may not see it. */
  async app(caller: Caller, idOrName: string): Promise<App> {
    const app = await this.#apps.find(idOrName)
    if (await this.sees(caller, app)) return app
    throw noApp(idOrName)
  }

  /** Whether the caller may see and change it. */
  async sees(caller: Caller, app: Owned): Promise<boolean> {
    return this.owns(caller, app) || (await this.#tables.collaborators.has(app.id, caller.id))
  }

  /** As `sees`, for an app of which only the id is at hand, also when it is being destroyed. */
  async seesId(caller: Caller, appId: string): Promise<boolean> {
    const app = await this.#tables.apps.byId(appId)
    return app !== null && (await this.sees(caller, app))
  }

  /** Those of the apps that the caller may see, in the same order. */
  async visible<T extends Owned>(caller: Caller, apps: readonly T[]): Promise<T[]> {
    if (caller.admin) return [...apps]
    const others = new Set(await this.#tables.collaborators.appsOf(caller.id))
    return apps.filter((app) => this.owns(caller, app) || others.has(app.id))
  }

  /** Whether it is the caller's own, or the caller is an admin. */
  owns(caller: Caller, app: Owned): boolean {
    return caller.admin || app.owner === caller.email
  }

  /** Throws `forbidden` to who sees the pipeline but does not own it. */
  requirePipelineOwner(caller: Caller, pipeline: Pick<Pipeline, 'owner'>): void {
    if (caller.admin || pipeline.owner === caller.email) return
    throw new TasukiError('forbidden', 'Only the owner of the pipeline may do that.', {
      next: `Ask ${pipeline.owner}.`,
    })
  }

  /** Throws `forbidden` to who works on the app but does not own it. */
  requireOwner(caller: Caller, app: Owned): void {
    if (!this.owns(caller, app))
      throw new TasukiError('forbidden', 'Only the owner of the app may do that.', {
        next: `Ask ${app.owner}.`,
      })
  }
}
