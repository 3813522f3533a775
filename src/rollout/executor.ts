import { asTasukiError, type TasukiError } from '../domain/errors.ts'
import type { JournalEntry } from '../domain/rollout.ts'
import type { EngineDeps } from './deps.ts'
import { type Bound, Effects } from './effects.ts'
import { preparedKey } from './gather.ts'
import type { Observer, Sighting } from './observer.ts'
import type { Operation, OperationOf } from './operations.ts'
import type { NewEntry, Wanted } from './spec.ts'

/** Longest that a pass waits for what is fetched, ms. */
const FETCH_MS = 1000

/** What became of an operation. */
export interface Outcome {
  readonly operation: Operation
  readonly error: TasukiError | null
  /** It goes on while the passes do. */
  readonly later: boolean
}

/** Whom the executor tells of what. */
interface ExecutorEvents {
  readonly entry: (entry: JournalEntry) => void
  /** Something that ran in the background has ended. */
  readonly wake: () => void
  readonly fetched: (wanted: Wanted, outcome: Outcome) => void
}

/** Carries out operations: the intent is durable before the effect, the outcome after it. */
export class Executor {
  readonly #deps: EngineDeps
  readonly #observer: Observer
  readonly #effects: Effects
  readonly #tell: (entry: JournalEntry) => void
  readonly #wake: () => void
  /** Called when what took long to fetch has come, or could not. */
  readonly #fetched: (wanted: Wanted, outcome: Outcome) => void
  readonly #background = new Set<Promise<void>>()
  /** For what something is being fetched still. */
  readonly #fetching = new Set<string>()
  /** For what something has come that took long, until the next pass goes on with it. */
  #come: string | null = null
  #quiet = false

  constructor(deps: EngineDeps, observer: Observer, told: ExecutorEvents) {
    this.#deps = deps
    this.#observer = observer
    this.#effects = new Effects(deps, observer)
    this.#tell = told.entry
    this.#wake = told.wake
    this.#fetched = told.fetched
  }

  /**
   * Journals the sightings and the intents in one durable step, then carries the operations out side by side.
   * Resolves with what became of each; what takes long goes on `later`. Throws `conflict` when the generation is no longer
   * the highest: nothing was done.
   */
  async run(
    wanted: Wanted,
    operations: readonly Operation[],
    sightings: readonly Sighting[],
  ): Promise<readonly Outcome[]> {
    if (operations.length + sightings.length === 0) return []
    const bound = operations.map((operation) => this.#bind(operation))
    const entries = [
      ...sightings.map((one) => this.#sighted(wanted, one)),
      ...bound.map((one) => this.#intent(wanted, one)),
    ]
    const ids = await this.#deps.store.journal(entries)
    entries.forEach((entry, at) => {
      this.#tell({ ...entry, id: ids[at]!, error: null, endedAt: null })
    })
    const first = sightings.length
    const results = await Promise.all(
      bound.map((one, at) => this.#carryOut(wanted, one, ids[first + at]!, entries[first + at]!)),
    )
    await this.#settle(results.filter((result) => !result.later))
    return results.map(({ bound: { operation }, error, later }) => ({ operation, error, later }))
  }

  /** A `prepare` for this goal goes on. */
  isFetching(wanted: Wanted): boolean {
    return this.#fetching.size > 0 && this.#fetching.has(preparedKey(wanted))
  }

  /** Waits for what runs in the background, but for what is being fetched: the next control plane asks for that again. */
  async quiet(): Promise<void> {
    this.#quiet = true
    await Promise.all(this.#background)
  }

  async #carryOut(wanted: Wanted, bound: Bound, id: number, entry: NewEntry): Promise<Result> {
    const { kind } = bound.operation
    if (kind === 'pre-stop' || kind === 'close-streams') {
      this.#inBackground(wanted, bound, id, entry)
      return { bound, id, entry, error: null, later: true }
    }
    if (bound.operation.kind === 'prepare')
      return this.#prepare(wanted, bound.operation, { bound, id, entry })
    return { bound, id, entry, error: await this.#attempt(wanted, bound), later: false }
  }

  /**
   * An image may take minutes to come to a host: the passes go on meanwhile, and replace what dies of what serves. When it
   * has come the next pass goes on where this one stopped.
   */
  async #prepare(wanted: Wanted, operation: OperationOf<'prepare'>, written: Written): Promise<Result> {
    if (this.#come === preparedKey(wanted)) {
      this.#come = null
      return { ...written, error: await this.#attempt(wanted, written.bound), later: false }
    }
    const limit = Promise.withResolvers<'later'>()
    const cancel = this.#deps.clock.timer(FETCH_MS, () => limit.resolve('later'))
    const work = this.#try(() => this.#effects.fetch(wanted, operation))
    const first = await Promise.race([work, limit.promise])
    cancel()
    if (first === 'later') {
      this.#fetching.add(preparedKey(wanted))
      void this.#finishFetch(wanted, written, work)
      return { ...written, error: null, later: true }
    }
    return { ...written, error: first ?? (await this.#attempt(wanted, written.bound)), later: false }
  }

  async #finishFetch(wanted: Wanted, written: Written, work: Promise<TasukiError | null>): Promise<void> {
    const error = await work
    this.#fetching.delete(preparedKey(wanted))
    if (!error) this.#come = preparedKey(wanted)
    if (this.#quiet) return
    try {
      await this.#settle([{ ...written, error, later: false }])
    } catch (failed) {
      this.#deps.log.warn({ error: asTasukiError(failed).message }, 'an outcome could not be written')
    }
    this.#fetched(wanted, { operation: written.bound.operation, error, later: true })
  }

  #attempt(wanted: Wanted, bound: Bound): Promise<TasukiError | null> {
    return this.#try(async () => {
      await this.#deps.checkpoint?.('before', bound.operation.kind)
      await this.#effects.bring(wanted, bound)
      await this.#deps.checkpoint?.('after', bound.operation.kind)
    })
  }

  async #try(work: () => Promise<void>): Promise<TasukiError | null> {
    try {
      await work()
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

/** An operation with its journal entry. */
interface Written {
  readonly bound: Bound
  readonly id: number
  readonly entry: NewEntry
}

interface Result extends Written {
  readonly error: TasukiError | null
  /** Its outcome is written when it has ended in the background. */
  readonly later: boolean
}
