import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { liveApi } from './testing.ts'

const URL_WITH_SECRET = 'https://me:very-secret@logs.example.com/in'

test('a drain is added, listed, found by id, token and address, and removed', async (t) => {
  const { call, services, logs } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  const url = 'syslog+tls://logs.example.com:6514'
  const { status, body } = await call('POST', '/apps/shop/log-drains', { url })
  assert.equal(status, 201)
  assert.match(body.token, /^d\.[0-9a-f-]{36}$/)
  assert.deepEqual([body.url, body.addon, body.app], [url, null, { id: app.id, name: 'shop' }])
  assert.deepEqual(body.tasuki, { sent: 0, dropped: 0, failing: null })
  assert.deepEqual((await call('GET', '/apps/shop/log-drains')).body, [body])
  const target = logs.drains.get(body.id)!
  assert.deepEqual([target.appId, target.url, target.token], [app.id, url, body.token])
  const once = encodeURIComponent(url)
  for (const which of [body.id, body.token, once, encodeURIComponent(once)])
    assert.equal((await call('GET', `/apps/shop/log-drains/${which}`)).body.id, body.id)
  assert.equal((await call('DELETE', `/apps/shop/log-drains/${encodeURIComponent(once)}`)).status, 200)
  assert.deepEqual((await call('GET', '/apps/shop/log-drains')).body, [])
  assert.equal(logs.drains.size, 0)
  assert.equal((await call('DELETE', `/apps/shop/log-drains/${body.id}`)).status, 404)
})

test('bad addresses, a second one of the same, one too many and no certificate are refused', async (t) => {
  const { call, services, logs } = await liveApi(t)
  await services.apps.create('shop', 'me')
  for (const body of [
    {},
    { url: 'ftp://x.example' },
    { url: 'http://logs.example.com/' },
    { url: 'https://logs.example.com/', authority: 'no certificate' },
    { url: 'https://logs.example.com/', authority: CUT_CERTIFICATE },
  ])
    assert.equal((await call('POST', '/apps/shop/log-drains', body)).status, 422, JSON.stringify(body))
  assert.equal(logs.drains.size, 0)
  for (let n = 0; n < 20; n += 1)
    assert.equal((await call('POST', '/apps/shop/log-drains', { url: `syslog://h${n}` })).status, 201)
  assert.match((await call('POST', '/apps/shop/log-drains', { url: 'syslog://h1' })).body.message, /already/)
  assert.match(
    (await call('POST', '/apps/shop/log-drains', { url: 'syslog://h20' })).body.message,
    /20 drains/,
  )
  assert.equal((await call('POST', '/apps/nobody/log-drains', { url: 'syslog://h' })).status, 404)
  assert.equal((await call('GET', '/apps/shop/log-drains/nothing')).body.resource, 'log-drain')
})

test('the address of a drain is on the disk for nobody to read, and in no log', async (t) => {
  const { call, services, logs, store } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  const { body } = await call('POST', '/apps/shop/log-drains', { url: URL_WITH_SECRET })
  assert.equal(body.url, URL_WITH_SECRET)
  assert.ok(!logs.lines.some(({ line }) => line.includes('very-secret')))
  assert.match(logs.lines.at(-1)!.line, /app\[api\]: Drain d\.\S+ added by /)
  for (const file of ['state.db', 'state.db-wal'])
    assert.ok(!readFileSync(join(store.dataDir, file)).includes('very-secret'), file)
  assert.equal((await store.tables.drains.of(app.id))[0]!.url, URL_WITH_SECRET)
})

test('drains go on with the next control plane, and go with their app', async (t) => {
  const { call, services, logs, store } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  const { body } = await call('POST', '/apps/shop/log-drains', { url: 'syslog://logs.example.com' })
  logs.drains.clear()
  await services.drains.start()
  assert.deepEqual([...logs.drains.keys()], [body.id])
  await services.apps.gone(app.id)
  assert.deepEqual(await store.tables.drains.all(), [])
})

const CUT_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
