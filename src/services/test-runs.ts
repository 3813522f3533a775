import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { TasukiError } from '../domain/errors.ts'
import type { SourceEvent } from '../domain/source-event.ts'
import { type FlakyCase, flakyCases, hasEnded } from '../domain/test-run.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { RecordedCase } from '../store/test-cases.ts'
import type { PipelineTests, TestNode, TestRun } from '../store/test-runs.ts'
import type { BuildService } from './builds.ts'
import type { ServiceDeps } from './context.ts'
import type { ForgeStatus } from './forge-port.ts'
import type { ForgeReports } from './forge-reports.ts'
import type { Outputs } from './outputs.ts'
import { type KeeperParts, TestRunKeeper } from './test-run-keeper.ts'
import { newNode, nodeOutputs } from './test-run-work.ts'

const MOST_LISTED = 1000
const MOST_TEXT = 10_000
const MOST_BRANCH = 1000
/** Runs that flaky cases are looked for in. */
const FLAKY_RUNS = 100
const LEAST_SECONDS = 10
const MOST_SECONDS = 24 * 3600
const DEFAULTS: PipelineTests = { enabled: false, seconds: 3600 }
/** What ended within this before a start may not have been told, ms; and of each pipeline only so many are looked at. */
const TOLD_MS = 10 * 60_000
const NEWEST = 20
/** The name under which a forge shows how the tests of a commit stand. */
const CONTEXT = 'continuous-integration/tasuki'

/** What is to be tested. */
export interface TestWish {
  readonly branch: string
  readonly sha: string
  readonly message: string
  /** Null: what the pipeline's repository has for that commit. */
  readonly sourceUrl: string | null
  /** What has caused it: of one cause comes one run. */
  readonly eventId?: string | null
}

interface Parts extends Omit<KeeperParts, 'changed'> {
  readonly builds: Pick<BuildService, 'check'>
  readonly forgeReports: Pick<ForgeReports, 'status'>
  readonly outputs: Outputs
}

/** The tests of pipelines: each run builds a commit with what app.json says for tests, and runs its test script on one or more nodes. */
export class TestRunService {
  readonly #deps: ServiceDeps
  readonly #parts: Parts
  readonly #keeper: TestRunKeeper
  readonly #news = new EventEmitter().setMaxListeners(0)
  readonly #ended = new Set<(run: TestRun) => void>()

  constructor(deps: ServiceDeps, parts: Parts) {
    this.#deps = deps
    this.#parts = parts
    this.#keeper = new TestRunKeeper(deps, { ...parts, changed: (id, ended) => this.#changed(id, ended) })
  }

