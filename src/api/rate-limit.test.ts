import assert from 'node:assert/strict'
import { test } from 'node:test'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

test('an account has its calls, is told how many are left, and then has to wait', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { rateLimit: 60, now: () => now })
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  for (let left = 59; left >= 0; left--) {
    const { status, headers } = await anna.call('GET', '/account')
    assert.deepEqual([status, headers.get('ratelimit-remaining')], [200, String(left)])
  }
  const { status, body, headers } = await anna.call('GET', '/account')
  assert.deepEqual([status, body.id, headers.get('retry-after')], [429, 'rate_limit', '60'])
  assert.equal((await bert.call('GET', '/account')).status, 200)
  now += 60_000
  assert.equal((await anna.call('GET', '/account')).status, 200)
  assert.equal((await anna.call('GET', '/account')).status, 429)
})

test('asking what is left costs nothing, nor does what is polled', async (t) => {
  const api = await liveApi(t, { rateLimit: 3 })
  await api.call('POST', '/apps', { name: 'shop' })
  for (let n = 0; n < 5; n++) {
    assert.deepEqual((await api.call('GET', '/account/rate-limits')).body, { remaining: 2 })
    assert.equal((await api.call('GET', '/apps/shop/dynos')).status, 200)
    assert.equal((await api.call('GET', '/apps/shop/builds/none')).status, 404)
  }
  assert.equal((await api.call('GET', '/apps/shop')).headers.get('ratelimit-remaining'), '1')
})

test('every limit of the Platform API counts unless told otherwise', async (t) => {
  const { createApi } = await import('./create.ts')
  const { services, token } = await liveApi(t)
  const api = await createApi(services, { version: '0', log: { error: () => undefined } })
  const answer = await api.inject({ url: '/account', headers: { authorization: `Bearer ${token}` } })
  assert.equal(answer.headers['ratelimit-remaining'], '4499')
  await api.close()
})

test('who comes without a token is counted by address, as the proxy on this machine sees it', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { now: () => now })
  const { createApi } = await import('./create.ts')
  const other = await createApi(api.services, {
    version: '0',
    now: () => now,
    log: { error: () => undefined },
  })
  const call = async (remoteAddress: string, forwarded = '') => {
    const headers = forwarded === '' ? {} : { 'x-forwarded-for': forwarded }
    return (await other.inject({ url: '/account', remoteAddress, headers })).statusCode
  }
  for (let n = 0; n < 6000; n++) await call('192.0.2.1', `203.0.113.${n % 200}`)
  assert.equal(await call('192.0.2.1', '203.0.113.9'), 429)
  assert.equal(await call('192.0.2.2'), 401)
  assert.equal(await call('127.0.0.1', '192.0.2.1, 192.0.2.3'), 401)
  assert.equal(await call('127.0.0.1', '192.0.2.3, 192.0.2.1'), 429)
  now += 60_000
  assert.equal(await call('192.0.2.1'), 401)
  await other.close()
})
