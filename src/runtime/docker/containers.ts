import { setTimeout as delay } from 'node:timers/promises'
import type { InstanceId } from '../../domain/instance.ts'
import { Places } from '../../ssh/places.ts'
import type { Log } from '../process/log.ts'
import { ask, infoOf, LIMITS, statusOf } from './calls.ts'
import { type DockerEvent, openEvents } from './event-stream.ts'
import type { DockerHost } from './host.ts'
import { identityOf, LABELS } from './labels.ts'
import { causeOf, type Seen, seenOf } from './seen.ts'

export interface ContainersParts {
  readonly host: DockerHost
  /** Names the control plane whose containers these are. */
  readonly server: string
  readonly log: Log
  /** Something about an instance is not as it was. */
  readonly changed: (seen: Seen) => void
  /** It is not there any more. */
  readonly gone: (seen: Seen) => void
  /** All has been looked at anew, after a connection was made. */
  readonly connected: () => void
}

/** How long the word of a host holds without a new one, ms. */
const FRESH_MS = 3_000
const FIRST_RETRY_MS = 200
const LONGEST_RETRY_MS = 2_000
/** From a program's start to the event that tells of it, ms. */
const START_MS = 1_000
/** Containers that are looked at side by side. */
const SIDE_BY_SIDE = 16

/**
 * Our containers on one host. Docker's stream of events keeps this true between two looks, so that asking for all of them
 * costs a call only now and then.
 */
export class Containers {
  readonly #parts: ContainersParts
  readonly #seen = new Map<InstanceId, Seen>()
  readonly #places = new Places(SIDE_BY_SIDE)
  readonly #closing = new AbortController()
  /** Containers that the kernel has taken memory from by force. */
  readonly #outOfMemory = new Set<string>()
  /** Whoever starts these looks at them afterwards. */
  readonly #expected = new Set<InstanceId>()
  #live = false
  #loaded = false
  /** When the host has said something last, monotonic ms. */
  #heardAt = 0
  #aheadMs = 0
  #refreshing: Promise<void> | null = null
  /** Goes up with each container that is looked at by itself. */
  #looks = 0
  readonly #lookedAt = new Map<InstanceId, number>()

  constructor(parts: ContainersParts) {
    this.#parts = parts
  }

  /** Begins to follow; until the connection is there each question is a look of its own. */
  open(): void {
    void this.#follow()
  }

  close(): void {
    this.#closing.abort()
  }

  /** All of them, as they are. Throws TasukiError `host_unreachable`. */
  async all(): Promise<Seen[]> {
    if (!this.#isFresh()) await this.#refreshOnce()
    return [...this.#seen.values()]
  }

  /** Null when there is none of that id. Throws TasukiError `host_unreachable`. */
  async find(id: InstanceId): Promise<Seen | null> {
    if (!this.#isFresh()) await this.#refreshOnce()
    return this.#seen.get(id) ?? null
  }

  /** Whether it is told at once when something happens. */
  get isLive(): boolean {
    return this.#live
  }

  /** As it was heard of last. */
  lastKnown(id: InstanceId): Seen | null {
    return this.#seen.get(id) ?? null
  }

  /** Looks at one, by its id or by Docker's. Null when there is none. */
  async look(name: string): Promise<Seen | null> {
    const { host, server } = this.#parts
    try {
      const found = await this.#places.within(() =>
        ask(host, LIMITS.look, (abortSignal) => host.docker.getContainer(name).inspect({ abortSignal })),
      )
      if (found.Config.Labels?.[LABELS.server] !== server) return null
      return this.#take(this.#withMemory(seenOf(found, this.#aheadMs)))
    } catch (error) {
      if (statusOf(error) !== 404) throw error
      this.#drop(name)
      return null
    }
  }

  /** Runs what starts an instance, and looks at it after that. */
  async started(id: InstanceId, start: () => Promise<unknown>): Promise<Seen | null> {
    this.#expected.add(id)
    try {
      await start()
      return await this.look(id)
    } finally {
      this.#expected.delete(id)
    }
  }

  /** Known without a look: it comes back from now on. */
  comesBack(id: InstanceId): void {
    const seen = this.#seen.get(id)
    if (seen) this.#take({ ...seen, comesBack: true })
  }

  /** It is gone. */
  forget(id: InstanceId): void {
    this.#seen.delete(id)
    this.#lookedAt.delete(id)
  }

  #isFresh(): boolean {
    return this.#live && this.#loaded && performance.now() - this.#heardAt < FRESH_MS
  }

  async #follow(): Promise<void> {
    const { host, log } = this.#parts
    const { signal } = this.#closing
    let failures = 0
    while (!signal.aborted) {
      try {
        await this.#connection()
        failures = 0
      } catch (error) {
        // Once for each time that it is gone.
        if (failures === 0 && !signal.aborted)
          log.info({ host: host.name, why: String(error) }, 'a host tells no events')
        failures += 1
      }
      this.#live = false
      await this.#pause(Math.min(FIRST_RETRY_MS * 2 ** failures, LONGEST_RETRY_MS))
    }
  }

