import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createServices } from './index.ts'
import { ALICE, world } from './testing.ts'
import {
  begun,
  ended,
  pipelineOf,
  says,
  textOf,
  textUntil,
  uploaded,
  when,
  withNodes,
} from './testing-test-runs.ts'

const PASSING = { scripts: { test: 'echo "ok 1 - works"' } }

test('a run goes through its states, keeps what each part says, and tells its cases', async (t) => {
  const made = await world(t)
  const { services } = made
  const pipeline = await pipelineOf(made)
  await services.stageConfig.change(pipeline, 'test', { FROM_CONFIG: 'yes' })
  await withNodes(t, made, {
    env: {
      GIVEN: { value: 'given', required: true, generator: null, description: null },
      KEY: { value: null, required: true, generator: 'secret', description: null },
    },
    scripts: {
      'test-setup': 'echo setting up',
      test: 'echo "$CI $CI_NODE_INDEX/$CI_NODE_TOTAL $NODE_ENV $GIVEN $FROM_CONFIG $KEY"; echo "$HEROKU_TEST_RUN_ID $HEROKU_TEST_RUN_NUMBER $HEROKU_TEST_RUN_BRANCH $HEROKU_TEST_RUN_COMMIT_VERSION"; echo "ok 1 - works"',
    },
  })
  const told: string[] = []
  services.testRuns.onEnded(({ status }) => told.push(status))
  const first = await begun(made, pipeline)
  assert.deepEqual([first.number, first.status], [1, 'pending'])
  const [node] = await services.testRuns.nodes(first)
  const setup = textOf(services.testRuns.setupOutput(node!.id))
  const output = textOf(services.testRuns.output(node!.id))
  const run = await ended(services, first)
  assert.deepEqual([run.status, run.note, run.attempts], ['succeeded', null, 1])
  assert.ok(run.testsAt! >= run.createdAt && run.endedAt! >= run.testsAt!)
  assert.equal(await setup, '-----> Built\nsetting up\n')
  const [line, about, tap] = (await output).split('\n')
  assert.match(line!, /^true 0\/1 test given yes [0-9a-f]{64}$/)
  assert.deepEqual([about, tap], [`${run.id} 1 main abc123`, 'ok 1 - works'])
  assert.deepEqual(
    (await services.testRuns.cases(run)).map(({ name, passed }) => [name, passed]),
    [['works', true]],
  )
  const { env, appId, environment } = made.builds[0]!
  assert.deepEqual([appId, environment], [pipeline.id, 'test'])
  assert.deepEqual(env, {
    NODE_ENV: 'test',
    GIVEN: 'given',
    FROM_CONFIG: 'yes',
    CI: 'true',
  })
  assert.equal((await services.testRuns.ofCommit(pipeline.id, 'abc123'))?.id, run.id)
  assert.deepEqual(told, ['succeeded'])
})

test('nodes share the tests, and the worst of them counts', async (t) => {
  const made = await world(t)
  await withNodes(t, made, {
    formation: { test: { quantity: 3, size: 'Eco' } },
    scripts: { test: 'echo "ok 1 - part $CI_NODE_INDEX"; exit $CI_NODE_INDEX' },
  })
  const run = await ended(made.services, await begun(made, await pipelineOf(made)))
  const nodes = await made.services.testRuns.nodes(run)
  assert.deepEqual(
    nodes.map(({ position, status, exitCode }) => [position, status, exitCode]),
    [
      [0, 'succeeded', 0],
      [1, 'failed', 1],
      [2, 'failed', 2],
    ],
  )
  assert.equal(run.status, 'failed')
  assert.deepEqual(
    (await made.services.testRuns.cases(run)).map(({ name }) => name),
    ['part 0', 'part 1', 'part 2'],
  )
})

