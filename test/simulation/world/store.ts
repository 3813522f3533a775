import { TasukiError } from '../../../src/domain/errors.ts'
import type { InstanceSpec } from '../../../src/domain/instance.ts'
import { ROUTABLE_TYPE } from '../../../src/domain/release.ts'
import type { JournalEntry, Receipt, Rollout, RolloutOutcome, SetRef } from '../../../src/domain/rollout.ts'
import type { RolloutSettings, Strategy } from '../../../src/domain/settings.ts'
import { DEFAULT_SIZE, sizeOf } from '../../../src/domain/size.ts'
import type { NewEntry, RolloutStore, Wanted, WantedType } from '../../../src/rollout/spec.ts'
import { releaseOf, runningRollout, type SimApp, type SimRelease, strategyOf } from './app.ts'

type Sync<T> = {
  [K in keyof T]: T[K] extends (...given: infer A) => Promise<infer R> ? (...given: A) => R : T[K]
}

const NOBODY: ReadonlySet<string> = new Set()

/** The engine's memory, as the database keeps it. Survives the control plane. */
export class SimStore implements Sync<RolloutStore> {
  readonly byId = new Map<string, SimApp>()
  readonly receipts = new Map<string, Receipt>()
  readonly gone = new Set<string>()
  #entries: JournalEntry[] = []
  /** Where the entries of each rollout are. */
  readonly #ofRollout = new Map<string, number[]>()
  readonly #now: () => number
  /** Called with each entry that the journal has taken, and the app's generation then. */
  onJournal: (entry: JournalEntry, generation: number) => void = () => undefined
  onSwitched: (rollout: string) => void = () => undefined
  onFinish: (rollout: Rollout, outcome: RolloutOutcome) => void = () => undefined

  constructor(now: () => number) {
    this.#now = now
  }

  app(id: string): SimApp {
    const found = this.byId.get(id)
    if (!found) throw new TasukiError('not_found', `There is no app ${id}.`)
    return found
  }

  journalOf(appId: string): JournalEntry[] {
    return this.#entries.filter((entry) => entry.appId === appId)
  }

  /** Begins a rollout as the services do, in one step; one that is running is superseded. */
  begin(app: SimApp, release: SimRelease, kind: Rollout['kind']): Rollout {
    const previous = runningRollout(app)
    const tookOver = previous?.switched === true && previous.direction === 'forward'
    if (previous) this.#supersede(app, previous, tookOver, release.version)
    app.generation += 1
    const passed = previous?.target.release === release.version && previous.releasePhaseDone
    const rollout: Rollout = {
      id: `${app.id}-r${app.generation}`,
      appId: app.id,
      generation: app.generation,
      kind,
      target: { generation: app.generation, release: release.version },
      base: previous ? (tookOver ? previous.target : previous.base) : app.serving,
      strategy: strategyOf(app, release),
      direction: 'forward',
      reason: null,
      backOutcome: null,
      releasePhaseDone: kind === 'restart' || !release.hasReleasePhase || passed,
      switched: false,
      paused: false,
      outcome: null,
      startedAt: this.#now(),
      finishedAt: null,
    }
    app.rollouts.push(rollout)
    return rollout
  }

  /** Asks for the app's end as the services do; what is there goes first. */
  destroy(app: SimApp): void {
    const running = runningRollout(app)
    if (running) this.#change(running.id, { outcome: 'superseded' })
    app.destroyed = true
  }

