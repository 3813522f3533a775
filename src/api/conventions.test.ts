import assert from 'node:assert/strict'
import { request } from 'node:http'
import { test } from 'node:test'
import { liveApi } from './testing.ts'

test('what has not changed is answered with 304', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  const first = await call('GET', '/apps/shop')
  const etag = first.headers.get('etag')!
  assert.match(etag, /^"[\w-]{27}"$/)
  const again = await call('GET', '/apps/shop', undefined, { 'if-none-match': `"other", W/${etag}` })
  assert.deepEqual([again.status, again.body, again.headers.get('etag')], [304, '', etag])
  await call('PATCH', '/apps/shop', { maintenance: true })
  const changed = await call('GET', '/apps/shop', undefined, { 'if-none-match': etag })
  assert.deepEqual([changed.status, changed.body.maintenance], [200, true])
})

test('a change that was meant for an older state is not made', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  const etag = (await call('GET', '/apps/shop')).headers.get('etag')!
  const on = await call('PATCH', '/apps/shop', { maintenance: true }, { 'if-match': etag })
  assert.equal(on.status, 200)
  const late = await call('PATCH', '/apps/shop', { name: 'store' }, { 'if-match': etag })
  assert.deepEqual([late.status, late.body.id], [412, 'precondition_failed'])
  assert.equal((await call('DELETE', '/apps/shop', undefined, { 'if-match': '"never"' })).status, 412)
  assert.equal((await call('GET', '/apps/shop')).body.maintenance, true)
  assert.equal((await call('PATCH', '/apps/shop', { maintenance: false }, { 'if-match': '*' })).status, 200)
})

test('a change with If-Match that is sent again gets the answer of the first', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  const headers = {
    'if-match': (await call('GET', '/apps/shop')).headers.get('etag')!,
    'request-id': 'one,two',
  }
  const first = await call('PATCH', '/apps/shop', { maintenance: true }, headers)
  const second = await call('PATCH', '/apps/shop', { maintenance: true }, headers)
  assert.deepEqual([second.status, second.body], [200, first.body])
  assert.equal(second.headers.get('request-id'), 'one,two')
})

test('a resource says when it was changed last', async (t) => {
  const { call, services } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  const { headers } = await call('GET', '/apps/shop')
  assert.equal(headers.get('last-modified'), new Date(app.updatedAt).toUTCString())
})

test('every Accept is read as version 3, and JSON is what comes', async (t) => {
  const { call } = await liveApi(t)
  const variants = ['', '.sdk', '.pipelines', '.webhooks', '.docker-releases'].map(
    (variant) => `application/vnd.heroku+json; version=3${variant}`,
  )
  for (const accept of [...variants, 'application/vnd.heroku+json;version=3', '*/*', 'text/plain']) {
    const answer = await call('GET', '/apps', undefined, { accept })
    assert.deepEqual([answer.status, answer.body], [200, []], accept)
    assert.match(answer.headers.get('content-type')!, /^application\/json/)
  }
})

test('a POST that says another method is taken for that', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  const override = (method: string) => ({ 'x-http-method-override': method })
  const patched = await call('POST', '/apps/shop', { maintenance: true }, override('patch'))
  assert.deepEqual([patched.status, patched.body.maintenance], [200, true])
  assert.equal((await call('POST', '/apps/shop', undefined, override('GET'))).body.name, 'shop')
  assert.equal((await call('GET', '/apps/shop', undefined, override('DELETE'))).body.name, 'shop')
  assert.equal((await call('POST', '/apps/shop', undefined, override('DELETE'))).status, 200)
  assert.equal((await call('GET', '/apps/shop')).status, 404)
})

test('pages of other origins may call it, with a token', async (t) => {
  const { call, url } = await liveApi(t)
  const asked = { origin: 'https://page.example', 'access-control-request-method': 'PATCH' }
  const preflight = await fetch(new URL('/apps/shop', url), { method: 'OPTIONS', headers: asked })
  assert.equal(preflight.status, 204)
  assert.match(preflight.headers.get('access-control-allow-methods')!, /PATCH/)
  assert.match(preflight.headers.get('access-control-allow-headers')!, /Authorization/)
  const answer = await call('GET', '/apps', undefined, { origin: 'https://page.example' })
  assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  assert.match(answer.headers.get('access-control-expose-headers')!, /Next-Range/)
  assert.equal((await fetch(new URL('/apps', url), { method: 'OPTIONS' })).status, 401)
})

test('a request id of 7 kB comes back; a longer one is replaced', async (t) => {
  const { call } = await liveApi(t)
  const long = Array.from({ length: 188 }, () => '11111111-2222-3333-4444-555555555555').join(',')
  assert.ok(long.length > 6900 && long.length <= 7000)
  assert.equal(
    (await call('GET', '/account', undefined, { 'request-id': long })).headers.get('request-id'),
    long,
  )
  const longer = await call('GET', '/account', undefined, { 'request-id': `${long}${'x'.repeat(200)}` })
  assert.match(longer.headers.get('request-id')!, /^[\w-]{36}$/)
})

test('an error says what it is, what to do, and where more is told', async (t) => {
  const { call } = await liveApi(t)
  const { body } = await call('GET', '/apps/nobody')
  assert.deepEqual([body.id, body.resource], ['not_found', 'app'])
  const told = await call('GET', new URL(body.url).pathname)
  assert.deepEqual([told.status, told.body.id, told.body.status], [200, 'not_found', 404])
  assert.equal((await call('GET', '/errors/unheard-of')).status, 404)
})

test('an empty Range header is none', async (t) => {
  const { url, token } = await liveApi(t)
  const status = await new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, range: '' }
    request(new URL('/apps', url), { headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })
  assert.equal(status, 200)
})
