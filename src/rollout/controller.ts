import { asTasukiError, type TasukiError } from '../domain/errors.ts'
import type { JournalEntry } from '../domain/rollout.ts'
import type { EngineDeps } from './deps.ts'
import { Executor, type Outcome } from './executor.ts'
import { Gatherer } from './gather.ts'
import { Observer } from './observer.ts'
import type { Phase } from './operations.ts'
import { plan } from './plan/plan.ts'
import type { Wanted } from './spec.ts'

/** After a pass that failed the next one waits, longer each time, up to this, ms. */
const LONGEST_RETRY_MS = 2000
const FIRST_RETRY_MS = 50

/** A pass is due this soon while only something is being fetched: its end is told, ms. */
const FETCHING_MS = 250

/** Reasons that trying again does not cure. */
const FINAL = new Set<string>([
  'disk_full',
  'no_memory',
  'no_port',
  'router_refused',
  'setup_missing',
  'invalid_params',
  'not_found',
  'no_host',
])

/** What can not be reached is no fault of the app: the next pass tries again, without a pause as after a crash. */
const AWAY = new Set<string>(['router_unavailable', 'unreachable', 'host_unreachable', 'no_host'])

/** Drives one app to what is wanted: observe, plan, carry out, again until nothing is left to do. */
export class AppController {
  readonly #appId: string
  readonly #deps: EngineDeps
  readonly #observer = new Observer()
  readonly #gatherer: Gatherer
  readonly #executor: Executor
  readonly #ended: (rollout: string) => void
  #poked = true
  #running = false
  #stopped = false
  #retries = 0
  #cancelTimer: (() => void) | null = null
  #idle: (() => void)[] = []
  #phase: Phase = 'settled'

  constructor(
    appId: string,
    deps: EngineDeps,
    tell: (entry: JournalEntry) => void,
    ended: (rollout: string) => void,
  ) {
    this.#appId = appId
    this.#deps = deps
    this.#gatherer = new Gatherer(deps, this.#observer)
    this.#executor = new Executor(deps, this.#observer, {
      entry: tell,
      wake: () => this.poke(),
      fetched: (wanted, outcome) => this.#fetched(wanted, outcome),
    })
    this.#ended = ended
  }

  get phase(): Phase {
    return this.#phase
  }

  /** A pass soon; one that is under way is followed by another. */
  poke(): void {
    this.#poked = true
    if (this.#running || this.#stopped) return
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#running = true
    void this.#passes()
  }

  /** Lets go: no more passes; resolves when the present one has ended. What runs goes on running. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancelTimer?.()
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve))
    await this.#executor.quiet()
  }

  async #passes(): Promise<void> {
    let wait: number | null = 0
    while (this.#poked && !this.#stopped) {
      this.#poked = false
      wait = await this.#guardedPass()
      if (wait === 0) this.#poked = true
    }
    this.#running = false
    for (const resolve of this.#idle.splice(0)) resolve()
    if (!this.#stopped && wait !== null) this.#cancelTimer = this.#deps.clock.timer(wait, () => this.poke())
  }

  /** ms until the next pass; 0: at once; null: when an event comes. */
  async #guardedPass(): Promise<number | null> {
    try {
      const wait = await this.#pass()
      this.#retries = 0
      return wait
    } catch (error) {
      return this.#retryAfter(asTasukiError(error))
    }
  }

  #retryAfter(error: TasukiError): number {
    if (error.code === 'conflict') return 0
    this.#retries += 1
    const details = {
      app: this.#appId,
      error: error.message,
      code: error.code,
      stack: error.code === 'internal' ? error.stack : undefined,
    }
    this.#deps.log.warn(details, 'a pass failed; it will be tried again')
    return Math.min(FIRST_RETRY_MS * 2 ** (this.#retries - 1), LONGEST_RETRY_MS)
  }

  async #pass(): Promise<number | null> {
    const wanted = await this.#deps.store.wanted(this.#appId)
    if (!wanted) {
      this.#stopped = true
      return null
    }
    const facts = await this.#gatherer.facts(wanted)
    const next = plan(facts)
    this.#phase = next.phase
    const operations = this.#executor.isFetching(wanted)
      ? next.operations.filter(({ kind }) => kind !== 'prepare')
      : next.operations
    const outcomes = await this.#executor.run(wanted, operations, this.#observer.sightings())
    for (const outcome of outcomes) this.#note(wanted, outcome)
    if (wanted.destroyed && next.settled) return this.#gone()
    const failed = outcomes.filter(({ error }) => error !== null)
    if (failed.length > 0) return this.#afterFailures(wanted, failed)
    if (operations.length === 0 && next.operations.length > 0) return FETCHING_MS
    return operations.length > 0 ? 0 : next.wakeMs
  }

  #note(wanted: Wanted, { operation, error, later }: Outcome): void {
    if (error || later) return
    if (operation.kind === 'prepare') this.#gatherer.prepared(wanted)
    if (operation.kind === 'open-receipt') this.#gatherer.receiptOpened(operation.rollout)
    if (operation.kind === 'finish') this.#ended(operation.rollout)
  }

  #fetched(wanted: Wanted, outcome: Outcome): void {
    if (outcome.error) this.#afterFailures(wanted, [outcome])
    this.poke()
  }

  /** Only when all of it has gone from everywhere is it let go of: else the next pass tries again. */
  async #gone(): Promise<null> {
    await this.#deps.gone(this.#appId)
    this.#stopped = true
    return null
  }

  #afterFailures(wanted: Wanted, failed: readonly Outcome[]): number {
    for (const { operation, error } of failed) {
      if (!error) continue
      this.#deps.log.warn(
        { app: wanted.appName, operation: operation.kind, error: error.message },
        'an operation failed',
      )
      const fatal =
        FINAL.has(error.code) &&
        (operation.kind === 'prepare' ||
          operation.kind === 'start' ||
          operation.kind === 'start-release-phase')
      if (!AWAY.has(error.code) && (operation.kind === 'start' || operation.kind === 'prepare')) {
        const types = operation.kind === 'start' ? [operation.type] : operation.types.map((type) => type.type)
        for (const type of types) this.#gatherer.notStarted(wanted, type)
      }
      if (fatal && wanted.rollout) this.#gatherer.broke(wanted, `${error.message} ${error.next}`)
    }
    this.#retries += 1
    return Math.min(FIRST_RETRY_MS * 2 ** (this.#retries - 1), LONGEST_RETRY_MS)
  }
}