  #supersede(app: SimApp, previous: Rollout, tookOver: boolean, next: number): void {
    this.#change(previous.id, { outcome: 'superseded' })
    const release = releaseOf(app, previous.target.release)!
    if (tookOver) release.status = 'succeeded'
    else if (release.version !== next) release.status = 'expired'
  }

  /** A fault that must not matter: the journal is gone. */
  loseJournal(): void {
    this.#ofRollout.clear()
    this.#entries = this.#entries.map((entry) => ({
      ...entry,
      appId: `${entry.appId} (lost)`,
      rollout: null,
    }))
  }

  wanted(appId: string): Wanted | null {
    const app = this.byId.get(appId)
    if (!app) return null
    const rollout = runningRollout(app)
    const types = new Map<number, readonly WantedType[]>()
    for (const set of [app.serving, rollout?.target, rollout?.base])
      if (set && !types.has(set.generation))
        types.set(set.generation, typesOf(app, releaseOf(app, set.release)!, rollout))
    return {
      appId,
      appName: appId,
      host: `${appId}.example.com`,
      generation: app.generation,
      rollout,
      superseded: app.rollouts.filter((one) => one.outcome === 'superseded' && one.finishedAt === null),
      serving: app.serving,
      types,
      condemned: app.condemned.size === 0 ? NOBODY : new Set(app.condemned),
      destroyed: app.destroyed,
    }
  }

  types(appId: string, sets: readonly SetRef[]): Map<number, readonly WantedType[]> {
    const app = this.app(appId)
    const rollout = runningRollout(app)
    return new Map(sets.map((set) => [set.generation, typesOf(app, releaseOf(app, set.release)!, rollout)]))
  }

  apps(): string[] {
    return [...this.byId.keys()]
  }

  journal(entries: readonly NewEntry[]): number[] {
    for (const entry of entries) {
      const app = this.byId.get(entry.appId)
      if (!app) throw new TasukiError('conflict', `App ${entry.appId} is gone.`)
      if (entry.generation !== app.generation)
        throw new TasukiError('conflict', `Generation ${entry.generation} has been superseded.`)
    }
    return entries.map((entry) => {
      const id = this.#entries.length + 1
      const written: JournalEntry = { ...entry, id, error: null, endedAt: null }
      this.#entries.push(written)
      if (entry.rollout !== null) this.#placesOf(entry.rollout).push(id - 1)
      this.onJournal(written, this.app(entry.appId).generation)
      return id
    })
  }

  settle(outcomes: readonly { id: number; error: string | null; at: number }[]): void {
    for (const { id, error, at } of outcomes) {
      const entry = this.#entries[id - 1]
      if (entry) this.#entries[id - 1] = { ...entry, state: error ? 'failed' : 'done', error, endedAt: at }
    }
  }

  /** Has a rollout wait, or go on. */
  pause(id: string, paused: boolean): void {
    if (this.rollout(id)) this.#change(id, { paused })
  }

  passReleasePhase(id: string): void {
    this.#change(id, { releasePhaseDone: true })
  }

  turnBack(id: string, reason: string, outcome: 'failed' | 'returned'): void {
    const rollout = this.rollout(id)
    if (rollout?.outcome !== null || rollout.direction === 'back') return
    this.#change(id, { direction: 'back', reason, backOutcome: outcome })
  }

  markSwitched(id: string): void {
    this.onSwitched(id)
    this.#change(id, { switched: true })
  }

  entries(rollout: string): JournalEntry[] {
    return this.#placesOf(rollout).map((at) => this.#entries[at]!)
  }

  #placesOf(rollout: string): number[] {
    let places = this.#ofRollout.get(rollout)
    if (!places) {
      places = []
      this.#ofRollout.set(rollout, places)
    }
    return places
  }

  finish(id: string, outcome: RolloutOutcome, receipt: Receipt, at: number): void {
    const rollout = this.rollout(id)
    if (!rollout || rollout.finishedAt !== null) return
    this.onFinish(rollout, outcome)
    this.receipts.set(id, receipt)
    const app = this.app(rollout.appId)
    if (rollout.outcome === null) {
      const succeeded = outcome === 'succeeded'
      app.serving = succeeded ? rollout.target : rollout.base
      releaseOf(app, rollout.target.release)!.status = succeeded ? 'succeeded' : 'failed'
    }
    this.#change(id, { outcome: rollout.outcome ?? outcome, finishedAt: at })
  }

  instanceSpec(
    appId: string,
    set: SetRef,
    type: string,
    kind: InstanceSpec['kind'],
  ): Omit<InstanceSpec, 'id' | 'name' | 'generation'> {
    return {
      kind,
      appId,
      appName: appId,
      type,
      release: set.release,
      artifact: this.artifact(appId, set),
      command: `run ${type}`,
      env: {},
      commit: null,
      size: sizeOf(DEFAULT_SIZE),
    }
  }

  artifact(appId: string, set: SetRef): string {
    return releaseOf(this.app(appId), set.release)!.artifact
  }

  forget(appId: string): void {
    this.byId.delete(appId)
    this.gone.add(appId)
  }

  pardon(appId: string, instance: string): void {
    this.byId.get(appId)?.condemned.delete(instance)
  }

  rollout(id: string): Rollout | null {
    for (const app of this.byId.values()) {
      const found = app.rollouts.find((one) => one.id === id)
      if (found) return found
    }
    return null
  }

  #change(id: string, change: Partial<Rollout>): void {
    for (const app of this.byId.values()) {
      const at = app.rollouts.findIndex((one) => one.id === id)
      if (at >= 0) app.rollouts[at] = { ...app.rollouts[at]!, ...change }
    }
  }
}

function typesOf(app: SimApp, release: SimRelease, rollout: Rollout | null): WantedType[] {
  const strategy = rollout?.strategy ?? strategyOf(app, release)
  const web: WantedType = {
    type: ROUTABLE_TYPE,
    quantity: app.quantity.web,
    size: DEFAULT_SIZE,
    routable: true,
    settings: handedOver(release.settings, strategy),
  }
  if (!release.hasWorker) return [web]
  return [
    web,
    {
      type: 'worker',
      quantity: app.quantity.worker,
      size: DEFAULT_SIZE,
      routable: false,
      settings: handedOver(release.workerSettings, strategy),
    },
  ]
}

function handedOver(settings: RolloutSettings, strategy: Strategy): RolloutSettings {
  return settings.strategy === strategy ? settings : { ...settings, strategy }
}
