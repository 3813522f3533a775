import { randomUUID } from 'node:crypto'
import type { Artifact } from '../domain/artifact.ts'
import { asTasukiError, originOf, TasukiError } from '../domain/errors.ts'
import type { Size } from '../domain/size.ts'
import { hasEnded, outcomeOf } from '../domain/test-run.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { TestNode, TestRun } from '../store/test-runs.ts'
import type { CommitSources } from './commit-sources.ts'
import type { ServiceDeps } from './context.ts'
import type { Outputs, OutputWriter } from './outputs.ts'
import type { SourceService } from './sources.ts'
import { type NodeEnd, runNode } from './test-node-run.ts'
import {
  buildConfig,
  checkRequired,
  nodeInstance,
  nodesWanted,
  runConfig,
  scriptsOf,
} from './test-run-plan.ts'
import type { TestSlots } from './test-slots.ts'

const DEFAULT_SECONDS = 3600

export interface WorkParts {
  readonly sources: SourceService
  readonly commitSources: Pick<CommitSources, 'source'>
  readonly outputs: Outputs
  readonly slots: TestSlots
  /** Waits for its turn to build, builds, and lets the next one. */
  readonly building: <T>(pipelineId: string, build: () => Promise<T>) => Promise<T>
  /** Something of the run has changed; `ended`: it was its end. */
  readonly changed: (runId: string, ended: boolean) => void
}

/** What the nodes are run with, once it is built. */
interface Built {
  readonly artifact: Artifact
  readonly size: Size
  readonly env: Readonly<Record<string, string>>
}

/** Where what a node says is kept: its setup and its tests. */
export function nodeOutputs({ id }: Pick<TestNode, 'id'>): { readonly setup: string; readonly test: string } {
  return { setup: `${id}-setup`, test: id }
}

/** One test run, from its source to its end. */
export class TestRunWork {
  readonly #deps: ServiceDeps
  readonly #parts: WorkParts
  readonly #run: TestRun
  readonly #pipeline: Pipeline
  readonly #signal: AbortSignal

  constructor(deps: ServiceDeps, parts: WorkParts, run: TestRun, pipeline: Pipeline, signal: AbortSignal) {
    this.#deps = deps
    this.#parts = parts
    this.#run = run
    this.#pipeline = pipeline
    this.#signal = signal
  }

