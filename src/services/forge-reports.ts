import { asTasukiError } from '../domain/errors.ts'
import type { ForgeReport } from '../store/forge-reports.ts'
import type { PipelineRepository } from '../store/pipeline-repositories.ts'
import { forgeRepository } from './commit-sources.ts'
import type { ServiceDeps } from './context.ts'
import { type ForgeDeployment, ForgeFailure, type ForgeStatus } from './forge-port.ts'
import { KeyedRounds } from './keyed-rounds.ts'

/** Pauses before a report is sent once more, ms; the last one for all further, until it has become too old. */
const PAUSES_MS: readonly number[] = [1000, 5000, 30_000, 5 * 60_000]
const MOST_AGE_MS = 24 * 3600_000
const KEEP_REPORTS = 500

type Deps = Pick<ServiceDeps, 'store' | 'log' | 'forge'>

/**
 * Tells the forge how a commit fares. What is to be told is written down and sent in the order in which it came, again until
 * the forge has taken it; of the same thing only the newest. Nobody waits for it. Nothing happens for a pipeline that has no
 * forge, or no token for it.
 */
export class ForgeReports {
  readonly #deps: Deps
  readonly #pausesMs: readonly number[]
  readonly #rounds: KeyedRounds

  constructor(deps: Deps, pausesMs: readonly number[] = PAUSES_MS) {
    this.#deps = deps
    this.#pausesMs = pausesMs
    this.#rounds = new KeyedRounds('Sending reports', deps.log, (pipelineId) => this.#sendAll(pipelineId))
  }

  get #table() {
    return this.#deps.store.tables.forgeReports
  }

  /** Goes on with what has not been told yet. */
  async start(): Promise<void> {
    this.#rounds.start(await this.#table.waiting())
  }

  /** Finishes the call that is on its way; the rest is told by the next control plane. */
  stop(): Promise<void> {
    return this.#rounds.stop()
  }

  /** How a check of that commit stands. `context` names the check. */
  status(pipelineId: string, sha: string, status: ForgeStatus): Promise<void> {
    return this.#note({ pipelineId, sha, kind: 'status', subject: status.context, body: status })
  }

  /** How that commit's way into an environment stands. */
  deployment(pipelineId: string, sha: string, deployment: ForgeDeployment): Promise<void> {
    const { environment } = deployment
    return this.#note({ pipelineId, sha, kind: 'deployment', subject: environment, body: deployment })
  }

  async #note({
    body,
    ...report
  }: Pick<ForgeReport, 'pipelineId' | 'sha' | 'kind' | 'subject'> & { body: object }) {
    if ((await this.#repository(report.pipelineId)) === null) return
    const row = { ...report, body: JSON.stringify(body), createdAt: Date.now() }
    await this.#deps.store.transaction(({ forgeReports }) => forgeReports.insert(row))
    this.#rounds.poke(report.pipelineId)
  }

  async #repository(pipelineId: string): Promise<PipelineRepository | null> {
    const found = await this.#deps.store.tables.pipelineRepositories.of(pipelineId)
    return found?.secrets.token ? found : null
  }

  async #sendAll(pipelineId: string): Promise<number | null> {
    while (!this.#rounds.stopped) {
      const report = await this.#table.next(pipelineId)
      if (report === null) break
      const wait = report.nextAt - Date.now()
      if (wait > 0) return wait
      await this.#send(report)
    }
    await this.#table.trim(pipelineId, KEEP_REPORTS)
    return null
  }

  async #send(report: ForgeReport): Promise<void> {
    const attempts = report.attempts + 1
    const repository = await this.#repository(report.pipelineId)
    try {
      if (repository) await this.#tell(report, repository)
      const state = repository ? 'sent' : 'superseded'
      await this.#table.settle(report.number, { state, attempts, nextAt: 0, error: null })
    } catch (thrown) {
      const pause = this.#pauseOf(report, thrown)
      const error = asTasukiError(thrown).message
      const state = pause === null ? 'failed' : 'waiting'
      await this.#table.settle(report.number, { state, attempts, nextAt: Date.now() + (pause ?? 0), error })
      const { pipelineId: pipeline, sha, subject } = report
      this.#deps.log.warn({ pipeline, sha, subject, attempts, error }, 'A forge did not take a report')
    }
  }

  async #tell({ pipelineId, sha, kind, subject, body }: ForgeReport, repository: PipelineRepository) {
    const { forge } = this.#deps
    const where = forgeRepository(repository)
    if (kind === 'status') return forge.status(where, sha, JSON.parse(body) as ForgeStatus)
    let remoteId = await this.#table.deployment(pipelineId, sha, subject)
    if (remoteId === null) {
      remoteId = await forge.deploy(where, sha, subject)
      await this.#table.putDeployment({ pipelineId, sha, environment: subject, remoteId })
    }
    return forge.deploymentStatus(where, remoteId, JSON.parse(body) as ForgeDeployment)
  }

  /** How long to wait before the next attempt; null when there is to be none. */
  #pauseOf({ attempts, createdAt }: ForgeReport, thrown: unknown): number | null {
    const forge = thrown instanceof ForgeFailure ? thrown : null
    if (forge?.lasting || Date.now() - createdAt > MOST_AGE_MS) return null
    return forge?.retryAfterMs ?? this.#pausesMs[Math.min(attempts, this.#pausesMs.length - 1)] ?? 1000
  }
}
