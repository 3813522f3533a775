import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from './testing.ts'

test('a deploy goes from an upload over build and release to a rollout with its receipt', async (t) => {
  const { call, engine, token, url } = await liveApi(t)
  const app = (await call('POST', '/apps', { name: 'demo' })).body
  assert.equal(app.web_url, 'http://demo.example.test/')

  const source = (await call('POST', '/sources', {})).body.source_blob
  const put = await fetch(source.put_url, { method: 'PUT', body: 'a source' })
  assert.equal(put.status, 200)

  const created = await call('POST', '/apps/demo/builds', {
    source_blob: { url: source.get_url, version: 'abcdef12' },
  })
  assert.equal(created.status, 201)
  const log = await (await fetch(created.body.output_stream_url)).text()
  assert.match(log, /Released v2/)

  const build = (await call('GET', `/apps/demo/builds/${created.body.id}`)).body
  assert.equal(build.status, 'succeeded')
  const release = (await call('GET', '/apps/demo/releases/v2')).body
  assert.deepEqual(
    [release.id, release.status, release.current, release.commit, release.description],
    [build.release.id, 'pending', false, 'abcdef12', 'Deploy abcdef12'],
  )

  const events = fetch(`${url}/tasuki/rollouts/${build.tasuki.rollout_id}/events`, {
    headers: { authorization: `Bearer ${token}` },
  }).then((response) => response.text())
  await engine.enter(app.id, 'prepare')
  await engine.finish(app.id)
  const text = await events
  assert.match(text, /event: journal\nid: \d+\ndata: .*"kind":"prepare"/)
  assert.match(text, /event: end\ndata: .*"status":"succeeded".*"receipt":\{/)

  const rollout = (await call('GET', `/tasuki/rollouts/${build.tasuki.rollout_id}`)).body
  assert.equal(rollout.status, 'succeeded')
  const receipt = (await call('GET', '/tasuki/apps/demo/receipts/v2')).body
  assert.deepEqual([receipt.to, receipt.lost, receipt.overhead_ms], [2, 0, 0])
  assert.equal((await call('GET', '/apps/demo/releases/v2')).body.current, true)
  const formation = (await call('GET', '/apps/demo/formation')).body
  assert.deepEqual(
    formation.map((one: { type: string; quantity: number }) => [one.type, one.quantity]),
    [
      ['web', 1],
      ['worker', 0],
    ],
  )
})
