import { Readable } from 'node:stream'
import type { TestContext } from 'node:test'
import { EMPTY_MANIFEST, type Manifest } from '../domain/artifact.ts'
import { hasEnded } from '../domain/test-run.ts'
import { type Bench, makeBench } from '../runtime/process/testing.ts'
import type { Pipeline } from '../store/pipelines.ts'
import type { TestRun } from '../store/test-runs.ts'
import { afterTest, artifactNamed } from '../store/testing.ts'
import type { Services } from './index.ts'
import { ALICE, type World } from './testing.ts'

/** Has a world start its test nodes as real processes, of sources that say this in app.json. */
export async function withNodes(
  context: TestContext,
  made: World,
  manifest: Partial<Manifest>,
): Promise<Bench> {
  const bench = await makeBench()
  afterTest(context, async () => {
    await made.services.testRuns.stop()
    Object.assign(made.deps.runtime, { list: async () => [] })
    await bench.close()
  })
  const { runtime } = bench
  Object.assign(made.deps.runtime, { list: runtime.list.bind(runtime), remove: runtime.remove.bind(runtime) })
  Object.assign(made.deps.oneOffs, { runAttached: runtime.runAttached.bind(runtime) })
  says(made, manifest)
  return bench
}

/** From now on sources say this in app.json. */
export function says(made: World, manifest: Partial<Manifest>): void {
  const whole = { ...EMPTY_MANIFEST, ...manifest }
  made.appJson = async () => ({ manifest: whole, successUrl: null })
  made.builder = async ({ log, commit }) => {
    log('-----> Built')
    return { ...artifactNamed('a', { commit }), manifest: whole }
  }
}

/** The address of a source that has been uploaded. */
export async function uploaded(services: Services): Promise<string> {
  const path = await services.sources.create()
  const [, , id, secret] = path.split('/')
  await services.sources.put(id!, secret!, Readable.from(['source']))
  return path
}

/** A pipeline whose owner is Alice, as all may see it who are asked by nothing but its id. */
export async function pipelineOf(made: World, name = 'line'): Promise<Pipeline> {
  const at = Date.now()
  const pipeline = { id: crypto.randomUUID(), name, owner: ALICE, createdAt: at, updatedAt: at }
  await made.store.tables.pipelines.insert(pipeline)
  return pipeline
}

/** Begins a run of a commit of the branch main. */
export async function begun(made: World, pipeline: Pipeline, sha = 'abc123'): Promise<TestRun> {
  const sourceUrl = await uploaded(made.services)
  return made.services.testRuns.create(pipeline, { branch: 'main', sha, message: 'm', sourceUrl }, ALICE)
}

/** The run once that holds of it; at the latest when it has ended. */
export async function when(
  { testRuns }: Services,
  { id }: TestRun,
  holds: (run: TestRun) => boolean,
): Promise<TestRun> {
  for (;;) {
    const now = await testRuns.get(id)
    if (holds(now) || hasEnded(now.status)) return now
    await testRuns.change(id, 200)
  }
}

export function ended(services: Services, run: TestRun): Promise<TestRun> {
  return when(services, run, ({ status }) => hasEnded(status))
}

/** All that comes of a stream, to its end. */
export async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  let all = ''
  for await (const chunk of chunks) all += chunk.toString('utf8')
  return all
}

/** Reads on until that has come; throws when the stream ends without it. */
export async function textUntil(chunks: AsyncIterator<Buffer>, wanted: string): Promise<void> {
  let all = ''
  while (!all.includes(wanted)) {
    const { done, value } = await chunks.next()
    if (done) throw new Error(`The stream ended without ${JSON.stringify(wanted)}: ${all}`)
    all += value.toString('utf8')
  }
}