  get #tables() {
    return this.#deps.store.tables
  }

  /** Sees it through. Whatever goes wrong is told as its end; nothing is written down any more once `signal` has been aborted. */
  async toEnd(): Promise<void> {
    const log = this.#parts.outputs.open(this.#run.id)
    try {
      const built = await this.#parts.building(this.#run.pipelineId, () => this.#build(log))
      await this.#ended(log)
      await this.#test(built)
    } catch (thrown) {
      await this.#fail(asTasukiError(thrown), log)
    } finally {
      await this.#closeOutputs(log)
    }
  }

  async #build(log: OutputWriter): Promise<Built> {
    this.#signal.throwIfAborted()
    await this.#change({ status: 'creating' })
    const source = await this.#parts.sources.obtain(await this.#sourceUrl())
    try {
      const { manifest } = await this.#deps.builder.appJson(source.file, 'test')
      const config = await this.#tables.stageConfig.get(this.#run.pipelineId, 'test')
      const { count, size } = nodesWanted(manifest)
      checkRequired(manifest, config)
      await this.#makeNodes(count)
      const artifact = await this.#deps.builder.build({
        appId: this.#run.pipelineId,
        source: { tarball: source.file },
        commit: this.#run.sha,
        env: buildConfig(manifest, config),
        environment: 'test',
        buildpacks: null,
        log: (line) => log.write(`${line}\n`),
        signal: this.#signal,
      })
      scriptsOf(artifact.manifest)
      await this.#change({ artifact: artifact.digest })
      return { artifact, size, env: runConfig(artifact.manifest, config, this.#run) }
    } finally {
      await source.release()
    }
  }

  async #sourceUrl(): Promise<string> {
    if (this.#run.sourceUrl !== null) return this.#run.sourceUrl
    const { url } = await this.#parts.commitSources.source(this.#pipeline, this.#run.sha)
    await this.#change({ sourceUrl: url })
    return url
  }

  /** The first is there from the beginning. */
  async #makeNodes(count: number): Promise<void> {
    const at = Date.now()
    await this.#deps.store.transaction(async ({ testRuns }) => {
      const there = await testRuns.nodes(this.#run.id)
      const more = Array.from({ length: Math.max(0, count - there.length) }, (_, index) =>
        newNode(this.#run.id, there.length + index, at),
      )
      if (more.length > 0) await testRuns.insertNodes(more)
      for (const { id } of [...there, ...more]) await testRuns.changeNode(id, { status: 'building' }, at)
      await testRuns.change(this.#run.id, { status: 'building' }, at)
    })
    this.#parts.changed(this.#run.id, false)
  }

  async #test(built: Built): Promise<void> {
    const nodes = await this.#tables.testRuns.nodes(this.#run.id)
    const seconds = (await this.#tables.testRuns.settings(this.#run.pipelineId))?.seconds ?? DEFAULT_SECONDS
    const ends = await Promise.all(nodes.map((node) => this.#node(node, built, nodes.length, seconds)))
    if (this.#signal.aborted) return
    const notes = [...new Set(ends.flatMap(({ note }) => (note === null ? [] : [note])))]
    const status = outcomeOf(ends.map((end) => end.status))
    await this.#change({ status, note: notes.length > 0 ? notes.join(' ') : null })
  }

  async #node(node: TestNode, built: Built, total: number, seconds: number): Promise<NodeEnd> {
    const names = nodeOutputs(node)
    const [setupOutput, output] = [
      this.#parts.outputs.open(names.setup),
      this.#parts.outputs.open(names.test),
    ]
    try {
      const all = { ...built, run: this.#run, pipeline: this.#pipeline, total }
      const end = await this.#inTurn(built.size, () =>
        runNode(
          this.#deps,
          {
            instance: nodeInstance(node, all),
            scripts: scriptsOf(built.artifact.manifest),
            seconds,
            setupOutput,
            output,
            begun: async () => {
              await this.#ended(setupOutput)
              await this.#begun(node)
            },
          },
          this.#signal,
        ),
      )
      await this.#record(node, end)
      return end
    } catch (thrown) {
      return await this.#nodeFailed(node, asTasukiError(thrown), output)
    } finally {
      await Promise.all([this.#ended(setupOutput), this.#ended(output)])
    }
  }

  async #inTurn(size: Size, run: () => Promise<NodeEnd>): Promise<NodeEnd> {
    const release = await this.#parts.slots.take(size.memoryMiB * 2 ** 20, this.#signal)
    return run().finally(release)
  }

  async #begun(node: TestNode): Promise<void> {
    if (this.#signal.aborted) return
    const at = Date.now()
    await this.#deps.store.transaction(async ({ testRuns }) => {
      await testRuns.changeNode(node.id, { status: 'running' }, at)
      const run = await testRuns.byId(this.#run.id)
      const first = run?.testsAt === null ? { testsAt: at } : {}
      await testRuns.change(this.#run.id, { status: 'running', ...first }, at)
    })
    this.#parts.changed(this.#run.id, false)
  }

  /** Cases that were told before a run was cancelled are kept with it. What a server that stops breaks off is run again. */
  async #record(node: TestNode, { cases, ...end }: NodeEnd): Promise<void> {
    const at = Date.now()
    await this.#deps.store.transaction(async ({ testRuns, testCases }) => {
      const run = await testRuns.byId(this.#run.id)
      if (run === null || (this.#signal.aborted && run.status !== 'cancelled')) return
      await testRuns.changeNode(node.id, end, at)
      await testCases.replace({ runId: this.#run.id, id: node.id }, cases, at)
    })
    this.#parts.changed(this.#run.id, false)
  }

  async #nodeFailed(node: TestNode, error: TasukiError, output: OutputWriter): Promise<NodeEnd> {
    if (this.#signal.aborted) return CANCELLED
    this.#logDefect(error)
    output.write(` !     ${error.message}\n !     ${error.next}\n`)
    const end = { ...ERRORED, note: error.message }
    await this.#record(node, end)
    return end
  }

  async #fail(error: TasukiError, log: OutputWriter): Promise<void> {
    if (this.#signal.aborted) return
    this.#logDefect(error)
    log.write(` !     ${error.message}\n !     ${error.next}\n`)
    const at = Date.now()
    const failed = await this.#deps.store.transaction(async ({ testRuns }) => {
      const run = await testRuns.byId(this.#run.id)
      const { cases: _, ...end } = { ...ERRORED, errorStatus: run?.status ?? 'building', note: error.message }
      for (const { id } of await testRuns.nodes(this.#run.id)) await testRuns.changeNode(id, end, at)
      return testRuns.change(this.#run.id, { status: 'errored', note: error.message }, at)
    })
    this.#parts.changed(this.#run.id, failed)
  }

  /** May be called again. What could not be kept of a log holds nothing up. */
  async #ended(output: OutputWriter): Promise<void> {
    await output.end().catch((error: unknown) => {
      this.#deps.log.warn(
        { testRun: this.#run.id, error: String(error) },
        'A test log could not be kept whole',
      )
    })
  }

  #logDefect(error: TasukiError): void {
    if (error.code === 'internal')
      this.#deps.log.error({ testRun: this.#run.id, error: originOf(error) }, 'A test run broke')
  }

  /** Whoever follows one that never came to be opened would wait for ever. */
  async #closeOutputs(log: OutputWriter): Promise<void> {
    const { outputs } = this.#parts
    await this.#ended(log)
    for (const node of await this.#tables.testRuns.nodes(this.#run.id))
      for (const name of Object.values(nodeOutputs(node))) outputs.close(name)
  }

  async #change(change: Parameters<ServiceDeps['store']['tables']['testRuns']['change']>[1]): Promise<void> {
    this.#signal.throwIfAborted()
    if (!(await this.#tables.testRuns.change(this.#run.id, change, Date.now())))
      throw new TasukiError('conflict', 'The test run has ended, or its pipeline was destroyed.')
    this.#parts.changed(this.#run.id, change.status !== undefined && hasEnded(change.status))
  }
}

export function newNode(runId: string, position: number, at: number): TestNode {
  const nothing = { exitCode: null, note: null, errorStatus: null }
  return { id: randomUUID(), runId, position, status: 'pending', ...nothing, createdAt: at, updatedAt: at }
}

const CANCELLED: NodeEnd = { status: 'cancelled', exitCode: null, note: null, errorStatus: null, cases: [] }
const ERRORED: NodeEnd = { status: 'errored', exitCode: 1, note: null, errorStatus: 'building', cases: [] }
