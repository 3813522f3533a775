import { asTasukiError, TasukiError } from '../domain/errors.ts'
import type { InstanceId } from '../domain/instance.ts'
import type { JournalEntry } from '../domain/rollout.ts'
import { slotsFor } from '../domain/settings.ts'
import { sizeOf } from '../domain/size.ts'
import type { EngineDeps } from './deps.ts'
import type { Observer, Sighting } from './observer.ts'
import type { Operation, OperationOf } from './operations.ts'
import type { BackendKey } from './ports.ts'
import { makeReceipt } from './receipt.ts'
import type { NewEntry, Wanted } from './spec.ts'

/** An operation with the instance that it is about, given an id where it makes one. */
interface Bound {
  readonly operation: Operation
  readonly instance: InstanceId | null
  readonly name: string | null
  readonly release: number | null
}

export interface Failed {
  readonly operation: Operation
  readonly error: TasukiError
}

/** Full weight in the router, percent. */
const FULL = 100

/** Carries out operations: the intent is durable before the effect, the outcome after it. */
export class Executor {
  readonly #deps: EngineDeps
  readonly #observer: Observer
  readonly #tell: (entry: JournalEntry) => void
  /** Called when something that ran in the background has ended. */
  readonly #wake: () => void
  readonly #background = new Set<Promise<void>>()

  constructor(deps: EngineDeps, observer: Observer, tell: (entry: JournalEntry) => void, wake: () => void) {
    this.#deps = deps
    this.#observer = observer
    this.#tell = tell
    this.#wake = wake
  }

  /**
   * Journals the sightings and the intents in one durable step, then carries the operations out side by side.
   * Resolves with those that failed. Throws `conflict` when the generation is no longer the highest: nothing was done.
   */
  async run(
    wanted: Wanted,
    operations: readonly Operation[],
    sightings: readonly Sighting[],
  ): Promise<Failed[]> {
    const bound = operations.map((operation) => this.#bind(operation))
    const entries = [
      ...sightings.map((one) => this.#sighted(wanted, one)),
      ...bound.map((one) => this.#intent(wanted, one)),
    ]
    if (entries.length === 0) return []
    const ids = await this.#deps.store.journal(entries)
    for (const [at, entry] of entries.entries())
      this.#tell({ ...entry, id: ids[at]!, error: null, endedAt: null })
    const written = entries
      .slice(sightings.length)
      .map((entry, at) => ({ entry, id: ids[sightings.length + at]!, bound: bound[at]! }))
    const results = await Promise.all(
      written.map((one) => this.#carryOut(wanted, one.bound, one.id, one.entry)),
    )
    await this.#settle(results.filter((result) => !result.later))
    return results.flatMap((result) =>
      result.error ? [{ operation: result.bound.operation, error: result.error }] : [],
    )
  }

  /** Waits for what runs in the background. */
  async quiet(): Promise<void> {
    await Promise.all(this.#background)
  }

  async #carryOut(wanted: Wanted, bound: Bound, id: number, entry: NewEntry): Promise<Result> {
    const { kind } = bound.operation
    if (kind === 'pre-stop' || kind === 'close-streams') {
      this.#inBackground(wanted, bound, id, entry)
      return { bound, id, entry, error: null, later: true }
    }
    return { bound, id, entry, error: await this.#attempt(wanted, bound), later: false }
  }

  async #attempt(wanted: Wanted, bound: Bound): Promise<TasukiError | null> {
    try {
      await this.#deps.checkpoint?.('before', bound.operation.kind)
      await this.#effect(wanted, bound)
      await this.#deps.checkpoint?.('after', bound.operation.kind)
      return null
    } catch (error) {
      return asTasukiError(error)
    }
  }

  /** Hooks and the polite end of streams take long: the passes go on meanwhile. */
  #inBackground(wanted: Wanted, bound: Bound, id: number, entry: NewEntry): void {
    const instance = bound.instance!
    if (bound.operation.kind === 'pre-stop') this.#observer.preStop(instance, 'running')
    else this.#observer.streamsClosed(instance)
    const work = this.#attempt(wanted, bound).then(async (error) => {
      if (bound.operation.kind === 'pre-stop') this.#observer.preStop(instance, 'done')
      await this.#settle([{ bound, id, entry, error, later: false }])
    })
    const guarded = work
      .catch((error: unknown) =>
        this.#deps.log.warn(
          { error: asTasukiError(error).message, instance },
          'an outcome could not be written',
        ),
      )
      .finally(() => {
        this.#background.delete(guarded)
        this.#wake()
      })
    this.#background.add(guarded)
  }

