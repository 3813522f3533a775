import { asTasukiError, TasukiError } from '../../domain/errors.ts'
import { type ExternalBalancer, SHUTDOWN_LIMIT_MS, unfitBehind } from '../../domain/external-balancer.ts'
import type { Check } from '../../domain/health.ts'
import type { InstanceId } from '../../domain/instance.ts'
import type { PreStop } from '../../domain/settings.ts'
import type { Assignment, BackendKey, BackendSpec, BackendView, Router } from '../../rollout/ports.ts'
import { ExternalBook, type ServerRecord, type ServerRules } from './book.ts'
import { probe } from './probe.ts'
import { Series } from './series.ts'
import { serverView } from './view.ts'

/** Our checks are at least this frequent, ms, so that a change is seen soon. */
const CHECK_MS = 500
const LEAST_CHECK_MS = 20

export interface ExternalRouterOptions {
  /** Where it keeps what it has to remember. */
  readonly file: string
  /** ms on a clock that never jumps. */
  readonly monotonic: () => number
  /** What instances of that release are taken in and out by; null when the app is not behind such a balancer (any more). */
  readonly rules: (backend: BackendKey, release: number) => Promise<ServerRules | null>
  /** Has the instance's health check fail. Rejects when it did not do as it was asked. */
  readonly shutDown: (instance: InstanceId, hook: PreStop, limitMs: number) => Promise<void>
  /** From now on the instance is to be replaced: once it has been told to shut down it can not come back. */
  readonly condemn: (appId: string, instance: InstanceId) => Promise<void>
  readonly log: { warn(fields: Record<string, unknown>, message: string): void }
}

interface Checked {
  readonly series: Series
  stop: () => void
}

/**
 * The engine's router for apps behind a balancer that is not ours, which takes instances in and out by its health checks
 * alone. Coming in is waiting until our own checks have passed for as long as the balancer's need; going out is telling the
 * instance to shut down, which makes its checks fail, and waiting likewise. Nothing of the balancer's is ever changed.
 */
export class ExternalRouter implements Router {
  readonly #options: ExternalRouterOptions
  readonly #book: ExternalBook
  readonly #checked = new Map<InstanceId, Checked>()
  #closed = false

  /** Goes on with the instances that it had before. */
  static async open(options: ExternalRouterOptions): Promise<ExternalRouter> {
    const router = new this(options, await ExternalBook.open(options.file))
    router.#resume()
    return router
  }

  protected constructor(options: ExternalRouterOptions, book: ExternalBook) {
    this.#options = options
    this.#book = book
  }

  /** Whether the instance is behind the balancer. */
  holds(backend: BackendKey, instance: InstanceId): boolean {
    return this.#book.server(backend, instance) !== null
  }

