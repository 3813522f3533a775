import { setTimeout as delay } from 'node:timers/promises'
import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import { type Host, whyUnreachable } from '../../domain/host.ts'
import type { InstanceId, InstanceSpec, RuntimeInstance } from '../../domain/instance.ts'
import type { HostBook } from './host-book.ts'
import type { Member, WholeRuntime } from './member.ts'

export interface FleetLog {
  warn(fields: Record<string, unknown>, message: string): void
}

/** A host that has not answered by then is told of from memory, ms. */
const PATIENCE_MS = 1_000
/** For so long what a host says of its memory is taken for true, ms. */
const ROOM_KEPT_MS = 5_000
/** Between two looks at a host that did not answer, ms. */
const LOOK_AGAIN_MS = 1_000

/** One host in the fleet: its runtime, what was last known of it, and whether it answers. */
export class FleetHost {
  readonly #member: Member
  readonly #book: HostBook
  readonly #log: FleetLog
  readonly #changed: (appId: string) => void
  readonly #stop: (() => void)[]
  readonly #closed = new AbortController()
  #host: Host
  /** Why the last look came to nothing; null when it did not. */
  #failing: string | null = null
  #lookingAgain = false
  #room: { readonly at: number; readonly said: ReturnType<WholeRuntime['headroom']> } | null = null
  #answered: boolean
  #silentSince = performance.now()

  constructor(host: Host, member: Member, book: HostBook, log: FleetLog, changed: (appId: string) => void) {
    this.#host = host
    this.#member = member
    this.#book = book
    this.#log = log
    this.#changed = changed
    this.#answered = this.reachable
    this.#stop = [member.onChange(() => this.#reachabilityChanged()), member.runtime.watch(changed)]
  }

  get host(): Host {
    return this.#host
  }

  /** Other labels, or another state. */
  set host(host: Host) {
    this.#host = host
  }

  get reachable(): boolean {
    return this.#failing === null && this.#member.reachable()
  }

  /** ms since it stopped answering, or since it was taken in; 0 while it answers. */
  get silentFor(): number {
    return this.reachable ? 0 : performance.now() - this.#silentSince
  }

