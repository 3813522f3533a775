import { TasukiError } from '../domain/errors.ts'
import { canPromoteFrom, downstreamOf } from '../domain/pipeline.ts'
import { RELEASE_TYPE } from '../domain/release.ts'
import type { Commit } from '../domain/source-event.ts'
import type { TestStatus } from '../domain/test-run.ts'
import type { App } from '../store/apps.ts'
import type { Coupling, Pipeline } from '../store/pipelines.ts'
import type { StoredRelease } from '../store/releases.ts'
import type { Tables } from '../store/tables.ts'
import type { ApprovalView } from './approvals.ts'
import type { CommitSources } from './commit-sources.ts'
import type { ServiceDeps } from './context.ts'
import type { PipelineService } from './pipelines.ts'
import { checkTargets, originOf } from './promotion-checks.ts'
import type { ReleaseService } from './releases.ts'
import { currentVersion } from './rollouts.ts'
import type { Caller } from './tokens.ts'

/** Where frameworks keep what changes a database. */
const MIGRATION_FILE = /(^|\/)(migrations?|db\/migrate|alembic\/versions)\/[^/]/i

/** What a target would get by a promotion, beside what it has. */
export interface ChangesAhead {
  readonly target: App
  /** What serves there; null when nothing does. */
  readonly from: StoredRelease | null
  readonly to: StoredRelease
  /** It is the very artifact that serves there already. */
  readonly same: boolean
  readonly commits: CommitsAhead
  readonly config: ConfigAhead
  readonly migration: MigrationAhead
  readonly tests: { readonly id: string; readonly number: number; readonly status: TestStatus } | null
}

interface CommitsAhead {
  /** What the target gets, newest first, and what it loses when it is ahead. Null when nobody knows, `unknown` says why. */
  readonly added: readonly Commit[] | null
  readonly removed: readonly Commit[] | null
  readonly unknown: string | null
}

/** Names of config vars; values are nobody's business here. */
interface ConfigAhead {
  readonly onlySource: readonly string[]
  readonly onlyTarget: readonly string[]
  readonly different: readonly string[]
  /** What app.json says the program needs and the target has not. */
  readonly missing: readonly string[]
}

interface MigrationAhead {
  /** What runs once before the release takes over; null for nothing. */
  readonly command: string | null
  readonly commandBefore: string | null
  /** Files of migrations that have changed in between; null when nobody knows. */
  readonly files: readonly string[] | null
}

interface Parts {
  readonly commitSources: CommitSources
  readonly pipelines: PipelineService
  readonly releases: ReleaseService
}

/** Says what a promotion would change, so that one can decide. */
export class ChangesAheadService {
  readonly #deps: ServiceDeps
  readonly #parts: Parts