  async #settle(results: readonly Result[]): Promise<void> {
    if (results.length === 0) return
    const at = this.#deps.clock.wall()
    await this.#deps.store.settle(results.map(({ id, error }) => ({ id, error: error?.message ?? null, at })))
    for (const { id, entry, error } of results) {
      this.#tell({
        ...entry,
        id,
        state: error ? 'failed' : 'done',
        error: error?.message ?? null,
        endedAt: at,
      })
    }
  }

  async #effect(wanted: Wanted, bound: Bound): Promise<void> {
    const { runtime, router, traffic, store } = this.#deps
    const { operation } = bound
    switch (operation.kind) {
      case 'prepare':
        return this.#prepare(wanted, operation)
      case 'open-receipt':
        return traffic.open(
          operation.rollout,
          operation.types.map((type) => ({ appId: wanted.appId, type })),
          30_000,
        )
      case 'start-release-phase':
        return this.#start(wanted, bound, operation.set, 'release', 'release-phase')
      case 'pass-release-phase':
        return store.passReleasePhase(operation.rollout)
      case 'start':
        return this.#start(wanted, bound, operation.set, operation.type, 'formation')
      case 'assign':
        return router.assign(backend(wanted, operation.type), {
          instance: operation.instance,
          name: operation.name,
          release: operation.release,
          address: operation.address,
          checkPath: operation.checkPath,
          host: wanted.host,
        })
      case 'admit':
        return router.admit(backend(wanted, operation.type), operation.instance, FULL)
      case 'drain':
        return router.drain(backend(wanted, operation.type), operation.instance)
      case 'park':
        return router.park(backend(wanted, operation.type), operation.instance)
      case 'free':
        return router.free(backend(wanted, operation.type), operation.instance)
      case 'close-streams':
        return router.closeStreams(backend(wanted, operation.type), operation.instance)
      case 'mark-switched':
        await traffic.switched(operation.rollout)
        return store.markSwitched(operation.rollout)
      case 'turn-back':
        return store.turnBack(operation.rollout, operation.note, operation.outcome)
      case 'pre-stop':
        return runtime.preStop(operation.instance, operation.hook, operation.limitMs)
      case 'terminate':
        await this.#assertUnused(wanted, operation)
        return runtime.signal(operation.instance, 'SIGTERM')
      case 'kill':
        this.#observer.killed(operation.instance, this.#deps.clock.monotonic())
        return runtime.signal(operation.instance, 'SIGKILL')
      case 'remove':
        await runtime.remove(operation.instance)
        return store.pardon(wanted.appId, operation.instance)
      case 'finish':
        return this.#finish(wanted, operation)
    }
  }

  async #prepare(wanted: Wanted, operation: OperationOf<'prepare'>): Promise<void> {
    const { runtime, router, store } = this.#deps
    const artifact = await store.artifact(wanted.appId, operation.set)
    await runtime.prepare({ artifact, appId: wanted.appId, instances: operation.starts })
    for (const type of operation.types.filter((one) => one.routable)) {
      await router.prepare({
        appId: wanted.appId,
        type: type.type,
        slots: slotsFor(type.settings, type.quantity),
        settings: type.settings,
      })
    }
  }

  async #start(
    wanted: Wanted,
    bound: Bound,
    set: { generation: number; release: number },
    type: string,
    kind: 'formation' | 'release-phase',
  ): Promise<void> {
    const spec = await this.#deps.store.instanceSpec(wanted.appId, set, type, kind)
    const size = wanted.types.get(set.generation)?.find((one) => one.type === type)?.size
    await this.#deps.runtime.start({
      ...spec,
      id: bound.instance!,
      name: bound.name!,
      generation: set.generation,
      size: size ? sizeOf(size) : spec.size,
    })
  }

  /** Invariant I2, asserted by a fresh query: whoever gets a signal has no request in flight, or its limit has passed. */
  async #assertUnused(wanted: Wanted, operation: OperationOf<'terminate'>): Promise<void> {
    const view = await this.#deps.router.observe(backend(wanted, operation.type))
    const server = view?.servers.find((one) => one.instance === operation.instance)
    if (!server) return
    if (server.admin === 'ready' || (server.inFlight > 0 && !operation.cut)) {
      throw new TasukiError(
        'conflict',
        `${operation.name} is still in use (${server.admin}, ${server.inFlight} in flight): no signal is sent.`,
      )
    }
  }

  async #finish(wanted: Wanted, operation: OperationOf<'finish'>): Promise<void> {
    const { store, traffic, clock } = this.#deps
    const rollout = [wanted.rollout, ...wanted.superseded].find((one) => one?.id === operation.rollout)
    if (!rollout) return
    const report = await traffic.close(rollout.id)
    const entries = await store.entries(rollout.id)
    const at = clock.wall()
    const receipt = makeReceipt({
      app: wanted.appName,
      rollout,
      outcome: operation.outcome,
      entries,
      traffic: report,
      finishedAt: at,
    })
    await store.finish(rollout.id, operation.outcome, receipt, at)
  }

  #bind(operation: Operation): Bound {
    if (operation.kind === 'start') {
      const name = `${operation.type}.${operation.index}`
      return {
        operation,
        instance: this.#deps.ids.instance(operation.type, operation.index),
        name,
        release: operation.set.release,
      }
    }
    if (operation.kind === 'start-release-phase') {
      const { release } = operation.set
      return {
        operation,
        instance: this.#deps.ids.instance('release', release),
        name: `release.${release}`,
        release,
      }
    }
    if ('instance' in operation)
      return { operation, instance: operation.instance, name: operation.name, release: operation.release }
    return { operation, instance: null, name: null, release: null }
  }

  #intent(wanted: Wanted, bound: Bound): NewEntry {
    const { operation } = bound
    return {
      appId: wanted.appId,
      rollout: 'rollout' in operation ? operation.rollout : (wanted.rollout?.id ?? null),
      generation: wanted.generation,
      kind: operation.kind,
      instance: bound.instance,
      name: bound.name,
      release: bound.release,
      note: operation.note,
      state: 'intent',
      at: this.#deps.clock.wall(),
    }
  }

  #sighted(wanted: Wanted, sighting: Sighting): NewEntry {
    return {
      appId: wanted.appId,
      rollout: wanted.rollout?.id ?? null,
      generation: wanted.generation,
      kind: sighting.kind,
      instance: sighting.instance.id,
      name: sighting.instance.name,
      release: sighting.instance.release,
      note: sighting.note,
      state: 'seen',
      at: this.#deps.clock.wall(),
    }
  }
}

interface Result {
  readonly bound: Bound
  readonly id: number
  readonly entry: NewEntry
  readonly error: TasukiError | null
  /** Its outcome is written when it has ended in the background. */
  readonly later: boolean
}

function backend(wanted: Wanted, type: string): BackendKey {
  return { appId: wanted.appId, type }
}