  /** As long, or until the host can be reached again. */
  async #pause(ms: number): Promise<void> {
    const { host } = this.#parts
    const woken = new AbortController()
    const signal = AbortSignal.any([this.#closing.signal, woken.signal])
    const unlisten = host.onChange(() => host.reachable() && woken.abort())
    await delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
    unlisten()
  }

  /** From the beginning of a stream of events to its end. All is looked at once it flows, so that nothing is missed. */
  async #connection(): Promise<void> {
    const { host, server } = this.#parts
    const events = await openEvents(host, server, this.#closing.signal)
    try {
      await this.#readClock()
      this.#loaded = false
      await this.#refreshOnce()
      this.#loaded = true
      this.#live = true
      this.#parts.connected()
      for await (const event of events) await this.#happened(event)
    } finally {
      events.close()
    }
  }

  /** The host's clock may be wrong: what it says is told in our time. */
  async #readClock(): Promise<void> {
    const asked = Date.now()
    const info = await infoOf(this.#parts.host)
    const aheadMs = Date.parse(info.SystemTime) - (asked + Date.now()) / 2
    // Within the time that the question took, nobody can tell.
    this.#aheadMs = Math.abs(aheadMs) <= Date.now() - asked + 1 ? 0 : Math.round(aheadMs)
  }

  #refreshOnce(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  async #refresh(): Promise<void> {
    const { host, server } = this.#parts
    const before = this.#looks
    const filters = JSON.stringify({ label: [`${LABELS.server}=${server}`] })
    const asked = performance.now()
    const listed = await ask(host, LIMITS.look, (abortSignal) =>
      host.docker.listContainers({ all: true, filters, abortSignal }),
    )
    const there = new Set(listed.map(({ Labels }) => identityOf(Labels).id))
    for (const seen of this.#seen.values())
      if (!there.has(seen.id) && (this.#lookedAt.get(seen.id) ?? 0) <= before) this.#lose(seen)
    const changed = listed.filter(({ Id, State, Labels }) => !this.#isKnown(Id, State, identityOf(Labels).id))
    await Promise.all(changed.map(({ Id }) => this.look(Id)))
    this.#heardAt = asked
  }

  /** What events have told of needs no look. Without them, one that is in the same state may have been elsewhere. */
  #isKnown(container: string, state: string, id: InstanceId): boolean {
    const seen = this.#seen.get(id)
    return this.#loaded && this.#live && seen?.container === container && seen.state === state
  }

  async #happened(event: DockerEvent): Promise<void> {
    this.#heardAt = performance.now()
    const { id } = identityOf(event.labels)
    const known = this.#seen.get(id)
    if (event.action === 'oom') this.#outOfMemory.add(event.container)
    else if (event.action === 'destroy') this.#destroyed(id, event.container)
    else if (event.action === 'die' && known?.container === event.container) this.#died(known, event)
    else if (event.action === 'die' || !this.#isKnownStart(event, known))
      await this.#lookAgain(event.container)
  }

  #isKnownStart({ labels, at }: DockerEvent, known: Seen | undefined): boolean {
    const since = known?.state === 'running' ? at - this.#aheadMs - known.startedAt : -1
    return this.#expected.has(identityOf(labels).id) || (since >= 0 && since < START_MS)
  }

  async #lookAgain(container: string): Promise<void> {
    try {
      await this.look(container)
    } catch (error) {
      // The next question finds out.
      this.#loaded = false
      this.#parts.log.info(
        { host: this.#parts.host.name, why: String(error) },
        'a container could not be looked at',
      )
    }
  }

  #destroyed(id: InstanceId, container: string): void {
    this.#outOfMemory.delete(container)
    const known = this.#seen.get(id)
    if (known?.container === container) this.#lose(known)
  }

  /** Of a run that is over, when a later one has been seen already. */
  #died(known: Seen, { exitCode, at, container }: DockerEvent): void {
    const ours = at - this.#aheadMs
    if (known.startedAt > ours || known.state === 'exited') return
    const code = exitCode ?? 0
    const exit = { code, at: Math.round(ours), cause: causeOf(code, this.#outOfMemory.delete(container)) }
    this.#take({ ...known, state: 'exited', pid: null, exit, witnessed: true, foundAt: Date.now() })
  }

  /** What was witnessed stays so, as long as nothing can have been missed. */
  #withMemory(seen: Seen): Seen {
    const before = this.#seen.get(seen.id)
    if (before?.container !== seen.container || before.state !== seen.state) return seen
    const witnessed = seen.witnessed || (before.witnessed && this.#live)
    return { ...seen, witnessed, foundAt: before.foundAt }
  }

  #take(seen: Seen): Seen {
    const before = this.#seen.get(seen.id)
    this.#looks += 1
    this.#lookedAt.set(seen.id, this.#looks)
    this.#seen.set(seen.id, seen)
    if (JSON.stringify(before) !== JSON.stringify(seen)) this.#parts.changed(seen)
    return seen
  }

  #drop(name: string): void {
    for (const seen of this.#seen.values()) if (seen.id === name || seen.container === name) this.#lose(seen)
  }

  #lose(seen: Seen): void {
    this.forget(seen.id)
    this.#parts.gone(seen)
  }
}