  /** Lets go; the balancer does what it does. */
  close(): void {
    this.#closed = true
    for (const id of [...this.#checked.keys()]) this.#forget(id)
  }

  /** The app is gone. */
  async removeApp(appId: string): Promise<void> {
    for (const { instance } of this.#book.servers().filter((one) => one.appId === appId))
      this.#forget(instance)
    await this.#book.dropApp(appId)
  }

  async prepare({ appId, type, slots, settings }: BackendSpec): Promise<void> {
    const unfit = unfitBehind(settings)
    if (unfit !== null)
      throw new TasukiError(
        'invalid_params',
        `It can not be handed over behind an external balancer: ${unfit}.`,
        {
          next: 'Add it and deploy again; docs/docker.md shows how. Nothing was changed.',
        },
      )
    await this.#book.prepare({ appId, type }, slots)
  }

  async observe(backend: BackendKey): Promise<BackendView | null> {
    const slots = this.#book.slots(backend)
    if (slots === null) return null
    const now = this.#options.monotonic()
    const servers = this.#book
      .serversOf(backend)
      .map((record) => serverView(record, this.#seriesOf(record.instance), now))
    return { servers, freeSlots: Math.max(0, slots - servers.length), boot: 'external' }
  }

  /** What our own checks say of every instance. */
  checks(): ReadonlyMap<InstanceId, Check> {
    const now = this.#options.monotonic()
    return new Map(
      this.#book.servers().map((record) => {
        const { admin, health, passedOnce, check } = serverView(record, this.#seriesOf(record.instance), now)
        return [record.instance, { admin, health, passedOnce, check }]
      }),
    )
  }

  async assign(backend: BackendKey, server: Assignment): Promise<void> {
    const known = this.#book.server(backend, server.instance)
    if (known && known.phase !== 'parked') return
    const slots = this.#book.slots(backend)
    if (slots === null) throw refused(`${server.name} has no backend.`)
    if (!known && this.#book.serversOf(backend).length >= slots) throw refused('No slot is free.')
    const rules = await this.#options.rules(backend, server.release)
    if (rules === null) throw refused(`How ${server.name} is taken in by the balancer is not known.`)
    const { appId, type } = backend
    const record: ServerRecord = { ...server, appId, type, rules, phase: 'assigned', asked: false }
    await this.#book.keep(record)
    this.#forget(server.instance)
    this.#check(record)
  }

  async admit(backend: BackendKey, instance: InstanceId): Promise<void> {
    const record = this.#must(backend, instance)
    if (record.phase === 'admitted') return
    const passed = this.#seriesOf(instance).isIn(record.rules.balancer, this.#options.monotonic())
    if (record.phase !== 'assigned' || !passed)
      throw refused(`${record.name} has not passed its checks for as long as the balancer needs.`)
    await this.#book.keep({ ...record, phase: 'admitted' })
  }

  /**
   * Tells the instance to shut down. From here on it can not come back: a hand-over that returns starts a fresh one.
   * Throws `router_refused` when it did not do as it was asked; it counts as draining all the same.
   */
  async drain(backend: BackendKey, instance: InstanceId): Promise<void> {
    const record = this.#must(backend, instance)
    if (record.phase === 'draining' || record.phase === 'parked') return
    await this.#options.condemn(record.appId, instance)
    const rules = (await this.#options.rules(backend, record.release)) ?? record.rules
    const draining: ServerRecord = { ...record, rules, phase: 'draining', asked: false }
    await this.#book.keep(draining)
    await this.#ask(draining)
  }

  async park(backend: BackendKey, instance: InstanceId): Promise<void> {
    const record = this.#book.server(backend, instance)
    if (!record || record.phase === 'parked') return
    await this.#book.keep({ ...record, phase: 'parked' })
    this.#forget(instance)
  }

  /** Nobody but the instance can: SIGTERM asks it to. */
  async closeStreams(): Promise<void> {
    return
  }

  async free(_backend: BackendKey, instance: InstanceId): Promise<void> {
    this.#forget(instance)
    await this.#book.drop(instance)
  }

  #resume(): void {
    for (const record of this.#book.servers()) {
      if (record.phase !== 'parked') this.#check(record)
      // Whether it was asked before the control plane died is not known; twice is as good as once.
      if (record.phase === 'draining' && !record.asked)
        void this.#ask(record).catch((error: unknown) => {
          const { message } = asTasukiError(error)
          this.#options.log.warn(
            { instance: record.instance, error: message },
            'an instance does not shut down',
          )
        })
    }
  }

  async #ask(record: ServerRecord): Promise<void> {
    const { instance, name, rules } = record
    const said = await this.#options.shutDown(instance, rules.hook, SHUTDOWN_LIMIT_MS).then(
      () => null,
      (error: unknown) => asTasukiError(error).message,
    )
    const present = this.#book.server(record, instance)
    if (present?.phase === 'draining' && !this.#closed) await this.#book.keep({ ...present, asked: true })
    if (said !== null)
      throw refused(
        `${name} was asked to shut down and did not: ${said}. Unless its checks fail, the balancer goes on sending it requests until it is stopped.`,
      )
  }

  #check(record: ServerRecord): void {
    const series = new Series()
    const everyMs = checkEvery(record.rules.balancer)
    let timer: NodeJS.Timeout | undefined
    let ended = false
    const round = async () => {
      const finding = await probe(record, record.rules.balancer.timeoutMs)
      if (ended) return
      series.found(finding, record.rules.balancer, this.#options.monotonic())
      timer = setTimeout(() => void round(), everyMs)
    }
    const stop = () => {
      ended = true
      clearTimeout(timer)
    }
    this.#checked.set(record.instance, { series, stop })
    void round()
  }

  #forget(instance: InstanceId): void {
    this.#checked.get(instance)?.stop()
    this.#checked.delete(instance)
  }

  #seriesOf(instance: InstanceId): Series {
    return this.#checked.get(instance)?.series ?? new Series()
  }

  #must(backend: BackendKey, instance: InstanceId): ServerRecord {
    const record = this.#book.server(backend, instance)
    if (record) return record
    throw refused(`${instance} is not behind the balancer.`)
  }
}

function checkEvery({ intervalMs }: ExternalBalancer): number {
  return Math.max(LEAST_CHECK_MS, Math.min(CHECK_MS, intervalMs))
}

function refused(what: string): TasukiError {
  return new TasukiError('router_refused', what, { next: 'See `tasuki timeline` for what the instance did.' })
}
