import { setTimeout as pause } from 'node:timers/promises'
import type { ServiceDeps } from './context.ts'

const RETRY_MS = 1000

/**
 * Keeps the router's hosts and maintenance pages as the store has them. When the router can not be told now,
 * it is told later; what was asked for is safe in the store meanwhile.
 */
export class HostKeeper {
  readonly #deps: ServiceDeps
  readonly #tails = new Map<string, Promise<void>>()
  readonly #behind = new Set<string>()
  readonly #stopped = new AbortController()
  #all: Promise<void> = Promise.resolve()

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Tells the router what the store says of this app, after what it is being told already. Never throws. */
  sync(appId: string): Promise<void> {
    const before = this.#tails.get(appId) ?? Promise.resolve()
    const tail = before.then(() => this.#attempt(appId))
    this.#tails.set(appId, tail)
    return tail.finally(() => {
      if (this.#tails.get(appId) === tail) this.#tails.delete(appId)
    })
  }

  /** The router could not be told of the app's last change yet. */
  isBehind(appId: string): boolean {
    return this.#behind.has(appId)
  }

  /** Tells the router all apps, in the background: it knows most of them from its own disk already. */
  start(): void {
    this.#all = this.#syncAll()
  }

  /** Resolves when nothing is being told any more. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#all
    await Promise.all(this.#tails.values())
  }

  /** First those that give up their names. */
  async #syncAll(): Promise<void> {
    const { apps } = this.#deps.store.tables
    const living = new Set((await apps.all()).map((app) => app.id))
    const going = (await apps.ids()).filter((id) => !living.has(id))
    for (const id of [...going, ...living]) if (!this.#stopped.signal.aborted) await this.sync(id)
  }

  async #attempt(appId: string): Promise<void> {
    try {
      await this.#tell(appId)
      this.#behind.delete(appId)
    } catch (error) {
      this.#behind.add(appId)
      this.#deps.log.warn(
        { app: appId, error: String(error) },
        'The router could not be told of hosts; again soon',
      )
      void this.#later(appId)
    }
  }

  async #tell(appId: string): Promise<void> {
    const { store, hosts } = this.#deps
    const app = await store.tables.apps.byId(appId)
    if (!app) return
    await hosts.setHosts(appId, await store.tables.domains.of(appId))
    await hosts.maintenance(appId, app.maintenance)
  }

  async #later(appId: string): Promise<void> {
    try {
      await pause(RETRY_MS, undefined, { signal: this.#stopped.signal, ref: false })
    } catch {
      return // the server is being stopped; the next start tells the router everything
    }
    await this.sync(appId)
  }
}
