import { asTasukiError } from '../domain/errors.ts'
import { eligible } from '../domain/placement.ts'
import type { StoredHost } from '../store/hosts.ts'
import type { ServiceDeps } from './context.ts'
import { placementOf } from './placements.ts'

/** An image that did not come to a host is not tried again before, ms. */
const RETRY_MS = 60_000

type Deps = Pick<ServiceDeps, 'store' | 'fleet' | 'images' | 'log' | 'now'>

interface Wanted {
  readonly app: string
  readonly artifact: string
}

/**
 * Keeps what serves on every host where it may run, so that each can take over for one that is gone, though nobody has a
 * registry: on those that were away during a deploy, that have joined, or that have got a label since. Works from what is.
 */
export class ImageSpread {
  readonly #deps: Deps
  /** By host: the artifacts that it is known to have. Forgotten once it does not answer. */
  readonly #there = new Map<string, Set<string>>()
  /** By host and artifact: when it may be tried again, UTC ms. */
  readonly #failed = new Map<string, number>()
  readonly #underWay = new Map<string, Promise<void>>()

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Begins what is to be done, and waits for none of it. Side by side for all hosts; to one host one after the other. */
  async look(): Promise<void> {
    const { store, fleet } = this.#deps
    const reachable = new Set(
      fleet
        .conditions()
        .filter((one) => one.reachable)
        .map(({ id }) => id),
    )
    for (const id of this.#there.keys()) if (!reachable.has(id)) this.#there.delete(id)
    if (reachable.size === 0) return
    const all = await store.tables.hosts.all()
    const candidates = all.map((host) => ({ host, reachable: reachable.has(host.id), instances: [] }))
    const wanted = new Map<StoredHost, Wanted[]>()
    for (const id of await store.tables.apps.ids())
      for (const { host, ...what } of await this.#wantedOf(id, candidates))
        wanted.set(host, [...(wanted.get(host) ?? []), what])
    this.#forget(wanted)
    for (const [host, those] of wanted)
      if (!this.#underWay.has(host.id)) {
        const bringing = this.#bring(host, those).finally(() => this.#underWay.delete(host.id))
        this.#underWay.set(host.id, bringing)
      }
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values())
  }

  /** What nobody wants any more. */
  #forget(wanted: ReadonlyMap<StoredHost, readonly Wanted[]>): void {
    const keys = new Set<string>()
    for (const [{ id }, those] of wanted) for (const { artifact } of those) keys.add(keyOf(id, artifact))
    for (const [id, there] of this.#there)
      for (const artifact of there) if (!keys.has(keyOf(id, artifact))) there.delete(artifact)
    for (const key of this.#failed.keys()) if (!keys.has(key)) this.#failed.delete(key)
  }

  /** Of a rollout nothing: it brings what it needs, before anything else. */
  async #wantedOf(
    appId: string,
    candidates: readonly {
      readonly host: StoredHost
      readonly reachable: boolean
      readonly instances: never[]
    }[],
  ): Promise<(Wanted & { readonly host: StoredHost })[]> {
    const { tables } = this.#deps.store
    const app = await tables.apps.byId(appId)
    if (!app || app.servingRelease === null || app.destroyedAt !== null) return []
    if (await tables.rollouts.running(appId)) return []
    const artifact = (await tables.releases.byVersion(appId, app.servingRelease))?.artifact
    if (!artifact) return []
    const placement = await placementOf(tables, appId, artifact, app.servingGeneration)
    if (placement.runtime === 'process') return []
    return eligible(candidates, placement.label).map(({ host }) => ({ host, app: app.name, artifact }))
  }

  async #bring(host: StoredHost, wanted: readonly Wanted[]): Promise<void> {
    const { images, log, now = Date.now } = this.#deps
    const there = this.#there.get(host.id) ?? new Set()
    this.#there.set(host.id, there)
    for (const { app, artifact } of wanted) {
      const key = keyOf(host.id, artifact)
      if (there.has(artifact) || (this.#failed.get(key) ?? 0) > now()) continue
      try {
        await images.bring(host.id, artifact)
        there.add(artifact)
        this.#failed.delete(key)
      } catch (error) {
        this.#failed.set(key, now() + RETRY_MS)
        const { message } = asTasukiError(error)
        log.warn(
          { host: host.name, app, error: message },
          'an app could not start on this host: it has not its image',
        )
      }
    }
  }
}

function keyOf(host: string, artifact: string): string {
  return `${host} ${artifact}`
}