  /** Why it does not answer; null when it does. */
  get failure(): string | null {
    return this.reachable ? null : (this.#member.failure() ?? this.#failing ?? 'it is not connected')
  }

  /** What is known of its instances, those on their way included. */
  get instances(): readonly RuntimeInstance[] {
    return this.#book.instances()
  }

  has(id: InstanceId): boolean {
    return this.#book.has(id)
  }

  /** Freshly observed; from memory, and marked so, where the host does not answer within a second. */
  async list(appId?: string): Promise<RuntimeInstance[]> {
    if (this.reachable) {
      const seen = await this.#look(appId)
      if (seen) return seen
    }
    return this.#book.instances(appId).map((one) => this.#of(one, true))
  }

  /**
   * Lets the runtime start it, by `start` or attached. Written down before; one whose start was cut off stays known until
   * it is seen that it is not there.
   */
  async start<T>(spec: InstanceSpec, start: (runtime: WholeRuntime) => Promise<T>): Promise<T> {
    this.requireReachable()
    this.#book.expect(spec, this.#host.name, Date.now())
    try {
      await this.#book.save()
      const started = await start(this.#member.runtime)
      this.#book.settle(spec.id)
      return started
    } catch (cause) {
      const error = asTasukiError(cause)
      if (isUnknown(error)) this.#book.settle(spec.id)
      else this.#book.refused(spec.id)
      throw error
    }
  }

  /** Does something with its runtime. Throws TasukiError `host_unreachable` at once when it does not answer. */
  async use<T>(work: (runtime: WholeRuntime) => Promise<T>): Promise<T> {
    this.requireReachable()
    return work(this.#member.runtime)
  }

  /** As its runtime, asked every few seconds at most: an app in the middle of a rollout is looked at twice a second. */
  headroom(): ReturnType<WholeRuntime['headroom']> {
    const now = performance.now()
    if (this.#room && now - this.#room.at < ROOM_KEPT_MS) return this.#room.said
    const said = this.use((runtime) => runtime.headroom())
    this.#room = { at: now, said }
    said.catch(() => {
      if (this.#room?.said === said) this.#room = null
    })
    return said
  }

  async signal(id: InstanceId, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.use((runtime) => runtime.signal(id, signal))
    this.#book.signalled(id, Date.now())
    this.#keep()
  }

  async remove(id: InstanceId): Promise<void> {
    await this.use((runtime) => runtime.remove(id))
    this.#book.forget(id)
    this.#keep()
  }

  /** Throws TasukiError `host_unreachable`, with why. */
  requireReachable(): void {
    const { failure } = this
    if (failure === null) return
    throw new TasukiError('host_unreachable', `The host ${this.#host.name} does not answer: ${failure}.`, {
      details: { host: this.#host.name },
    })
  }

  /** Lets go of it; what runs there runs on. */
  async close(): Promise<void> {
    this.#letGo()
    await this.#book.save()
  }

  /** Lets go of it for good: nothing of it is known any more. */
  async forget(): Promise<void> {
    this.#letGo()
    this.#member.forget()
    await this.#book.delete()
  }

  #letGo(): void {
    this.#closed.abort()
    for (const stop of this.#stop) stop()
    this.#member.close()
  }

  /** Null when it did not answer in time; then it is looked at again until it does. */
  async #look(appId?: string): Promise<RuntimeInstance[] | null> {
    const seeing = this.#see(appId)
    const seen = await Promise.race([seeing.catch((error: unknown) => asTasukiError(error)), slow()])
    if (Array.isArray(seen)) return seen
    this.#didNotAnswer(seen === 'slow' ? 'it has not answered for a second' : whyUnreachable(seen))
    void this.#lookAgain(seeing)
    return null
  }

  async #see(appId?: string): Promise<RuntimeInstance[]> {
    const look = this.#book.looking()
    const seen = (await this.#member.runtime.list(appId)).map((one) => this.#of(one, false))
    this.#book.saw(look, seen, appId)
    this.#keep()
    return seen
  }

  /** Goes on until the host answers, so that somebody notices when it does. */
  async #lookAgain(first: Promise<unknown>): Promise<void> {
    if (this.#lookingAgain) return
    this.#lookingAgain = true
    const { signal } = this.#closed
    let answered = await settledWell(first)
    while (!answered && !signal.aborted) {
      await delay(LOOK_AGAIN_MS, undefined, { ref: false, signal }).catch(() => undefined)
      if (!signal.aborted) answered = await settledWell(this.#see())
    }
    this.#lookingAgain = false
    this.#failing = null
    if (!signal.aborted) this.#reachabilityChanged()
  }

  #didNotAnswer(why: string): void {
    if (this.#failing === null)
      this.#log.warn({ host: this.#host.name, error: why }, 'a host does not answer')
    this.#failing = why
    this.#reachabilityChanged()
  }

  /** Whoever has instances there is told. */
  #reachabilityChanged(): void {
    if (this.#answered === this.reachable) return
    this.#answered = this.reachable
    if (!this.#answered) this.#silentSince = performance.now()
    for (const appId of new Set(this.#book.instances().map((one) => one.appId))) this.#changed(appId)
  }

  #of(instance: RuntimeInstance, unreachable: boolean): RuntimeInstance {
    return { ...instance, host: this.#host.name, unreachable }
  }

  /** The next change writes it anew when this one can not be written. What comes late, whoever has the host now writes. */
  #keep(): void {
    if (this.#closed.signal.aborted) return
    this.#book.save().catch((error: unknown) => {
      const { message } = asTasukiError(error)
      this.#log.warn(
        { host: this.#host.name, error: message },
        'what is known of a host could not be written down',
      )
    })
  }
}

/** Whether it may have happened all the same. */
function isUnknown({ code }: TasukiError): boolean {
  return code === 'host_unreachable' || code === 'internal'
}

async function slow(): Promise<'slow'> {
  return await delay(PATIENCE_MS, 'slow' as const, { ref: false })
}

function settledWell(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  )
}
