import type { JournalEntry } from '../domain/rollout.ts'
import { AppController } from './controller.ts'
import type { EngineDeps } from './deps.ts'
import type { EngineControl } from './engine-port.ts'
import { Gatherer } from './gather.ts'
import { Observer } from './observer.ts'
import type { Phase } from './operations.ts'
import { formationInstances } from './plan/goal.ts'
import { type Preview, preview } from './preview.ts'
import type { Wanted } from './spec.ts'

/** Even with no event, each app is looked at this often, ms: an event may have been missed. */
const SWEEP_MS = 300_000
/** The looks are spread: every so often, ms, those few that are due. */
const TICK_MS = 1000

/** All apps' controllers, and who listens to them. */
export class Engine implements EngineControl {
  readonly #deps: EngineDeps
  readonly #controllers = new Map<string, AppController>()
  readonly #entryListeners = new Set<(entry: JournalEntry) => void>()
  readonly #endListeners = new Set<(rollout: string, appId: string) => void>()
  #unwatch: (() => void) | null = null
  #cancelSweep: (() => void) | null = null
  /** Looks that are due, and whose turn it is. */
  #due = 0
  #round: string[] = []
  #stopped = false

  constructor(deps: EngineDeps) {
    this.#deps = {
      ...deps,
      gone: async (appId) => {
        await deps.gone(appId)
        this.#controllers.delete(appId)
      },
    }
  }

  /** Adopts what runs and goes on with what was under way. */
  async start(): Promise<void> {
    this.#unwatch = this.#deps.runtime.watch((appId) => this.poke(appId))
    for (const appId of await this.#deps.store.apps()) this.poke(appId)
    this.#sweepLater()
  }

  /** Lets go of everything; instances and router go on. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#unwatch?.()
    this.#cancelSweep?.()
    await Promise.all([...this.#controllers.values()].map((controller) => controller.stop()))
  }

  poke(appId: string): void {
    if (this.#stopped) return
    let controller = this.#controllers.get(appId)
    if (!controller) {
      controller = new AppController(
        appId,
        this.#deps,
        (entry) => this.#tell(entry),
        (rollout) => this.#ended(rollout, appId),
      )
      this.#controllers.set(appId, controller)
    }
    controller.poke()
  }

  /** Where an app stands now. */
  phase(appId: string): Phase {
    return this.#controllers.get(appId)?.phase ?? 'settled'
  }

  /** What would be done for that wish, from the world as it is now, if all went well. Touches nothing. */
  async preview(wanted: Wanted): Promise<Preview> {
    const facts = await new Gatherer(this.#deps, new Observer()).facts(wanted)
    return preview(wanted, formationInstances(facts))
  }

  onEntry(listen: (entry: JournalEntry) => void): () => void {
    this.#entryListeners.add(listen)
    return () => this.#entryListeners.delete(listen)
  }

  onFinished(listen: (rollout: string, appId: string) => void): () => void {
    this.#endListeners.add(listen)
    return () => this.#endListeners.delete(listen)
  }

  #sweepLater(): void {
    this.#cancelSweep = this.#deps.clock.timer(TICK_MS, () => {
      this.#sweep()
      if (!this.#stopped) this.#sweepLater()
    })
  }

  /** Looks at as many apps as make a whole round in `SWEEP_MS`. */
  #sweep(): void {
    this.#due += (this.#controllers.size * TICK_MS) / SWEEP_MS
    for (; this.#due >= 1; this.#due -= 1) {
      if (this.#round.length === 0) this.#round = [...this.#controllers.keys()]
      const appId = this.#round.pop()
      if (appId !== undefined && this.#controllers.has(appId)) this.poke(appId)
    }
  }

  #tell(entry: JournalEntry): void {
    for (const listen of this.#entryListeners) listen(entry)
  }

  #ended(rollout: string, appId: string): void {
    for (const listen of this.#endListeners) listen(rollout, appId)
  }
}