  get #table() {
    return this.#deps.store.tables.testRuns
  }

  /** Begins anew what a control plane that died was at, and tells once more what it may not have told. */
  async start(): Promise<void> {
    await this.#keeper.start()
    for (const run of await this.#table.kept(NEWEST))
      if (run.endedAt !== null && run.endedAt > Date.now() - TOLD_MS) await this.#report(run)
  }

  /** Ends all nodes; the next control plane begins their runs anew. */
  stop(): Promise<void> {
    return this.#keeper.stop()
  }

  /** Ends what goes on for pipelines that have been destroyed. To be called every few seconds. */
  look(): Promise<void> {
    return this.#keeper.look()
  }

  /** Writes the run down and answers; the rest goes on. Throws `invalid_params`, `invalid_source`. */
  async create(pipeline: Pipeline, wish: TestWish, user: string): Promise<TestRun> {
    checkWish(wish)
    if (wish.sourceUrl !== null)
      await this.#parts.builds.check({ url: wish.sourceUrl, version: null, checksum: null })
    const [id, at] = [randomUUID(), Date.now()]
    const known = await this.#deps.store.transaction(async ({ testRuns }) => {
      const eventId = wish.eventId ?? null
      const before = eventId === null ? null : await testRuns.byEvent(pipeline.id, eventId)
      if (before) return before
      await testRuns.insert({ ...blank(wish, at), id, pipelineId: pipeline.id, eventId, user })
      await testRuns.insertNodes([newNode(id, 0, at)])
      return null
    })
    if (known) return known
    const run = await this.get(id)
    await this.#report(run)
    this.#keeper.begin(id)
    return run
  }

  /** A push to a pipeline whose tests are on gives a run, and so does a pull request that no push has told of; not one from a fork. */
  async handle(event: SourceEvent): Promise<void> {
    if (event.commit === null || (event.kind === 'pull-request' && (event.fork || event.action === 'closed')))
      return
    const pipeline = await this.#deps.store.tables.pipelines.byId(event.pipelineId)
    if (pipeline === null || !(await this.settings(pipeline)).enabled) return
    const { sha, message } = event.commit
    if (event.kind === 'pull-request' && (await this.ofCommit(pipeline.id, sha))) return
    await this.create(
      pipeline,
      { branch: event.branch, sha, message, sourceUrl: null, eventId: event.id },
      event.user,
    )
  }

  /** The same commit once more. Throws `invalid_source` when its source is gone. */
  async rerun(pipeline: Pipeline, run: TestRun, user: string): Promise<TestRun> {
    const { branch, sha, commitMessage: message } = run
    const sourceUrl = (await this.#isThere(run.sourceUrl)) ? run.sourceUrl : null
    if (sourceUrl === null) await this.#keeper.checkCommit(pipeline, sha)
    return this.create(pipeline, { branch, sha, message, sourceUrl }, user)
  }

  async #isThere(url: string | null): Promise<boolean> {
    if (url === null) return false
    return this.#parts.builds.check({ url, version: null, checksum: null }).then(
      () => true,
      () => false,
    )
  }

  /** Ends it; teardowns still run. Throws `conflict` when it has ended. */
  async cancel(run: TestRun, user: string, message = ''): Promise<TestRun> {
    const note = message.slice(0, MOST_TEXT) || `Cancelled by ${user}.`
    const at = Date.now()
    const cancelled = await this.#deps.store.transaction(async ({ testRuns }) => {
      if (!(await testRuns.change(run.id, { status: 'cancelled', note }, at))) return false
      for (const { id, status } of await testRuns.nodes(run.id))
        if (!hasEnded(status)) await testRuns.changeNode(id, { status: 'cancelled' }, at)
      return true
    })
    if (!cancelled)
      throw new TasukiError('conflict', `Test run #${run.number} has ended already.`, {
        next: 'There is nothing to cancel.',
      })
    this.#keeper.cancel(run.id)
    this.#changed(run.id, true)
    return this.get(run.id)
  }

  /** Throws `not_found`. */
  async get(id: string): Promise<TestRun> {
    const found = await this.#table.byId(id)
    if (found) return found
    throw noRun(id)
  }

  /** Throws `not_found`. */
  async numbered(pipeline: Pick<Pipeline, 'id'>, number: number): Promise<TestRun> {
    const found = Number.isSafeInteger(number) ? await this.#table.byNumber(pipeline.id, number) : null
    if (found) return found
    throw noRun(`#${number}`)
  }

  /** Newest first. */
  list(pipeline: Pick<Pipeline, 'id'>): Promise<TestRun[]> {
    return this.#table.list(pipeline.id, MOST_LISTED)
  }

  /** The newest of that commit. */
  ofCommit(pipelineId: string, sha: string): Promise<TestRun | null> {
    return this.#table.ofCommit(pipelineId, sha)
  }

  /** Those that share its tests. */
  nodes(run: Pick<TestRun, 'id'>): Promise<TestNode[]> {
    return this.#table.nodes(run.id)
  }

  cases(run: Pick<TestRun, 'id'>): Promise<RecordedCase[]> {
    return this.#deps.store.tables.testCases.ofRun(run.id)
  }

  /** Among the newest hundred runs. */
  async flaky(pipeline: Pick<Pipeline, 'id'>): Promise<FlakyCase[]> {
    return flakyCases(await this.#deps.store.tables.testCases.results(pipeline.id, FLAKY_RUNS))
  }

  /** Told of every run that ends, for as long as this control plane lives. */
  onEnded(listen: (run: TestRun) => void): () => void {
    this.#ended.add(listen)
    return () => this.#ended.delete(listen)
  }

  /** Resolves when something of the run changes, but after `ms` at the latest. */
  async change(id: string, ms: number): Promise<void> {
    const signal = AbortSignal.timeout(ms)
    await once(this.#news, id, { signal }).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
  }

  /** The build, and what the node set up; to its end. Throws `not_found`. */
  async *setupOutput(nodeId: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    const node = await this.#node(nodeId)
    yield* this.#parts.outputs.follow(node.runId, signal)
    yield* this.#parts.outputs.follow(nodeOutputs(node).setup, signal)
  }

  /** What the tests say on that node, to its end. Throws `not_found`. */
  async *output(nodeId: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
    yield* this.#parts.outputs.follow(nodeOutputs(await this.#node(nodeId)).test, signal)
  }

  async settings(pipeline: Pick<Pipeline, 'id'>): Promise<PipelineTests> {
    return (await this.#table.settings(pipeline.id)) ?? DEFAULTS
  }

  /** Whether pushes are tested, and how long a run may test. Throws `invalid_params`. */
  async setSettings(pipeline: Pick<Pipeline, 'id'>, change: Partial<PipelineTests>): Promise<PipelineTests> {
    const settings = { ...(await this.settings(pipeline)), ...change }
    const { seconds } = settings
    if (!Number.isInteger(seconds) || seconds < LEAST_SECONDS || seconds > MOST_SECONDS)
      throw new TasukiError('invalid_params', `Tests can not be given ${seconds} seconds.`, {
        next: `Give them ${LEAST_SECONDS} to ${MOST_SECONDS}.`,
      })
    await this.#table.setSettings(pipeline.id, settings)
    return settings
  }

  async #node(id: string): Promise<TestNode> {
    const found = await this.#table.node(id)
    if (found) return found
    throw new TasukiError('not_found', 'There is no such test node.')
  }

  #changed(id: string, ended: boolean): void {
    this.#news.emit(id)
    if (!ended) return
    this.#tellEnd(id).catch((error: unknown) =>
      this.#deps.log.error({ testRun: id, error: String(error) }, 'The end of a test run could not be told'),
    )
  }

  async #tellEnd(id: string): Promise<void> {
    const run = await this.get(id)
    await this.#report(run)
    for (const listen of this.#ended) listen(run)
  }

  async #report(run: TestRun): Promise<void> {
    const cases = run.endedAt === null ? [] : await this.cases(run)
    const status = { context: CONTEXT, ...standing(run, cases), url: null }
    await this.#parts.forgeReports.status(run.pipelineId, run.sha, status)
  }
}

