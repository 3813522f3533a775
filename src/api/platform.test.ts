import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { liveApi } from './testing.ts'

const names = (list: { name: string }[]) => list.map((one) => one.name)

test('apps are made, listed, renamed, taken into maintenance and destroyed', async (t) => {
  const { call, told } = await liveApi(t)
  const made = await call('POST', '/apps', { name: 'shop' })
  assert.equal(made.status, 201)
  const { id } = made.body
  assert.deepEqual(
    [made.body.owner.email, made.body.stack.name, made.body.create_status, made.body.released_at],
    ['admin@example.test', 'tasuki-1', 'complete', null],
  )
  assert.match(made.body.created_at, /^\d{4}-\d\d-\d\dT.*Z$/)
  assert.match((await call('POST', '/apps')).body.name, /^[a-z]+-[a-z]+-\d{4}$/)
  assert.ok(names((await call('GET', '/apps')).body).includes('shop'))
  assert.equal((await call('GET', `/apps/${id}`)).body.name, 'shop')
  assert.equal((await call('PATCH', '/apps/shop', { maintenance: true })).body.maintenance, true)
  assert.equal(told.maintenance.get(id), true)
  assert.equal(
    (await call('PATCH', '/apps/shop', { name: 'store' })).body.web_url,
    'http://store.example.test/',
  )
  assert.equal((await call('DELETE', '/apps/store')).body.id, id)
  assert.equal((await call('GET', '/apps/store')).status, 404)
})

test('config answers with the whole map, and its release is there at once', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  assert.deepEqual((await call('PATCH', '/apps/shop/config-vars', { A: '1', B: '' })).body, { A: '1', B: '' })
  const range = { range: 'version ..; order=desc,max=1' }
  const [release] = (await call('GET', '/apps/shop/releases', undefined, range)).body
  assert.deepEqual([release.version, release.current, release.slug], [2, true, null])
  assert.deepEqual((await call('PATCH', '/apps/shop/config-vars', { A: null })).body, { B: '' })
  assert.deepEqual((await call('GET', '/apps/shop/config-vars')).body, { B: '' })
  assert.deepEqual((await call('GET', '/apps/shop/releases/2/config-vars')).body, { A: '1', B: '' })
})

test('config that is not live is said to be so', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  await deployed(api, app, 'a')
  assert.equal((await api.call('GET', '/apps/shop/config-vars')).headers.get('warning-message'), null)
  await api.call('PATCH', '/apps/shop/config-vars', { A: 'bad' })
  await api.engine.finish(app.id, 'failed')
  const answer = await api.call('GET', '/apps/shop/config-vars')
  assert.deepEqual(answer.body, { A: 'bad' })
  assert.match(answer.headers.get('warning-message')!, /not live/)
})

test('releases come page by page, in both orders', async (t) => {
  const { call, services } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  for (let n = 0; n < 6; n++) await services.config.change(app, { N: String(n) }, 'me')
  const page = async (range: string) => {
    const answer = await call('GET', '/apps/shop/releases', undefined, { range })
    const versions = answer.body.map((one: { version: number }) => one.version)
    return { status: answer.status, versions, next: answer.headers.get('next-range') }
  }
  const first = await page('version ..; order=desc,max=3')
  assert.deepEqual([first.status, first.versions], [206, [7, 6, 5]])
  const second = await page(first.next!)
  assert.deepEqual(second.versions, [4, 3, 2])
  assert.deepEqual(await page(second.next!), { status: 200, versions: [1], next: null })
  assert.deepEqual((await page('version 3..5')).versions, [3, 4, 5])
  assert.deepEqual((await page('version ]3..; max=2')).versions, [4, 5])
  assert.deepEqual((await page('version ..; max=7, order=desc;')).versions, [7, 6, 5, 4, 3, 2, 1])
  assert.equal((await call('GET', '/apps/shop/releases')).body[0].version, 1)
  assert.equal((await call('GET', '/apps/shop/releases', undefined, { range: 'status ..' })).status, 416)
  for (const bad of ['nonsense', 'version ..; max=0', 'version a..b'])
    assert.equal((await call('GET', '/apps/shop/releases', undefined, { range: bad })).status, 400, bad)
})

test('the formation is scaled by numbers, texts and steps', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const scale = async (...updates: object[]) =>
    (await api.call('PATCH', '/apps/shop/formation', { updates })).body.map(
      (one: { type: string; quantity: number; size: string }) => `${one.type}=${one.quantity}:${one.size}`,
    )
  assert.deepEqual(
    await scale({ type: 'web', quantity: '+1' }, { type: 'worker', quantity: 1, size: 'Eco' }),
    ['web=2:Standard-1X', 'worker=1:Eco'],
  )
  assert.deepEqual(await scale({ type: 'web', quantity: '1' }), ['web=1:Standard-1X', 'worker=1:Eco'])
})

