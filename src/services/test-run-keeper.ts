import { asTasukiError, originOf } from '../domain/errors.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { TestRun } from '../store/test-runs.ts'
import type { CommitSources } from './commit-sources.ts'
import type { ServiceDeps } from './context.ts'
import type { Outputs } from './outputs.ts'
import { KeyedQueue } from './queue.ts'
import type { SourceService } from './sources.ts'
import { TEST_TYPE } from './test-run-plan.ts'
import { nodeOutputs, TestRunWork } from './test-run-work.ts'
import { TestSlots } from './test-slots.ts'

/** Control planes that may begin one run. */
const MOST_ATTEMPTS = 3
/** Builds for tests at once: those of apps go on beside. */
const BUILDS = 1
/** Runs of each pipeline that are kept. */
const KEEP_RUNS = 200

export interface KeeperParts {
  readonly sources: SourceService
  readonly commitSources: Pick<CommitSources, 'source' | 'commit'>
  readonly outputs: Outputs
  /** Something of the run has changed; `ended`: it was its end. */
  readonly changed: (runId: string, ended: boolean) => void
}

/** Sees test runs through, from when they are written down to their end, over as many control planes as that takes. */
export class TestRunKeeper {
  readonly #deps: ServiceDeps
  readonly #parts: KeeperParts
  readonly #slots: TestSlots
  readonly #builds = new KeyedQueue(BUILDS)
  readonly #running = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>()
  #stopped = false

  constructor(deps: ServiceDeps, parts: KeeperParts) {
    this.#deps = deps
    this.#parts = parts
    this.#slots = new TestSlots(deps.runtime)
  }

  get #table() {
    return this.#deps.store.tables.testRuns
  }

  /** What is left of the nodes of a control plane that died is ended, and their runs begin anew. */
  async start(): Promise<void> {
    await this.#endNodes()
    for (const run of await this.#table.open()) await this.#again(run)
  }

  /** Ends all nodes at once. Their runs stay open. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const { abort } of this.#running.values()) abort.abort()
    await this.#endNodes()
    // Builds that wait for their turn come to it, and end.
    await Promise.all([...this.#running.values()].map(({ done }) => done))
  }

  /** A run that is written down is gone on with. */
  begin(id: string): void {
    if (this.#stopped) return
    const abort = new AbortController()
    const { promise: done, resolve } = Promise.withResolvers<void>()
    this.#running.set(id, { abort, done })
    void this.#seeThrough(id, abort.signal).then(() => {
      this.#running.delete(id)
      resolve()
    })
  }

  /** Its row says so already. */
  cancel(id: string): void {
    this.#running.get(id)?.abort.abort()
  }

  /** Ends what goes on for pipelines that have been destroyed. To be called every few seconds. */
  async look(): Promise<void> {
    for (const [id, { abort }] of this.#running) if ((await this.#table.byId(id)) === null) abort.abort()
  }

  /** Throws `not_found`, `invalid_source` when the pipeline's repository does not have it. */
  async checkCommit(pipeline: Pipeline, sha: string): Promise<void> {
    await this.#parts.commitSources.commit(pipeline, sha)
  }

  async #again(run: TestRun): Promise<void> {
    const at = Date.now()
    if (run.attempts >= MOST_ATTEMPTS) {
      const note = `The server ended ${run.attempts} times while this went on. Run it again: \`tasuki ci:rerun\`.`
      for (const { id } of await this.#table.nodes(run.id))
        await this.#table.changeNode(
          id,
          { status: 'errored', exitCode: 1, note, errorStatus: run.status },
          at,
        )
      if (await this.#table.change(run.id, { status: 'errored', note }, at)) this.#parts.changed(run.id, true)
      return
    }
    const fresh = { status: 'pending', exitCode: null, note: null, errorStatus: null } as const
    const nodes = await this.#table.nodes(run.id)
    for (const { id } of nodes) await this.#table.changeNode(id, fresh, at)
    await this.#table.change(run.id, { status: 'pending', testsAt: null }, at)
    for (const name of [run.id, ...nodes.flatMap((node) => Object.values(nodeOutputs(node)))])
      await this.#parts.outputs.remove(name)
    this.begin(run.id)
  }

  /** Never rejects. */
  async #seeThrough(id: string, signal: AbortSignal): Promise<void> {
    try {
      const run = await this.#table.byId(id)
      const pipeline = run ? await this.#deps.store.tables.pipelines.byId(run.pipelineId) : null
      if (!run || !pipeline || signal.aborted) return
      this.#parts.outputs.expect(run.id)
      for (const node of await this.#table.nodes(run.id))
        for (const name of Object.values(nodeOutputs(node))) this.#parts.outputs.expect(name)
      const attempts = run.attempts + 1
      await this.#table.change(id, { attempts }, Date.now())
      await new TestRunWork(this.#deps, this.#workParts(), { ...run, attempts }, pipeline, signal).toEnd()
      await this.#trim(pipeline.id)
    } catch (thrown) {
      const error = asTasukiError(thrown)
      this.#deps.log.error({ testRun: id, error: originOf(error) }, 'A test run could not be seen through')
    }
  }

  #workParts() {
    return {
      ...this.#parts,
      slots: this.#slots,
      building: <T>(pipelineId: string, build: () => Promise<T>) => this.#inTurn(pipelineId, build),
    }
  }

  async #inTurn<T>(pipelineId: string, build: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#builds.add(pipelineId, () => build().then(resolve, reject))
    return promise
  }

  async #trim(pipelineId: string): Promise<void> {
    const gone = await this.#table.trim(pipelineId, KEEP_RUNS)
    for (const id of gone)
      for (const name of Object.values(nodeOutputs({ id }))) await this.#parts.outputs.remove(name)
  }

  async #endNodes(): Promise<void> {
    const all = await this.#deps.runtime.list()
    const nodes = all.filter(({ kind, type }) => kind === 'one-off' && type === TEST_TYPE)
    await Promise.all(nodes.map(({ id }) => this.#deps.runtime.remove(id)))
  }
}