/** How a forge is told that it stands with the run. */
function standing(run: TestRun, cases: readonly RecordedCase[]): Pick<ForgeStatus, 'state' | 'description'> {
  if (run.endedAt === null) return { state: 'pending', description: `Test run #${run.number} is under way` }
  const failed = cases.filter(({ passed }) => !passed).length
  const counted = cases.length === 0 ? '' : `: ${cases.length - failed} passed, ${failed} failed`
  const description = `Test run #${run.number} ${run.status}${counted}`
  if (run.status === 'succeeded') return { state: 'success', description }
  return { state: run.status === 'failed' ? 'failure' : 'error', description }
}

function blank({ branch, sha, message, sourceUrl }: TestWish, at: number) {
  const nothing = { note: null, artifact: null, testsAt: null, endedAt: null, attempts: 0 }
  const commit = { branch, sha, commitMessage: message.slice(0, MOST_TEXT), sourceUrl }
  return { ...nothing, ...commit, status: 'pending', createdAt: at, updatedAt: at } as const
}

const SHA = /^[\w./+-]{1,128}$/

function checkWish({ branch, sha }: TestWish): void {
  if (!SHA.test(sha)) throw new TasukiError('invalid_params', `"${sha.slice(0, 60)}" is not a commit.`)
  if (branch === '' || branch.length > MOST_BRANCH || branch.includes('\0'))
    throw new TasukiError('invalid_params', `"${branch.slice(0, 60)}" is not the name of a branch.`)
}

function noRun(which: string): TasukiError {
  return new TasukiError('not_found', `There is no test run ${which.slice(0, 60)}.`, {
    next: '`tasuki ci` lists them.',
    details: { resource: 'test_run' },
  })
}