  constructor(deps: ServiceDeps, parts: Parts) {
    this.#deps = deps
    this.#parts = parts
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /**
   * What a promotion from the app would change at that target, or at each that the caller sees of the next stage. Throws
   * `not_found` when the app is in no pipeline, `invalid_params` when it has nothing to promote or nothing comes after it.
   */
  async ofApp(
    caller: Caller,
    source: App,
    release: string | null,
    target: App | null,
  ): Promise<ChangesAhead[]> {
    const coupling = await this.#parts.pipelines.couplingOf(source)
    const pipeline = await this.#parts.pipelines.of(coupling)
    const chosen = release === null ? null : (await this.#parts.releases.find(source, release)).id
    const to = await originOf(this.#tables, source, chosen)
    const targets = target ? [target] : await this.#downstream(caller, pipeline, coupling)
    if (target) await checkTargets(this.#tables, pipeline, source, targets)
    return Promise.all(targets.map((one) => this.#of(pipeline, source, to, one)))
  }

  /** At each target of a promotion that waits; nothing once it has ended. */
  async ofApproval({ approval, promotion, targetIds }: ApprovalView): Promise<ChangesAhead[]> {
    const { apps, pipelines, releases } = this.#tables
    const pipeline = await pipelines.byId(approval.pipelineId)
    const source = await apps.byId(promotion.appId)
    const to = await releases.byId(promotion.appId, promotion.releaseId)
    if (approval.state !== 'waiting' || !pipeline || !source || !to) return []
    const targets = await Promise.all(targetIds.map((id) => apps.byId(id)))
    const present = targets.filter((app) => app !== null && app.destroyedAt === null) as App[]
    return Promise.all(present.map((one) => this.#of(pipeline, source, to, one)))
  }

  async #downstream(caller: Caller, pipeline: Pipeline, from: Coupling): Promise<App[]> {
    const couplings = await this.#parts.pipelines.couplings(caller, pipeline)
    const stages = await this.#tables.stages.of(pipeline.id)
    const occupied = couplings.map(({ stage }) => stage)
    const stage = canPromoteFrom(from.stage) ? downstreamOf(stages, occupied, from.stage) : null
    const ids = couplings.filter((one) => one.stage === stage).map(({ appId }) => appId)
    const found = await Promise.all(ids.map((id) => this.#tables.apps.byId(id)))
    const apps = found.filter((app) => app !== null)
    if (apps.length > 0) return apps
    const what = stage === null ? `Nothing is promoted from ${from.stage}.` : `No app stands at ${stage}.`
    throw new TasukiError('invalid_params', what, { next: 'Name an app to compare with.' })
  }

  /** `to` is a release of `source` with an artifact. */
  async #of(pipeline: Pipeline, source: App, to: StoredRelease, target: App): Promise<ChangesAhead> {
    const version = await currentVersion(this.#tables, target.id)
    const from = version === null ? null : await this.#tables.releases.byVersion(target.id, version)
    const [commits, config, migration, tests] = await Promise.all([
      this.#commits(pipeline, from, to.commit),
      this.#config(source, target, to),
      this.#migration(pipeline, from, to),
      to.commit === null ? null : this.#tables.testRuns.ofCommit(pipeline.id, to.commit),
    ])
    const run = tests && { id: tests.id, number: tests.number, status: tests.status }
    return { target, from, to, same: from?.artifact === to.artifact, commits, config, migration, tests: run }
  }

  async #commits(
    pipeline: Pipeline,
    serving: StoredRelease | null,
    to: string | null,
  ): Promise<CommitsAhead> {
    const unknown = (why: string) => ({ added: null, removed: null, unknown: why })
    if (serving === null) return unknown('Nothing serves there yet.')
    const from = serving.commit
    if (from === null) return unknown('No commit is known of what serves there.')
    if (to === null) return unknown('No commit is known of what is promoted.')
    try {
      const [added, removed] = await Promise.all([
        this.#parts.commitSources.between(pipeline, from, to),
        this.#parts.commitSources.between(pipeline, to, from),
      ])
      return { added, removed, unknown: null }
    } catch (error) {
      // To decide without the list is better than not to be able to decide.
      if (error instanceof TasukiError) return unknown(error.message)
      throw error
    }
  }

  async #config(source: App, target: App, to: StoredRelease): Promise<ConfigAhead> {
    const { artifacts, config } = this.#tables
    const [theirs, own] = await Promise.all([config.get(source.id), config.get(target.id)])
    const { manifest } = await artifacts.get(to.artifact!)
    const needed = Object.entries(manifest.env).filter(
      ([key, { required, value, generator }]) =>
        required && value === null && generator === null && !(key in own),
    )
    return {
      onlySource: Object.keys(theirs).filter((key) => !(key in own)),
      onlyTarget: Object.keys(own).filter((key) => !(key in theirs)),
      different: Object.keys(theirs).filter((key) => key in own && own[key] !== theirs[key]),
      missing: needed.map(([key]) => key),
    }
  }

  async #migration(
    pipeline: Pipeline,
    from: StoredRelease | null,
    to: StoredRelease,
  ): Promise<MigrationAhead> {
    const commandOf = async (digest: string | null | undefined) =>
      digest ? ((await this.#tables.artifacts.get(digest)).processTypes[RELEASE_TYPE] ?? null) : null
    const command = await commandOf(to.artifact)
    const commandBefore = await commandOf(from?.artifact)
    const known = from?.commit != null && to.commit !== null
    const files = known
      ? await this.#parts.commitSources.changedFiles(pipeline, from.commit!, to.commit!)
      : null
    return { command, commandBefore, files: files?.filter((file) => MIGRATION_FILE.test(file)) ?? null }
  }
}