test('what can not be tested ends with an error that says why, and its streams end', async (t) => {
  const made = await world(t)
  await withNodes(t, made, {})
  const pipeline = await pipelineOf(made)
  const errors = async () => {
    const run = await begun(made, pipeline)
    const [node] = await made.services.testRuns.nodes(run)
    const log = await textOf(made.services.testRuns.setupOutput(node!.id))
    assert.equal(await textOf(made.services.testRuns.output(node!.id)), '')
    const { status, note } = await ended(made.services, run)
    const [after] = await made.services.testRuns.nodes(run)
    assert.deepEqual([status, after!.status, after!.exitCode], ['errored', 'errored', 1])
    assert.ok(log.includes(note!))
    return note!
  }
  assert.match(await errors(), /no `scripts.test`/)
  says(made, { ...PASSING, formation: { test: { quantity: 33, size: null } } })
  assert.match(await errors(), /formation\.test\.quantity: is 33, but must be from 1 to 32/)
  const required = { value: null, required: true, generator: null, description: null }
  says(made, { ...PASSING, env: { A: required, B: required } })
  assert.match(await errors(), /env\.A: it is required and has no value; env\.B/)
  made.builder = async () => Promise.reject(new Error('it broke'))
  says(made, PASSING)
  made.builder = async () => {
    throw Object.assign(new Error('No space'), { code: 'ENOSPC' })
  }
  assert.match(await errors(), /No space left/)
})

test('a run is cancelled while it tests, its teardown runs, and a second time is refused', async (t) => {
  const made = await world(t)
  const { services } = made
  const scripts = { test: 'echo begun; sleep 1000', 'test-teardown': 'echo tidied' }
  const bench = await withNodes(t, made, { scripts })
  const first = await begun(made, await pipelineOf(made))
  const run = await when(services, first, ({ status }) => status === 'running')
  const [node] = await services.testRuns.nodes(run)
  // A run is `running` before its script has said anything.
  const output = services.testRuns.output(node!.id)[Symbol.asyncIterator]()
  await textUntil(output, 'begun\n')
  const cancelled = await services.testRuns.cancel(run, ALICE)
  assert.deepEqual([cancelled.status, cancelled.note], ['cancelled', `Cancelled by ${ALICE}.`])
  await textUntil(output, 'tidied\n')
  while ((await bench.runtime.list()).length > 0) await services.testRuns.change(run.id, 20)
  assert.equal((await services.testRuns.nodes(run))[0]!.status, 'cancelled')
  await assert.rejects(services.testRuns.cancel(run, ALICE), { code: 'conflict' })
})

test('the tests of a pipeline that is destroyed are ended', async (t) => {
  const made = await world(t)
  const { services, store } = made
  const bench = await withNodes(t, made, { scripts: { test: 'sleep 1000' } })
  const pipeline = await pipelineOf(made)
  const run = await begun(made, pipeline)
  await when(services, run, ({ status }) => status === 'running')
  const [node] = await services.testRuns.nodes(run)
  const output = textOf(services.testRuns.output(node!.id))
  await services.testRuns.look()
  assert.equal((await bench.runtime.list()).length, 1)
  await store.tables.pipelines.delete(pipeline.id)
  await services.testRuns.look()
  await output
  while ((await bench.runtime.list()).length > 0) await services.testRuns.change(run.id, 20)
})

test('what a control plane was at when it ended is begun anew by the next, and given up after the third', async (t) => {
  const made = await world(t)
  const bench = await withNodes(t, made, { scripts: { test: 'echo "with $TOKEN"; sleep $SECONDS_TO_WAIT' } })
  const pipeline = await pipelineOf(made)
  await made.services.stageConfig.change(pipeline, 'test', { TOKEN: 'one', SECONDS_TO_WAIT: '1000' })
  const first = await begun(made, pipeline)
  await when(made.services, first, ({ status }) => status === 'running')
  await made.services.stop()
  assert.deepEqual(await bench.runtime.list(), [])
  assert.equal((await made.store.tables.testRuns.byId(first.id))!.endedAt, null)

  const second = createServices(made.deps)
  await second.stageConfig.change(pipeline, 'test', { TOKEN: 'two', SECONDS_TO_WAIT: '0' })
  await second.testRuns.start()
  t.after(() => second.testRuns.stop())
  const run = await ended(second, first)
  assert.deepEqual([run.status, run.attempts, run.number], ['succeeded', 2, 1])
  const [node] = await second.testRuns.nodes(run)
  assert.equal(await textOf(second.testRuns.output(node!.id)), 'with two\n')

  const third = { ...run, id: 'third', status: 'running', attempts: 3, endedAt: null } as const
  await made.store.tables.testRuns.insert(third)
  await createServices(made.deps).testRuns.start()
  const lost = await made.store.tables.testRuns.byId('third')
  assert.deepEqual([lost!.status, lost!.number], ['errored', 2])
  assert.match(lost!.note!, /The server ended 3 times/)
})

