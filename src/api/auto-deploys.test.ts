import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { artifactNamed } from '../store/testing.ts'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

const PATH = '/tasuki/apps/shop/autodeploy'
const SHA = 'abcd'.repeat(10)

test('the branch that an app follows is set, shown and forgotten', async (t) => {
  const api = await liveApi(t)
  const { call } = api
  for (const [path, body] of [
    ['/apps', { name: 'shop' }],
    ['/pipelines', { name: 'line' }],
  ] as const)
    await call('POST', path, body)
  assert.equal((await call('PUT', PATH, { branch: 'main' })).status, 422, 'it is in no pipeline yet')
  await call('POST', '/pipeline-couplings', { app: 'shop', pipeline: 'line', stage: 'staging' })
  assert.equal((await call('GET', PATH)).status, 404)

  const set = await call('PUT', PATH, { branch: 'main', wait_for_ci: true })
  assert.deepEqual([set.status, set.body.branch, set.body.wait_for_ci], [200, 'main', true])
  const again = await call('PUT', PATH, { branch: 'release/1' })
  assert.deepEqual([again.body.branch, again.body.wait_for_ci], ['release/1', false])
  assert.equal(again.body.created_at, set.body.created_at)
  assert.deepEqual((await call('GET', PATH)).body, again.body)
  for (const bad of [{}, { branch: 7 }, { branch: 'a b' }, { branch: 'main', every: 'day' }])
    assert.equal((await call('PUT', PATH, bad)).status, 422, JSON.stringify(bad))
  assert.deepEqual((await call('GET', PATH)).body, again.body)

  const bob = await person(api, 'bob')
  for (const [method, path] of [
    ['GET', PATH],
    ['PUT', PATH],
    ['DELETE', PATH],
    ['GET', `${PATH}/deploys`],
  ] as const)
    assert.equal((await bob.call(method, path, method === 'PUT' ? { branch: 'x' } : undefined)).status, 404)

  assert.deepEqual((await call('GET', `${PATH}/deploys`)).body, [])
  assert.equal((await call('DELETE', PATH)).body.branch, 'release/1')
  assert.equal((await call('DELETE', PATH)).status, 404)
})

test('the way of a commit is told to who may see its apps, with whole receipts', async (t) => {
  const api = await liveApi(t)
  await api.call('POST', '/apps', { name: 'shop' })
  api.builder = async () => artifactNamed('a', { commit: SHA })
  await deployed(api, await api.services.apps.find('shop'), 'a')
  const { status, body } = await api.call('GET', `/tasuki/changes/${SHA.slice(0, 7)}`)
  assert.deepEqual([status, body.commit, body.steps.length], [200, SHA, 1])
  const [step] = body.steps
  assert.deepEqual([step.kind, step.app, step.status, step.release], ['release', 'shop', 'succeeded', 2])
  const { body: receipt } = await api.call('GET', '/tasuki/apps/shop/receipts/latest')
  assert.deepEqual(step.receipt, receipt)

  const bob = await person(api, 'bob')
  assert.equal((await bob.call('GET', `/tasuki/changes/${SHA}`)).status, 404)
  assert.equal((await api.call('GET', '/tasuki/changes/xyz')).status, 422)
})
