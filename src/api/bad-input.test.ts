import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { type LiveApi, liveApi } from './testing.ts'

/** All that a call could have changed. */
async function state({ store }: LiveApi): Promise<unknown> {
  const { tables } = store
  const apps = await tables.apps.all()
  return Promise.all(
    apps.map(async (app) => ({
      app,
      config: await tables.config.get(app.id),
      formation: await tables.formation.get(app.id),
      releases: await tables.releases.list(app.id),
      rollouts: await tables.rollouts.list(app.id, 100),
      builds: await tables.builds.list(app.id, 100),
      condemned: await tables.condemned.of(app.id),
      preboot: await tables.features.get(app.id, 'preboot'),
      domains: await tables.domains.of(app.id),
    })),
  )
}

const KEY = 'k'.repeat(257)
const BAD: readonly (readonly [method: string, path: string, body: unknown, status: number])[] = [
  ['POST', '/apps', { name: 'Bad Name' }, 422],
  ['POST', '/apps', { name: 'shop' }, 422],
  ['POST', '/apps', { name: 5 }, 422],
  ['POST', '/apps', '{"name": ', 400],
  ['POST', '/apps', '[]', 422],
  ['GET', '/apps/nobody', undefined, 404],
  ['GET', '/apps/%00', undefined, 404],
  ['GET', `/apps/${'x'.repeat(300)}`, undefined, 404],
  ['PATCH', '/apps/shop', { maintenance: 'yes' }, 422],
  ['PATCH', '/apps/shop', { name: '../x' }, 422],
  ['GET', `/apps/${'x'.repeat(3000)}`, undefined, 400],
  ['DELETE', '/apps/nobody', undefined, 404],
  ['PATCH', '/apps/shop/config-vars', { PORT: '1' }, 422],
  ['PATCH', '/apps/shop/config-vars', { GOOD: '1', 'BAD KEY': '2' }, 422],
  ['PATCH', '/apps/shop/config-vars', { GOOD: '1', [KEY]: '2' }, 422],
  ['PATCH', '/apps/shop/config-vars', { A: 5 }, 422],
  ['PATCH', '/apps/shop/config-vars', { A: ['x'] }, 422],
  ['PATCH', '/apps/shop/config-vars', { A: 'a\u0000b' }, 422],
  ['PATCH', '/apps/shop/config-vars', { A: 'x'.repeat(100_000) }, 422],
  ['PATCH', '/apps/shop/config-vars', { A: 'x'.repeat(2_000_000) }, 413],
  ['PATCH', '/apps/shop/config-vars', '{"__proto__": {"A": "1"}}', 400],
  ['PATCH', '/apps/shop/config-vars', '"text"', 422],
  ['PATCH', '/apps/shop/formation', { updates: [{ type: 'web', quantity: -1 }] }, 422],
  ['PATCH', '/apps/shop/formation', { updates: [{ type: 'web', quantity: 1.5 }] }, 422],
  ['PATCH', '/apps/shop/formation', { updates: [{ type: 'web', quantity: 2 }, { type: 'no' }] }, 422],
  ['PATCH', '/apps/shop/formation', { updates: [{ type: 'web', quantity: 2, size: 'Giant' }] }, 422],
  ['PATCH', '/apps/shop/formation', { type: 'web', quantity: 2 }, 422],
  ['DELETE', '/apps/shop/dynos/web.9', undefined, 404],
  ['DELETE', '/apps/shop/formations/clock', undefined, 404],
  ['POST', '/apps/shop/releases', { release: 'v99' }, 404],
  ['POST', '/apps/shop/releases', { release: 'v1' }, 422],
  ['POST', '/apps/shop/releases', {}, 422],
  ['GET', '/apps/shop/releases/99', undefined, 404],
  ['GET', '/apps/shop/releases/99/config-vars', undefined, 404],
  ['POST', '/apps/shop/builds', { source_blob: { url: 'file:///etc/passwd' } }, 422],
  ['POST', '/apps/shop/builds', {}, 422],
  ['GET', '/apps/shop/builds/none', undefined, 404],
  ['PATCH', '/apps/shop/features/preboot', { enabled: 'true' }, 422],
  ['PATCH', '/apps/shop/features/unknown', { enabled: true }, 404],
  ['POST', '/apps/shop/log-sessions', { lines: -1 }, 422],
  ['GET', '/tasuki/rollouts/none', undefined, 404],
  ['GET', '/tasuki/rollouts/none/events', undefined, 404],
  ['GET', '/tasuki/apps/shop/receipts/v1', undefined, 404],
  ['GET', '/tasuki/apps/shop/plan?release=v77', undefined, 404],
  ['POST', '/tasuki/apps/shop/restart', { instances: 'web.1' }, 422],
  ['POST', '/tasuki/apps/shop/restart', { instance: 'web.9' }, 404],
  ['POST', '/tasuki/apps/shop/rollback', { to: 'v1' }, 422],
  ['POST', '/tasuki/apps/shop/rollback', { version: 1 }, 422],
  ['POST', '/tasuki/apps/shop/run', { command: '' }, 422],
  ['POST', '/tasuki/apps/shop/run', {}, 422],
  ['POST', '/tasuki/apps/shop/run', { command: 'ls', columns: 'wide' }, 422],
  ['GET', '/tasuki/apps/shop/run/none', undefined, 404],
  ['PUT', '/apps', {}, 404],
]

test('bad input gets a clear error of the table, and nothing has changed', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  await deployed(api, app, 'a')
  const before = await state(api)
  for (const [method, path, body, status] of BAD) {
    const what = `${method} ${path.slice(0, 60)} ${JSON.stringify(body ?? '').slice(0, 60)}`
    const answer = await api.call(method, path, body)
    assert.equal(answer.status, status, `${what}: ${JSON.stringify(answer.body).slice(0, 300)}`)
    assert.match(answer.headers.get('content-type')!, /^application\/json/)
    const { resource: _, ...parts } = answer.body
    assert.deepEqual(Object.keys(parts), ['id', 'message', 'next', 'url'], what)
    assert.ok(answer.body.message.endsWith(answer.body.next) && answer.body.next.length > 10, what)
    assert.deepEqual(await state(api), before, what)
  }
})

test('an error never repeats a value that was given as config', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  for (const change of [{ 'A B': 'hush-4711' }, { A: ['hush-4711'] }, { A: 'hush-4711\u0000' }]) {
    const { body } = await call('PATCH', '/apps/shop/config-vars', change)
    assert.ok(!JSON.stringify(body).includes('hush'), JSON.stringify(body))
  }
})

test('a body in another form than JSON is refused', async (t) => {
  const { call } = await liveApi(t)
  const answer = await call('POST', '/apps', 'name=shop', {
    'content-type': 'application/x-www-form-urlencoded',
  })
  assert.deepEqual([answer.status, answer.body.id], [400, 'bad_request'])
})
