import { asTasukiError, originOf } from '../domain/errors.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import type { EventChange, KeptEvent } from '../store/source-events.ts'
import type { ServiceDeps } from './context.ts'
import { KeyedRounds } from './keyed-rounds.ts'

/** Pauses before an event is handed once more to who could not take note of it, ms. After the last it is given up. */
const PAUSES_MS: readonly number[] = [1000, 5000, 15_000, 60_000]
/** Events of a pipeline that are kept once nobody waits for them. */
const KEEP_EVENTS = 2000
const TRIM_EVERY = 200
const AT_ONCE = 50

/** Takes note of an event. May be given the same one again, and must then change nothing. */
type Handler = (event: SourceEvent) => Promise<void>

/**
 * What happens in the repositories of pipelines, handed on to whoever acts on it: those of a pipeline in the order in which
 * they came, each at least once, also by the next control plane. A handler that fails is asked again, and holds up later
 * events of that pipeline meanwhile; after some times the event is given up for it.
 */
export class SourceEventService {
  readonly #deps: Pick<ServiceDeps, 'store' | 'log'>
  readonly #handlers = new Map<string, Handler>()
  readonly #pausesMs: readonly number[]
  readonly #rounds: KeyedRounds
  #ended = 0

  constructor(deps: Pick<ServiceDeps, 'store' | 'log'>, pausesMs: readonly number[] = PAUSES_MS) {
    this.#deps = deps
    this.#pausesMs = pausesMs
    this.#rounds = new KeyedRounds('Handing events on', deps.log, (pipelineId) => this.#handOnAll(pipelineId))
  }

  get #table() {
    return this.#deps.store.tables.sourceEvents
  }

  /** To be called before `start`. The name says what has been handled already, so it must stay the same for ever. */
  onEvent(name: string, handle: Handler): void {
    this.#handlers.set(name, handle)
  }

  /** Goes on with what the last control plane has not handed on. */
  async start(): Promise<void> {
    this.#rounds.start(await this.#table.waiting())
  }

  /** Lets go; what has not been handled is handed on by the next control plane. */
  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** Writes it down; durable when it resolves. False when it has come before, and nothing was done. */
  async receive(event: SourceEvent): Promise<boolean> {
    const fresh = await this.#table.insert({ event, digest: event.id, state: 'waiting', expects: null })
    if (fresh) this.poke(event.pipelineId)
    return fresh
  }

  /** Newest first. */
  list(pipelineId: string, max: number): Promise<KeptEvent[]> {
    return this.#table.list(pipelineId, max)
  }

  /** Something waits: to be called once it has been written down. */
  poke(pipelineId: string): void {
    this.#rounds.poke(pipelineId)
  }

  async #handOnAll(pipelineId: string): Promise<number | null> {
    while (!this.#rounds.stopped) {
      const waiting = await this.#table.waitingOf(pipelineId, AT_ONCE)
      if (waiting.length === 0) return null
      const wait = waiting[0]!.nextAt - Date.now()
      if (wait > 0) return wait
      await this.#note(pipelineId, await this.#handOnSome(waiting))
    }
    return null
  }

  /** As far as all goes well: those behind one that has to be handed on again wait for it. */
  async #handOnSome(waiting: readonly KeptEvent[]): Promise<[number, EventChange][]> {
    const changes: [number, EventChange][] = []
    for (const kept of waiting) {
      const change = await this.#handOn(kept)
      changes.push([kept.number, change])
      if (change.state === undefined || this.#rounds.stopped) break
    }
    return changes
  }

  /** Together, since each write waits for the disk. Who took note already is asked again if this server is killed before. */
  async #note(pipelineId: string, changes: readonly [number, EventChange][]): Promise<void> {
    this.#ended += changes.length
    const trims = this.#ended >= TRIM_EVERY
    if (trims) this.#ended = 0
    await this.#deps.store.transaction(async ({ sourceEvents }) => {
      for (const [number, change] of changes) await sourceEvents.change(number, change)
      if (trims) await sourceEvents.trim(pipelineId, KEEP_EVENTS)
    })
  }

  async #handOn(kept: KeptEvent): Promise<EventChange> {
    const handled = new Set(kept.handled)
    const errors: string[] = []
    const left = [...this.#handlers].filter(([name]) => !handled.has(name))
    await Promise.all(
      left.map(async ([name, handle]) => {
        const error = await this.#failure(name, handle, kept.event)
        if (error === null) handled.add(name)
        else errors.push(`${name}: ${error}`)
      }),
    )
    return { handled: [...handled], ...this.#outcome(kept, errors) }
  }

  /** Without a state it is to be handed on once more. */
  #outcome({ attempts }: KeptEvent, errors: readonly string[]): EventChange {
    if (errors.length === 0) return { state: 'handled', attempts: attempts + 1, error: null }
    const error = errors.join('; ').slice(0, 1000)
    const pause = this.#pausesMs[attempts]
    if (pause === undefined) return { state: 'failed', attempts: attempts + 1, error }
    return { attempts: attempts + 1, nextAt: Date.now() + pause, error }
  }

  /** Why the handler could not take note; null when it has. */
  async #failure(name: string, handle: Handler, event: SourceEvent): Promise<string | null> {
    try {
      await handle(event)
      return null
    } catch (thrown) {
      const error = asTasukiError(thrown)
      const fields = { pipeline: event.pipelineId, event: event.id, handler: name, error: originOf(error) }
      this.#deps.log.error(fields, 'What happened in a repository could not be acted on')
      return error.message
    }
  }
}
