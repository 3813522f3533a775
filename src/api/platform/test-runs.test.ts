import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Manifest } from '../../domain/artifact.ts'
import { uploaded, withNodes } from '../../services/testing-test-runs.ts'
import { person } from '../testing/people.ts'
import { type LiveApi, liveApi } from '../testing.ts'

interface Line extends LiveApi {
  /** Begins a run, and gives its body. */
  begin(): Promise<{ id: string; number: number; status: string }>
  /** Its body once it has ended, asked for as the `heroku` command line does: again and again. */
  end(number: number): Promise<{ status: string; message: string | null }>
}

async function line(t: TestContext, manifest: Partial<Manifest>): Promise<Line> {
  const api = await liveApi(t)
  await withNodes(t, api, manifest)
  await api.call('POST', '/pipelines', { name: 'line' })
  return Object.assign(api, {
    async begin() {
      const wish = {
        pipeline: 'line',
        commit_branch: 'main',
        commit_sha: 'abc123',
        commit_message: 'Change it',
        organization: null,
        source_blob_url: `${api.url}${await uploaded(api.services)}`,
      }
      const { status, body } = await api.call('POST', '/test-runs', wish)
      assert.equal(status, 201)
      return body
    },
    async end(number: number) {
      for (;;) {
        const { body } = await api.call('GET', `/pipelines/line/test-runs/${number}`)
        if (body.tasuki.ended_at !== null) return body
      }
    },
  })
}

test('a test run is begun, waited for, and read with its nodes, cases and streams', async (t) => {
  const { call, begin, end, url } = await line(t, {
    formation: { test: { quantity: 2, size: null } },
    scripts: {
      'test-setup': 'echo prepared',
      test: 'echo "not ok 1 - sums # TODO"; echo "not ok 2 - adds"; exit 2',
    },
  })
  const { id, number, status } = await begin()
  assert.deepEqual([number, status], [1, 'pending'])
  const run = await end(number)
  assert.equal(run.status, 'failed')
  assert.deepEqual((await call('GET', `/test-runs/${id}`)).body, run)
  const { body: nodes } = await call('GET', `/test-runs/${id}/test-nodes`)
  assert.deepEqual(
    nodes.map((node: { index: number; status: string; exit_code: number }) => [
      node.index,
      node.status,
      node.exit_code,
    ]),
    [
      [0, 'failed', 2],
      [1, 'failed', 2],
    ],
  )
  const read = async (address: string) => {
    assert.match(address, /^https:/)
    return (await fetch(new URL(new URL(address).pathname, url))).text()
  }
  assert.equal(await read(nodes[0].setup_stream_url), '-----> Built\nprepared\n')
  assert.equal(await read(nodes[1].output_stream_url), 'not ok 1 - sums # TODO\nnot ok 2 - adds\n')
  const stranger = new URL(nodes[0].output_stream_url.replace(/.$/, '_')).pathname
  assert.equal((await fetch(new URL(stranger, url))).status, 404)
  const { body: cases } = await call('GET', `/test-runs/${id}/test-cases`)
  assert.deepEqual(
    cases.map((one: { description: string; passed: boolean; directive: string; number: number }) => [
      one.number,
      one.description,
      one.passed,
      one.directive,
    ]),
    [
      [1, 'sums', true, 'todo'],
      [2, 'adds', false, ''],
      [1, 'sums', true, 'todo'],
      [2, 'adds', false, ''],
    ],
  )
})

