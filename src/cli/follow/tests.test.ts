import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { liveApi } from '../../api/testing.ts'
import type { Manifest } from '../../domain/artifact.ts'
import { begun, withNodes } from '../../services/testing-test-runs.ts'
import { caseLines, chosenRun, exitCodeOf } from '../ci.ts'
import { ApiClient } from '../client.ts'
import type { PipelineRecord } from '../wire/pipelines.ts'
import type { TestCaseRecord } from '../wire/tests.ts'
import { followTests } from './tests.ts'

async function line(t: TestContext, manifest: Partial<Manifest>) {
  const api = await liveApi(t)
  await withNodes(t, api, manifest)
  const client = new ApiClient({ url: api.url, token: api.token })
  const pipeline = await client.post<PipelineRecord>('/pipelines', { name: 'line' })
  const whole = (await api.store.tables.pipelines.byId(pipeline.id))!
  return { api, client, pipeline, begin: () => begun(api, whole) }
}

test('what a run says is followed to its end, of several nodes by lines with their index', async (t) => {
  const { client, pipeline, begin } = await line(t, {
    formation: { test: { quantity: 2, size: null } },
    scripts: {
      'test-setup': 'echo prepared',
      test: 'echo "ok 1 - a"; printf "not ok 2 - b"; exit $((CI_NODE_INDEX * 5))',
    },
  })
  await begin()
  let said = ''
  const { run, nodes } = await followTests(client, await chosenRun(client, pipeline, undefined), (text) => {
    said += text
  })
  assert.deepEqual([run.status, exitCodeOf(run, nodes)], ['failed', 5])
  assert.ok(said.startsWith('-----> Built\nprepared\n'))
  for (const text of ['[0] ok 1 - a\n', '[0] not ok 2 - b\n', '[1] ok 1 - a\n', '[1] not ok 2 - b\n'])
    assert.equal(said.split(text).length, 2, `${text} once in ${said}`)
  const cases = await client.get<TestCaseRecord[]>(`/test-runs/${run.id}/test-cases`)
  const plain = { paint: (_: unknown, text: string) => text }
  assert.deepEqual(caseLines(cases, new Set(['b']), plain), [
    '4 cases: 2 passed, 2 failed',
    '✗ b (flaky: see `tasuki ci:flaky`)',
    '✗ b (flaky: see `tasuki ci:flaky`)',
  ])
})

test('when the server ends and begins the run anew, all is said once more', async (t) => {
  const { api, client, pipeline, begin } = await line(t, {
    scripts: { test: 'echo "with $TOKEN"; sleep $LONG' },
  })
  const config = `/pipelines/${pipeline.id}/stage/test/config-vars`
  await client.patch(config, { TOKEN: 'one', LONG: '1000' })
  const first = await begin()
  let said = ''
  const heard = Promise.withResolvers<void>()
  const following = followTests(client, await chosenRun(client, pipeline, '#1'), (text) => {
    said += text
    if (said.includes('with one')) heard.resolve()
  })
  await heard.promise
  await client.patch(config, { TOKEN: 'two', LONG: '0' })
  await api.services.testRuns.stop()
  // As the next control plane does; this one has been told to begin nothing any more.
  const { createServices } = await import('../../services/index.ts')
  const next = createServices(api.deps)
  await next.testRuns.start()
  t.after(() => next.testRuns.stop())
  const { run } = await following
  assert.deepEqual([run.id, run.status], [first.id, 'succeeded'])
  assert.match(
    said,
    /with one\n((Terminated|Killed)\n)?The server was started again; the run once more from its beginning:\n/,
  )
})

test('a run is chosen by its number, and one that is not there is told', async (t) => {
  const { client, pipeline, begin } = await line(t, { scripts: { test: 'true' } })
  await assert.rejects(chosenRun(client, pipeline, undefined), { code: 'not_found' })
  await begin()
  assert.equal((await chosenRun(client, pipeline, '1')).number, 1)
  await assert.rejects(chosenRun(client, pipeline, '2'), { code: 'not_found' })
  await assert.rejects(chosenRun(client, pipeline, 'one'), { code: 'invalid_params' })
})
