import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { person, withToken } from './testing/people.ts'
import { liveApi } from './testing.ts'

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
/** As `heroku login -i` sends it. */
const LOGIN = { description: 'Heroku CLI login from here', expires_in: 2592000, scope: ['global'] }

test('an e-mail address and its password are exchanged for a token that a logout ends', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { now: () => now })
  const anna = await person(api, 'anna')
  const { status, body } = await api.call(
    'POST',
    '/oauth/authorizations',
    LOGIN,
    basic('Anna@Example.test', anna.password),
  )
  assert.deepEqual([status, body.user.email, body.scope], [201, anna.email, ['global']])
  const { token, expires_in } = body.access_token
  assert.match(token, /^tsk_[\w-]{43}$/)
  assert.equal(expires_in, 2592000)
  assert.equal((await api.call('GET', '/account', undefined, bearer(token))).body.email, anna.email)

  const left = await api.call('DELETE', '/oauth/sessions/~', undefined, bearer(token))
  assert.deepEqual([left.status, left.body.id], [200, body.id])
  assert.equal((await api.call('GET', '/account', undefined, bearer(token))).status, 401)

  const again = await api.call('POST', '/oauth/authorizations', LOGIN, basic(anna.email, anna.password))
  now += LOGIN.expires_in * 1000
  assert.equal(
    (await api.call('GET', '/account', undefined, bearer(again.body.access_token.token))).status,
    401,
  )
})

test('a wrong password, an unknown user and one without a password are answered alike', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const answers = [
    [anna.email, 'wrong password'],
    ['nobody@example.test', 'wrong password'],
    ['admin@example.test', ''],
    ['admin@example.test', 'wrong password'],
  ].map(([user, password]) => api.call('POST', '/oauth/authorizations', LOGIN, basic(user!, password!)))
  for (const { status, body } of await Promise.all(answers)) {
    assert.deepEqual([status, body.id], [401, 'unauthorized'])
    assert.match(body.message, /^The e-mail address or the password is wrong\./)
  }
})

test('a password lets in nowhere else', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  for (const [method, path] of [
    ['GET', '/account'],
    ['GET', '/oauth/authorizations'],
    ['POST', '/apps'],
  ] as const)
    assert.equal((await api.call(method, path, undefined, basic(anna.email, anna.password))).status, 401)
})

test('who guesses has to wait, also with the right password, and is told how long', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { now: () => now })
  const anna = await person(api, 'anna')
  const login = (password: string) =>
    api.call('POST', '/oauth/authorizations', LOGIN, basic(anna.email, password))
  for (let n = 0; n < 5; n++) assert.equal((await login(`wrong ${n}`)).status, 401)
  const early = await login(anna.password)
  assert.deepEqual([early.status, early.body.id, early.headers.get('retry-after')], [429, 'rate_limit', '1'])
  now += 1000
  assert.equal((await login(anna.password)).status, 201)
  assert.equal((await api.call('GET', '/account', undefined, bearer(anna.token))).status, 200)
})

test('a token is seen whole once; later only its beginning, by which clients know it', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const wish = { description: 'deploys', scope: ['read', 'write'], expires_in: '3600' }
  const { body: made } = await anna.call('POST', '/oauth/authorizations', wish)
  const { token } = made.access_token
  const { body: seen } = await anna.call('GET', `/oauth/authorizations/${made.id}`)
  assert.deepEqual(
    { ...seen, access_token: { ...seen.access_token, token: '', expires_in: 0 } },
    { ...made, access_token: { ...made.access_token, token: '', expires_in: 0 } },
  )
  assert.equal(seen.access_token.token, `${token.slice(0, 8)}**********`)
  assert.ok(seen.access_token.expires_in > 3500 && seen.access_token.expires_in <= 3600)
  assert.deepEqual([seen.description, seen.scope], ['deploys', ['read', 'write']])
  for (const path of ['/oauth/authorizations', `/oauth/authorizations/${made.id}`])
    assert.ok(!JSON.stringify((await anna.call('GET', path)).body).includes(token))
  for (const name of ['state.db', 'state.db-wal'])
    assert.ok(!readFileSync(join(api.store.dataDir, name)).includes(token.slice(8)), name)
})

test('authorizations are listed, described, renewed and revoked, each user only their own', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  const { body: made } = await anna.call('POST', '/oauth/authorizations', { description: 'x' })
  const path = `/oauth/authorizations/${made.id}`
  assert.equal((await anna.call('GET', '/oauth/authorizations')).body.length, 2)
  for (const method of ['GET', 'DELETE'])
    assert.equal((await bert.call(method, path)).body.resource, 'authorization')
  assert.equal((await bert.call('POST', `${path}/actions/regenerate-tokens`)).status, 404)
  assert.equal(
    (await anna.call('PATCH', path, { description: 'for the builds' })).body.description,
    'for the builds',
  )

  const old = made.access_token.token
  const { body: renewed } = await anna.call('POST', `${path}/actions/regenerate-tokens`)
  assert.equal(renewed.id, made.id)
  assert.notEqual(renewed.access_token.token, old)
  const statuses = async () => [
    (await api.call('GET', '/account', undefined, bearer(old))).status,
    (await api.call('GET', '/account', undefined, bearer(renewed.access_token.token))).status,
  ]
  assert.deepEqual(await statuses(), [401, 200])
  assert.equal((await anna.call('DELETE', path)).body.description, 'for the builds')
  assert.deepEqual(await statuses(), [401, 401])
  assert.equal((await anna.call('DELETE', path)).status, 404)
})

test('~ is the authorization of the token itself, which may give itself up', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const own = await anna.call('GET', '/oauth/authorizations/~')
  assert.equal(own.body.access_token.token, `${anna.token.slice(0, 8)}**********`)
  const session = await anna.call('DELETE', '/oauth/sessions/~')
  assert.deepEqual([session.status, session.body.id, session.body.resource], [404, 'not_found', 'session'])
  assert.equal((await anna.call('DELETE', '/oauth/authorizations/~')).status, 200)
  assert.equal((await anna.call('GET', '/account')).status, 401)
})

test('the token of the data directory is seen, but revoked on the machine only', async (t) => {
  const api = await liveApi(t)
  const [own] = (await api.call('GET', '/oauth/authorizations')).body
  assert.equal(own.description, 'Admin token of DATA/token')
  assert.equal((await api.call('DELETE', `/oauth/authorizations/${own.id}`)).status, 403)
  assert.equal((await api.call('POST', '/oauth/authorizations/~/actions/regenerate-tokens')).status, 403)
  assert.equal((await api.call('GET', '/account')).status, 200)
})

test('what makes no sense makes no token', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  for (const wish of [
    { scope: ['everything'] },
    { scope: 'global' },
    { expires_in: 0 },
    { expires_in: -1 },
    { expires_in: 10 ** 12 },
    { expires_in: 'soon' },
    { description: 'x'.repeat(201) },
    { client: 'a-client' },
  ])
    assert.equal((await anna.call('POST', '/oauth/authorizations', wish)).status, 422, JSON.stringify(wish))
  assert.equal((await anna.call('GET', '/oauth/authorizations')).body.length, 1)
})

test('what has expired is forgotten', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { now: () => now })
  const anna = await person(api, 'anna')
  await withToken(api, anna.email, { expiresInSeconds: 10 })
  now += 11_000
  assert.equal((await anna.call('GET', '/oauth/authorizations')).body.length, 1)
  await api.services.authorizations.collect()
  assert.equal((await api.store.tables.tokens.ofUser(anna.email)).length, 1)
})
