import { asTasukiError, originOf, type TasukiError } from '../domain/errors.ts'
import type { ReviewApp, ReviewAppChange } from '../store/review-apps.ts'
import type { ServiceDeps } from './context.ts'
import { ForgeFailure } from './forge-port.ts'
import { KeyedRounds } from './keyed-rounds.ts'
import { type ReviewAppParts, report } from './review-app-parts.ts'
import { nextStep } from './review-app-steps.ts'

/** Between two looks at a build, a rollout or a script that goes on, ms; more when there are many to look at. */
const LOOK_MS = 250
const LOOK_MS_EACH = 10
/** Before another attempt to bring one to its end that could not be, ms. */
const END_AGAIN_MS = 10_000
/** Before another attempt to get a source from a forge that was out of reach, ms. */
const FORGE_AGAIN_MS = 15_000
/** Of each pipeline, of those that are gone. */
const KEEP = 200

/**
 * Carries review apps on: each step is written down when it is done, so that a control plane that starts again goes on where
 * the last one was. One that fails harms no other.
 */
export class ReviewAppKeeper {
  readonly #deps: ServiceDeps
  readonly #parts: ReviewAppParts
  readonly #rounds: KeyedRounds
  /** Those on which something goes on by itself. */
  readonly #moving = new Set<string>()

  constructor(deps: ServiceDeps, parts: ReviewAppParts) {
    this.#deps = deps
    this.#parts = parts
    this.#rounds = new KeyedRounds('Looking after a review app', deps.log, (id) => this.#round(id))
  }

  get #table() {
    return this.#deps.store.tables.reviewApps
  }

  /** A build that a dead control plane began is begun anew. To be called before builds are tidied up. */
  async prepare(): Promise<void> {
    const { builds } = this.#deps.store.tables
    for (const { id, buildId, tried } of await this.#table.present())
      if (buildId !== null && (await builds.byId(buildId))?.status === 'pending')
        await this.#table.change(id, { buildId: null, tried: tried - 1 }, Date.now())
  }

  async start(): Promise<void> {
    this.#rounds.start((await this.#table.present()).map(({ id }) => id))
  }

  /** Lets go of them; the next start goes on. To be called before builds are stopped. */
  async stop(): Promise<void> {
    await this.#rounds.stop()
    await this.prepare()
  }

  /** Looks at it soon; returns at once. */
  poke(id: string): void {
    this.#rounds.poke(id)
  }

  /** Looks at those that are not gone: of a pipeline, or of all. */
  async pokeAll(pipelineId?: string): Promise<void> {
    for (const { id } of await this.#table.present(pipelineId)) this.poke(id)
  }

  async #round(id: string): Promise<number | null> {
    while (!this.#rounds.stopped) {
      const row = await this.#table.byId(id)
      if (row === null) return null
      const wait = await this.#step(row)
      if (wait !== 0) return wait
    }
    return null
  }

  /** In how many ms the next look is due, 0 for at once; null: when somebody asks for it. */
  async #step(row: ReviewApp): Promise<number | null> {
    try {
      const step = await nextStep(this.#deps, this.#parts, row)
      if (step === 'look') this.#moving.add(row.id)
      else this.#moving.delete(row.id)
      if (step === 'look') return Math.max(LOOK_MS, this.#moving.size * LOOK_MS_EACH)
      if (step === 'rest') return null
      if (step !== 'again') await this.#write(row, step)
      return 0
    } catch (thrown) {
      if (this.#rounds.stopped) return null
      return this.#failed(row, asTasukiError(thrown))
    }
  }

  async #write(row: ReviewApp, change: ReviewAppChange): Promise<void> {
    await this.#table.change(row.id, change, Date.now())
    if (change.status !== 'deleted') return
    await this.#table.trim(row.pipelineId, KEEP)
    // There is room for one that waits.
    await this.pokeAll(row.pipelineId)
  }

  async #failed(row: ReviewApp, error: TasukiError): Promise<number> {
    if (error.code === 'internal')
      this.#deps.log.error({ reviewApp: row.id, error: originOf(error) }, 'A review app broke')
    const message = error.message
    if (row.gone !== null) {
      await this.#table.change(row.id, { message }, Date.now())
      return END_AGAIN_MS
    }
    if (error.cause instanceof ForgeFailure && !error.cause.lasting) {
      await this.#table.change(row.id, { message: `${message} It is tried again.` }, Date.now())
      return FORGE_AGAIN_MS
    }
    await report(this.#parts, row, await this.#attempted(row), 'failure', message)
    await this.#table.change(row.id, { ...failure(row), message }, Date.now())
    return 0
  }

  /** The commit that failed. */
  async #attempted({ status, buildId, setupId, commit }: ReviewApp): Promise<string | null> {
    const { appSetups, builds } = this.#deps.store.tables
    if (buildId !== null) return (await builds.byId(buildId))?.sourceVersion ?? commit
    if (status === 'creating') return (await appSetups.byId(setupId!))?.sourceVersion ?? commit
    return commit
  }
}

/** What served before an update that failed serves on. */
function failure({ status, buildId, wish }: ReviewApp): ReviewAppChange {
  if (buildId !== null) return { buildId: null }
  if (status === 'creating') return { status: 'errored' }
  return status === 'created' ? { tried: wish } : { status: 'errored', tried: wish }
}
