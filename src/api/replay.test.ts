import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { createApi } from './create.ts'
import { liveApi } from './testing.ts'

const ID = { 'request-id': '11111111-2222-3333-4444-555555555555' }

test('the request id comes back; without one there is a new one', async (t) => {
  const { call } = await liveApi(t)
  assert.equal((await call('GET', '/account', undefined, ID)).headers.get('request-id'), ID['request-id'])
  assert.match((await call('GET', '/account')).headers.get('request-id')!, /^[0-9a-f-]{36}$/)
})

test('a call that is sent again is not done again, and has the same answer', async (t) => {
  const { call, services } = await liveApi(t)
  const [first, second] = await Promise.all([call('POST', '/apps', {}, ID), call('POST', '/apps', {}, ID)])
  const third = await call('POST', '/apps', {}, ID)
  assert.deepEqual([second.body, third.body, third.status], [first.body, first.body, 201])
  assert.equal((await services.apps.list()).length, 1)
})

test('a step is taken once', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const up = { updates: [{ type: 'web', quantity: '+1' }] }
  await api.call('PATCH', '/apps/shop/formation', up, ID)
  const again = await api.call('PATCH', '/apps/shop/formation', up, ID)
  assert.equal(again.body[0].quantity, 2)
  assert.equal((await api.call('PATCH', '/apps/shop/formation', up)).body[0].quantity, 3)
})

test('another body, another path and another id are other calls', async (t) => {
  const { call, services } = await liveApi(t)
  await call('POST', '/apps', { name: 'one' }, ID)
  await call('POST', '/apps', { name: 'two' }, ID)
  await call('POST', '/apps', { name: 'three' }, { 'request-id': 'other' })
  assert.equal((await services.apps.list()).length, 3)
})

test('what broke may be tried again with the same id', async (t) => {
  const { call, deps } = await liveApi(t)
  const { down } = deps.server
  let calls = 0
  Object.assign(deps.server, {
    down: async () => {
      calls += 1
      if (calls === 1) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      return down()
    },
  })
  assert.equal((await call('POST', '/tasuki/server/down', undefined, ID)).status, 507)
  assert.equal((await call('POST', '/tasuki/server/down', undefined, ID)).status, 202)
})

test('an answer that is given again has the headers of the first, a secret that is shown once among them', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  const hook = { include: ['api:release'], level: 'notify', url: 'https://hook.example/' }
  const [first, second] = [
    await call('POST', '/apps/shop/webhooks', hook, ID),
    await call('POST', '/apps/shop/webhooks', hook, ID),
  ]
  assert.equal(second.headers.get('tasuki-replayed'), 'true')
  assert.ok(first.headers.get('heroku-webhook-secret'))
  for (const name of ['heroku-webhook-secret', 'content-type', 'etag', 'last-modified'])
    assert.equal(second.headers.get(name), first.headers.get(name), name)
})

test('a server that is started anew knows what the last one answered', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const up = { updates: [{ type: 'web', quantity: '+1' }] }
  const first = await api.call('PATCH', '/apps/shop/formation', up, ID)
  const next = await createApi(api.services, { version: '0.1.0', rateLimit: 0, log: console })
  t.after(() => next.close())
  const headers = { ...ID, authorization: `Bearer ${api.token}` }
  const again = await next.inject({ method: 'PATCH', url: '/apps/shop/formation', payload: up, headers })
  assert.deepEqual([again.headers['tasuki-replayed'], again.json()], ['true', first.body])
  const [web] = (await api.call('GET', '/apps/shop/formation')).body
  assert.equal(web.quantity, 2)
  await api.services.replays.collect(Date.now() + 10 * 60_000)
  const later = await createApi(api.services, { version: '0.1.0', rateLimit: 0, log: console })
  t.after(() => later.close())
  const late = await later.inject({ method: 'PATCH', url: '/apps/shop/formation', payload: up, headers })
  assert.deepEqual([late.headers['tasuki-replayed'], late.json()[0].quantity], [undefined, 3])
})

test('an answer with a token is not written down, and is given again all the same', async (t) => {
  const { call, services } = await liveApi(t)
  const kept: string[] = []
  const { keep } = services.replays
  services.replays.keep = async (key, answer) => {
    kept.push(answer)
    await keep.call(services.replays, key, answer)
  }
  const ask = () => call('POST', '/oauth/authorizations', { description: 'x' }, ID)
  const first = await ask()
  assert.equal(first.status, 201)
  assert.deepEqual((await ask()).body, first.body)
  assert.deepEqual(kept, [])
  await call('POST', '/apps', { name: 'shop' }, ID)
  assert.equal(kept.length, 1)
})