test('instances are shown as runtime and router see them', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  await deployed(api, app, 'a')
  const base = {
    kind: 'formation',
    appId: app.id,
    type: 'web',
    release: 2,
    generation: 1,
    size: 'Eco',
  } as const
  const idle = {
    host: null,
    unreachable: false,
    privateAddress: null,
    pid: 1,
    startedAt: 1000,
    signalledAt: null,
    exit: null,
  } as const
  const address = { host: '127.0.0.1', port: 20000 }
  api.instances.push(
    { ...base, ...idle, id: 'i2', name: 'web.10', state: 'running', address },
    { ...base, ...idle, id: 'i1', name: 'web.2', state: 'running', address },
    {
      ...base,
      ...idle,
      id: 'i3',
      name: 'web.3',
      state: 'exited',
      address,
      exit: { code: 1, at: 2, cause: 'exit' },
    },
    { ...base, ...idle, id: 'i4', name: 'web.1', state: 'exited', address, signalledAt: 5 },
  )
  const server = {
    address,
    admin: 'ready',
    everywhere: true,
    passedOnce: true,
    streams: 1,
    check: 'HTTP 200',
  } as const
  api.servers.push(
    { ...server, instance: 'i1', health: 'up', inFlight: 3 },
    { ...server, instance: 'i2', health: 'checking', inFlight: 0 },
  )
  const { body } = await api.call('GET', '/apps/shop/dynos')
  assert.deepEqual(
    body.map((one: { name: string; state: string }) => [one.name, one.state]),
    [
      ['web.2', 'up'],
      ['web.3', 'crashed'],
      ['web.10', 'starting'],
    ],
  )
  assert.equal(body[0].command, 'node server.js')
  assert.deepEqual(body[0].tasuki, {
    instance: 'i1',
    admin: 'ready',
    rotation: 'ready',
    health: 'up',
    in_flight: 3,
    streams: 1,
    check: 'HTTP 200',
    generation: 1,
    exit_code: null,
    host: null,
    unreachable: false,
  })
  assert.equal((await api.call('DELETE', '/apps/shop/dynos/web.2')).status, 202)
  assert.deepEqual(await api.store.tables.condemned.of(app.id), ['i1'])
})

test('instances are shown also while the router can not be asked', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  api.deps.router.observe = async () => Promise.reject(new Error('down'))
  assert.deepEqual((await api.call('GET', '/apps/shop/dynos')).status, 200)
})

test('restart, rollback and features do what they say', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  await deployed(api, app, 'a')
  await deployed(api, app, 'b')
  const restart = await api.call('POST', '/tasuki/apps/shop/restart', {})
  assert.equal(restart.status, 202)
  assert.equal((await api.call('GET', `/tasuki/rollouts/${restart.body.rollout_id}`)).body.kind, 'restart')
  await api.engine.finish(app.id)
  const back = await api.call('POST', '/tasuki/apps/shop/rollback', {})
  assert.deepEqual([back.status, back.body.version, back.body.description], [201, 4, 'Rollback to v2'])
  await api.engine.finish(app.id)
  const { id } = (await api.call('GET', '/apps/shop/releases/v3')).body
  assert.equal((await api.call('POST', '/apps/shop/releases', { release: id })).body.version, 5)
  assert.equal((await api.call('PATCH', '/apps/shop/features/preboot', { enabled: true })).body.enabled, true)
  assert.deepEqual(names((await api.call('GET', '/apps/shop/features')).body), ['preboot'])
})

test('rollouts, receipts and plans are told', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  assert.equal((await api.call('GET', '/tasuki/apps/shop/plan')).status, 404)
  await deployed(api, app, 'a')
  await deployed(api, app, 'b', 'running')
  const [running, first] = (await api.call('GET', '/tasuki/apps/shop/rollouts')).body
  assert.deepEqual(
    [running.status, running.phase, running.from, running.to, running.receipt],
    ['running', 'rolling', 2, 3, null],
  )
  assert.deepEqual([first.status, first.phase, first.receipt.to], ['succeeded', null, 2])
  const receipt = (await api.call('GET', '/tasuki/apps/shop/receipts/latest')).body
  assert.deepEqual(
    [receipt.to, receipt.traffic.by_status, receipt.traffic.held],
    [2, undefined, { requests: 0, longest_ms: 0 }],
  )
  const plan = (await api.call('GET', '/tasuki/apps/shop/plan?release=2')).body
  assert.deepEqual([plan.to, plan.peak.memory_mib, plan.slots], [2, 1024, 4])
  assert.ok(plan.steps.some((step: { operation: string; instance: string }) => step.instance === 'web.1'))
})

test('the server tells what it is, and goes down when asked to', async (t) => {
  const api = await liveApi(t)
  const { body } = await api.call('GET', '/tasuki/server')
  assert.deepEqual([body.domain, body.router.version, body.router.workers], ['example.test', '2.6.12', 1])
  assert.equal((await api.call('POST', '/tasuki/server/down')).status, 202)
  assert.equal(api.downs, 1)
})
