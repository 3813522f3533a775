import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import { PREBOOT } from '../store/wanted.ts'
import type { ServiceDeps } from './context.ts'

/** A switch of an app. Times are UTC ms. */
export interface Feature {
  readonly name: string
  readonly description: string
  readonly enabled: boolean
  readonly createdAt: number
  readonly updatedAt: number
}

const KNOWN: Readonly<Record<string, string>> = {
  [PREBOOT]: 'Start the whole new set of web instances before visitors are switched over to it.',
}

/** Switches of an app. Turning one changes nothing that runs; it counts from the next rollout on. */
export class FeatureService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  list(app: App): Promise<Feature[]> {
    return Promise.all(Object.keys(KNOWN).map((name) => this.get(app, name)))
  }

  /** Throws `not_found`. */
  async get(app: App, name: string): Promise<Feature> {
    const description = Object.hasOwn(KNOWN, name) ? KNOWN[name]! : unknown(name)
    const { enabled, updatedAt } = await this.#deps.store.tables.features.get(app.id, name)
    return { name, description, enabled, createdAt: app.createdAt, updatedAt: updatedAt ?? app.createdAt }
  }

  /** Throws `not_found`. */
  async set(app: App, name: string, enabled: boolean, user: string): Promise<Feature> {
    await this.get(app, name)
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      await tables.features.set(app.id, name, enabled, at)
      const text = `${name} is ${enabled ? 'on' : 'off'}`
      await tables.events.add({ appId: app.id, appName: app.name, at, user, kind: 'feature', text })
    })
    return this.get(app, name)
  }
}

function unknown(name: string): never {
  throw new TasukiError('not_found', `There is no feature "${name.slice(0, 60)}".`, {
    next: `Known: ${Object.keys(KNOWN).join(', ')}.`,
    details: { resource: 'feature' },
  })
}