test('runs are listed by number, run again, and cancelled', async (t) => {
  const { call, begin, end } = await line(t, { scripts: { test: 'sleep $LENGTH' } })
  await call('PATCH', '/pipelines/line/stage/test/config-vars', { LENGTH: '0' })
  const first = await begin()
  assert.equal((await end(1)).status, 'succeeded')
  await call('PATCH', '/pipelines/line/stage/test/config-vars', { LENGTH: '1000' })
  const again = await call('POST', `/tasuki/test-runs/${first.id}/rerun`)
  assert.deepEqual([again.status, again.body.number, again.body.commit_sha], [201, 2, 'abc123'])
  const range = { range: 'number ..; order=desc,max=1' }
  const { body: newest } = await call('GET', '/pipelines/line/test-runs', undefined, range)
  assert.deepEqual(
    newest.map((run: { number: number }) => run.number),
    [2],
  )
  const path = `/test-runs/${again.body.id}`
  assert.equal((await call('PATCH', path, { status: 'succeeded', message: 'm' })).status, 422)
  const { body: cancelled } = await call('PATCH', path, { status: 'cancelled', message: 'Not now.' })
  assert.deepEqual([cancelled.status, cancelled.message], ['cancelled', 'Not now.'])
  assert.equal((await call('PATCH', path, { status: 'cancelled', message: '' })).status, 409)
  assert.deepEqual((await call('GET', '/tasuki/pipelines/line/flaky-tests')).body, [])
})

test('whoever waits for a run is answered as soon as there is news, and without any a second later', async (t) => {
  const { call, begin } = await line(t, { scripts: { test: 'sleep 1000' } })
  const { id } = await begin()
  const running = async () => (await call('GET', `/pipelines/line/test-runs/1`)).body.status === 'running'
  while (!(await running()));
  const before = Date.now()
  assert.ok(await running())
  assert.ok(Date.now() - before >= 900)
  const news = call('GET', `/pipelines/line/test-runs/1`)
  await call('PATCH', `/test-runs/${id}`, { status: 'cancelled', message: '' })
  assert.equal((await news).body.status, 'cancelled')
})

test('what can not be a test run is refused, and nobody sees those of a pipeline that is not theirs', async (t) => {
  const api = await line(t, { scripts: { test: 'true' } })
  const { call, begin, end } = api
  const { id } = await begin()
  await end(1)
  const source_blob_url = `${api.url}${await uploaded(api.services)}`
  const good = { pipeline: 'line', commit_branch: 'b', commit_sha: 'a', commit_message: '', source_blob_url }
  const refused = async (change: object) => (await call('POST', '/test-runs', { ...good, ...change })).body.id
  assert.equal(await refused({ commit_sha: 'a b' }), 'invalid_params')
  assert.equal(await refused({ commit_branch: '' }), 'invalid_params')
  assert.equal(await refused({ source_blob_url: 'file:///etc/passwd' }), 'invalid_source')
  assert.equal(await refused({ debug: true }), 'not_offered')
  assert.equal(await refused({ pipeline: 'other' }), 'not_found')
  assert.equal((await call('GET', '/pipelines/line/test-runs/9')).status, 404)
  assert.equal((await call('GET', '/pipelines/line/test-runs/x')).status, 404)
  assert.equal((await call('GET', '/pipelines/line/test-runs')).body.length, 1)
  const bob = await person(api, 'bob')
  for (const path of [`/test-runs/${id}`, `/test-runs/${id}/test-nodes`, `/test-runs/${id}/test-cases`])
    assert.equal((await bob.call('GET', path)).status, 404)
  assert.equal((await bob.call('PATCH', `/test-runs/${id}`, { status: 'cancelled' })).status, 404)
  assert.equal((await bob.call('POST', `/tasuki/test-runs/${id}/rerun`)).status, 404)
  assert.equal((await bob.call('GET', '/pipelines/line/test-runs')).status, 404)
})

test('the tests of a pipeline are turned on, and given a limit', async (t) => {
  const { call } = await line(t, {})
  const path = '/tasuki/pipelines/line/tests'
  assert.deepEqual((await call('GET', path)).body, { enabled: false, limit_ms: 3_600_000 })
  assert.deepEqual((await call('PATCH', path, { enabled: true })).body, {
    enabled: true,
    limit_ms: 3_600_000,
  })
  assert.equal((await call('PATCH', path, { limit_ms: 1 })).status, 422)
  assert.equal((await call('PATCH', path, { limits: 1 })).status, 422)
  assert.deepEqual((await call('PATCH', path, { limit_ms: 60_000 })).body, {
    enabled: true,
    limit_ms: 60_000,
  })
})