test('a push is tested once when the tests of its pipeline are on; a fork, a deleted branch and others are not', async (t) => {
  const made = await world(t)
  const { services } = made
  await withNodes(t, made, PASSING)
  const pipeline = await pipelineOf(made)
  const commit = { sha: 'c0ffee', message: 'm', author: null, at: null }
  const about = { pipelineId: pipeline.id, origin: 'git', user: 'bob', at: 1 } as const
  const push = { ...about, id: 'e1', kind: 'push', branch: 'b', commit, forced: false } as const
  const pull = {
    ...about,
    kind: 'pull-request',
    action: 'opened',
    number: 1,
    title: '',
    branch: 'b',
  } as const
  const rest = { fork: false, merged: false, url: null } as const
  await services.testRuns.handle(push)
  assert.deepEqual(await services.testRuns.list(pipeline), [])
  await services.testRuns.setSettings(pipeline, { enabled: true })
  await services.testRuns.handle(push)
  await services.testRuns.handle(push)
  await services.testRuns.handle({ ...push, id: 'e2', commit: null })
  await services.testRuns.handle({ ...pull, ...rest, id: 'e3', commit })
  await services.testRuns.handle({ ...pull, ...rest, id: 'e4', commit: { ...commit, sha: 'f0' }, fork: true })
  const runs = await services.testRuns.list(pipeline)
  assert.deepEqual(
    runs.map(({ sha, branch, user }) => [sha, branch, user]),
    [['c0ffee', 'b', 'bob']],
  )
  const { status, note } = await ended(services, runs[0]!)
  assert.equal(status, 'errored', 'no repository of the pipeline has that commit')
  assert.match(note!, /c0ffee/)
})

test('a rerun has the same source, and cases that do not always say the same of a commit are flaky', async (t) => {
  const made = await world(t)
  const { services } = made
  const pipeline = await pipelineOf(made)
  await withNodes(t, made, { scripts: { test: 'echo "ok 1 - steady"; echo "$RESULT 2 - moody"' } })
  await services.stageConfig.change(pipeline, 'test', { RESULT: 'ok' })
  const first = await ended(services, await begun(made, pipeline))
  await services.stageConfig.change(pipeline, 'test', { RESULT: 'not ok' })
  const second = await ended(services, await services.testRuns.rerun(pipeline, first, ALICE))
  assert.deepEqual([second.sourceUrl, second.sha, second.number], [first.sourceUrl, first.sha, 2])
  await ended(services, await begun(made, pipeline, 'another'))
  assert.deepEqual(await services.testRuns.flaky(pipeline), [
    { name: 'moody', runs: 3, failures: 1, lastFailure: 2 },
  ])
  const gone = { ...first, sourceUrl: (await uploaded(services)).replace(/.$/, '_') }
  await assert.rejects(services.testRuns.rerun(pipeline, gone, ALICE), { code: 'not_found' })
  assert.equal((await services.testRuns.list(pipeline)).length, 3)
})

test('artifacts and sources of the newest runs are kept', async (t) => {
  const made = await world(t)
  await withNodes(t, made, PASSING)
  const run = await ended(made.services, await begun(made, await pipelineOf(made)))
  await made.services.collector.collect()
  assert.ok(made.kept.at(-1)!.has(run.artifact!))
  assert.deepEqual(
    (await made.store.tables.testRuns.kept(1)).map(({ id }) => id),
    [run.id],
  )
})
