import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, deployed } from '../services/testing.ts'
import { type LiveApi, liveApi } from './testing.ts'

async function withHost(api: LiveApi) {
  api.fleet.machine('10.0.0.11')
  return api.call('POST', '/tasuki/hosts', { url: 'ssh://deploy@10.0.0.11', name: 'h1', labels: ['api'] })
}

test('a host is taken in, shown with what runs there, changed, drained and let go of', async (t) => {
  const api = await liveApi(t)
  const { call } = api
  assert.deepEqual((await call('GET', '/tasuki/hosts')).body, [])
  assert.deepEqual((await call('GET', '/tasuki/host-key')).body, { public_key: api.fleet.publicKey })
  const { status, body } = await withHost(api)
  assert.equal(status, 201)
  const { id, created_at, docker_version, ...about } = body
  assert.deepEqual(about, {
    ...{ name: 'h1', url: 'ssh://deploy@10.0.0.11:22', labels: ['api'], private_address: '10.0.0.11' },
    ...{
      host_key: 'SHA256:10.0.0.11',
      state: 'active',
      reachable: true,
      failure: null,
      instances: [],
      ssh_calls: 0,
    },
  })
  assert.deepEqual([docker_version, Number.isFinite(Date.parse(created_at))], ['20.10.24', true])
  const app = await api.services.apps.create('shop', ALICE)
  api.instances.push({
    ...{ id: 'web-1', kind: 'one-off', appId: app.id, type: 'run', name: 'run.1', release: 2, generation: 0 },
    ...{ size: 'Eco', state: 'running', address: null, privateAddress: null, host: 'h1', unreachable: false },
    ...{ pid: null, startedAt: 1, signalledAt: null, exit: null },
  })
  assert.deepEqual((await call('GET', `/tasuki/hosts/${id}`)).body.instances, [
    {
      ...{ instance: 'web-1', app: { id: app.id, name: 'shop' }, name: 'run.1', type: 'run' },
      ...{ release: 2, state: 'running' },
    },
  ])
  const [dyno] = (await call('GET', '/apps/shop/dynos')).body
  assert.deepEqual([dyno.tasuki.host, dyno.tasuki.unreachable], ['h1', false])
  assert.deepEqual((await call('PATCH', '/tasuki/hosts/h1', { labels: [] })).body.labels, [])
  assert.equal((await call('POST', '/tasuki/hosts/h1/actions/drain')).body.state, 'draining')
  assert.equal((await call('POST', '/tasuki/hosts/h1/actions/resume')).body.state, 'active')
  assert.equal((await call('DELETE', '/tasuki/hosts/h1')).status, 409)
  api.instances.splice(0)
  assert.equal((await call('DELETE', '/tasuki/hosts/h1')).body.id, id)
  assert.equal((await call('GET', '/tasuki/hosts/h1')).status, 404)
})

test('bad wishes take in no host and say what is wrong', async (t) => {
  const api = await liveApi(t)
  for (const [body, status] of [
    [{}, 422],
    [{ url: 'ssh://deploy:secret@10.0.0.11' }, 422],
    [{ url: 'ssh://deploy@10.0.0.11', label: 'api' }, 422],
    [{ url: 'ssh://deploy@10.0.0.11', private_address: '0.0.0.0' }, 422],
    [{ url: 'ssh://deploy@10.0.0.11' }, 503],
  ] as const) {
    const answer = await api.call('POST', '/tasuki/hosts', body)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.doesNotMatch(JSON.stringify(answer.body), /secret/)
  }
  assert.deepEqual((await api.call('GET', '/tasuki/hosts')).body, [])
})

test('hosts are for admins, and where an app runs is for who sees the app', async (t) => {
  const api = await liveApi(t)
  await withHost(api)
  await api.services.users.add({ email: ALICE })
  const { token } = await api.services.authorizations.create({ email: ALICE }, { description: 'test' })
  const headers = { authorization: `Bearer ${token}` }
  for (const [method, path] of [
    ['GET', '/tasuki/hosts'],
    ['GET', '/tasuki/host-key'],
    ['POST', '/tasuki/hosts/h1/actions/drain'],
    ['DELETE', '/tasuki/hosts/h1'],
  ] as const)
    assert.equal((await api.call(method, path, undefined, headers)).status, 403, path)
  await api.services.apps.create('shop', ALICE)
  const path = '/tasuki/apps/shop/placement'
  assert.deepEqual((await api.call('GET', path, undefined, headers)).body, {
    runtime: 'process',
    label: null,
  })
})

test('an app is placed by its label, and the answer names the rollout that moves it', async (t) => {
  const api = await liveApi(t)
  await withHost(api)
  const app = await api.services.apps.create('shop', ALICE)
  await deployed(api, app, 'a')
  const path = '/tasuki/apps/shop/placement'
  const { body } = await api.call('PUT', path, { runtime: 'docker', label: 'api' })
  assert.deepEqual(body, { runtime: 'docker', label: 'api', rollout: body.rollout })
  assert.equal((await api.call('GET', `/tasuki/rollouts/${body.rollout}`)).body.kind, 'restart')
  const refused = await api.call('PUT', path, { runtime: 'docker', label: 'db' })
  assert.deepEqual([refused.status, refused.body.id], [422, 'no_host'])
  assert.equal((await api.call('PUT', path, { runtime: 'swarm' })).status, 422)
  assert.equal((await api.call('PUT', path, { runtime: 'process' })).body.runtime, 'process')
})
