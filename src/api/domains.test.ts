import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from './testing.ts'

test('domains are added, listed in pages, found by id and hostname, and removed', async (t) => {
  const { call, told } = await liveApi(t)
  const { body: app } = await call('POST', '/apps', { name: 'shop' })
  const added = await call('POST', '/apps/shop/domains', { hostname: 'www.example.org', sni_endpoint: null })
  assert.equal(added.status, 201)
  const { id, created_at, updated_at, ...rest } = added.body
  assert.deepEqual(rest, {
    app: { id: app.id, name: 'shop' },
    hostname: 'www.example.org',
    kind: 'custom',
    cname: 'shop.example.test',
    status: 'succeeded',
    sni_endpoint: null,
    acm_status: null,
    acm_status_reason: null,
  })
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test', 'www.example.org'])
  for (const which of [id, 'www.example.org', 'WWW.EXAMPLE.ORG'])
    assert.deepEqual((await call('GET', `/apps/shop/domains/${which}`)).body, added.body)

  const all = await call('GET', '/apps/shop/domains', undefined, { range: 'id ..; max=1000;' })
  assert.deepEqual(all.body.map(({ kind }: { kind: string }) => kind).sort(), ['custom', 'heroku'])
  assert.equal(all.headers.get('next-range'), null)
  const first = await call('GET', '/apps/shop/domains', undefined, { range: 'hostname ..; max=1' })
  assert.equal(first.status, 206)
  const range = first.headers.get('next-range')!
  const second = await call('GET', '/apps/shop/domains', undefined, { range })
  assert.deepEqual(
    [first.body[0].hostname, second.body[0].hostname],
    ['shop.example.test', 'www.example.org'],
  )

  assert.equal((await call('DELETE', '/apps/shop/domains/www.example.org')).status, 200)
  assert.equal((await call('GET', `/apps/shop/domains/${id}`)).status, 404)
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test'])
})

test('bad domains are refused with the reason, and nothing changes', async (t) => {
  const { call, told } = await liveApi(t)
  const { body: app } = await call('POST', '/apps', { name: 'shop' })
  await call('POST', '/apps', { name: 'other' })
  await call('POST', '/apps/other/domains', { hostname: 'taken.test' })
  for (const [hostname, id] of [
    ['taken.test', 'name_taken'],
    ['other.example.test', 'invalid_params'],
    ['127.0.0.1', 'invalid_params'],
    ['', 'invalid_params'],
    [5, 'invalid_params'],
  ] as const) {
    const { status, body } = await call('POST', '/apps/shop/domains', { hostname })
    assert.deepEqual([status, body.id], [422, id], String(hostname))
  }
  assert.equal((await call('DELETE', '/apps/shop/domains/taken.test')).status, 404)
  assert.equal((await call('DELETE', '/apps/shop/domains/shop.example.test')).status, 422)
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test'])
})

test('certificates are none of the server’s business, and it says so', async (t) => {
  const { call } = await liveApi(t)
  await call('POST', '/apps', { name: 'shop' })
  assert.deepEqual((await call('GET', '/apps/shop/sni-endpoints')).body, [])
  assert.equal((await call('GET', '/apps/shop/sni-endpoints/x')).status, 404)
  const pair = { certificate_chain: 'x', private_key: 'y' }
  for (const answer of [
    await call('POST', '/apps/shop/sni-endpoints', pair),
    await call('POST', '/apps/shop/acm'),
    await call('POST', '/apps/shop/domains', { hostname: 'a.test', sni_endpoint: 'x' }),
    await call('PATCH', '/apps/shop/domains/shop.example.test', { sni_endpoint: 'x' }),
  ]) {
    assert.equal(answer.status, 422)
    assert.match(answer.body.message, /holds no certificates.*TLS terminator/)
  }
  assert.equal((await call('GET', '/apps/nobody/sni-endpoints')).status, 404)
  assert.equal((await call('GET', '/apps/shop/domains')).body.length, 1)
})
