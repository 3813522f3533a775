import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { person } from '../testing/people.ts'
import { liveApi } from '../testing.ts'

test('config vars of a stage are set, read and removed, sealed at rest, and apart from those of the other', async (t) => {
  const { call, store } = await liveApi(t)
  await call('POST', '/pipelines', { name: 'line' })
  const path = (stage: string) => `/pipelines/line/stage/${stage}/config-vars`
  const set = await call('PATCH', path('test'), { KEY: 'hush-hush-value', OTHER: '1' })
  assert.deepEqual([set.status, set.body], [200, { KEY: 'hush-hush-value', OTHER: '1' }])
  assert.deepEqual((await call('PATCH', path('test'), { OTHER: null })).body, { KEY: 'hush-hush-value' })
  assert.deepEqual((await call('GET', path('test'))).body, { KEY: 'hush-hush-value' })
  assert.deepEqual((await call('GET', path('review'))).body, {})
  const files = ['state.db', 'state.db-wal'].map((name) => readFileSync(join(store.dataDir, name), 'latin1'))
  assert.ok(files.every((text) => !text.includes('hush-hush-value')))
})

test('a bad name, another stage and another user change and show nothing', async (t) => {
  const api = await liveApi(t)
  const { call } = api
  await call('POST', '/pipelines', { name: 'line' })
  const path = '/pipelines/line/stage/test/config-vars'
  assert.equal((await call('PATCH', path, { GOOD: '1', 'NOT GOOD': '1' })).status, 422)
  assert.deepEqual((await call('GET', path)).body, {})
  const staging = await call('GET', '/pipelines/line/stage/staging/config-vars')
  assert.deepEqual([staging.status, staging.body.id], [404, 'not_found'])
  const bob = await person(api, 'bob')
  assert.equal((await bob.call('GET', path)).status, 404)
})
