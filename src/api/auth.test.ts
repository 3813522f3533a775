import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { person, withToken } from './testing/people.ts'
import { type Walked, walk } from './testing/routes.ts'
import { type LiveApi, liveApi } from './testing.ts'

/** Who has no token may call these, and no others: they tell nothing, or their address holds a secret. */
const OPEN = new Set([
  'GET /health',
  'GET /buildpacks/:name',
  'POST /auth',
  'GET /auth/cli/:login',
  'GET /auth/browser/:secret',
  'POST /auth/browser/:secret',
  'GET /sources/:id/:secret',
  'PUT /sources/:id/:secret',
  'GET /streams/builds/:id/:secret',
  'GET /streams/logs/:id/:secret',
  'GET /streams/releases/:id/:secret',
  'GET /streams/test-setups/:id/:secret',
  'GET /streams/tests/:id/:secret',
  // Its signature stands for a token.
  'POST /tasuki/pipelines/:pipeline/github',
])

/** What is the server's own, and so its admin's. */
const OF_THE_SERVER =
  / \/tasuki\/(server|users|hosts|host-key|health\/hosts|registry|base-image|doctor)(\/|$)/

function isOpen({ pattern }: Walked): boolean {
  return OPEN.has(pattern.replace(/^HEAD/, 'GET'))
}

async function send(api: LiveApi, route: Walked, path: string, authorization: string) {
  const response = await fetch(new URL(path, api.url), {
    method: route.method,
    headers: {
      ...(authorization === '' ? {} : { authorization }),
      ...(route.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: route.body === undefined ? null : JSON.stringify(route.body),
  })
  return { status: response.status, text: await response.text() }
}

test('every route without a token, or with a wrong one, is 401 and does nothing', async (t) => {
  const api = await liveApi(t)
  const routes = walk(api)
  const guarded = routes.filter((route) => !isOpen(route))
  assert.ok(guarded.length >= 100, `only ${guarded.length} routes`)
  assert.deepEqual(
    routes.filter((route) => route.config.open && !isOpen(route)).map(({ pattern }) => pattern),
    [],
    'open without being known here',
  )
  const nowhere = { ...guarded[0]!, method: 'GET', pattern: 'GET /nothing', path: () => '/nothing' }
  const wrong = [
    'Bearer',
    'Bearer undefined',
    'Basic eDp5',
    'Digest x',
    'Basic',
    `Bearer tsk_${'x'.repeat(43)}`,
  ]
  for (const route of [...guarded, nowhere])
    for (const authorization of route === nowhere ? wrong : ['', 'Bearer wrong']) {
      const { status, text } = await send(api, route, route.path(), authorization)
      assert.equal(status, 401, `${route.pattern} with "${authorization}"`)
      if (route.method !== 'HEAD')
        assert.match(text, /"id":"unauthorized"|Authentication|token/i, route.pattern)
    }
  assert.deepEqual([await api.store.tables.apps.all(), api.downs], [[], 0])
})

test('every route with a token that has expired, or whose user is gone, is 401', async (t) => {
  let now = Date.now()
  const api = await liveApi(t, { now: () => now })
  const anna = await person(api, 'anna')
  const brief = await withToken(api, anna.email, { expiresInSeconds: 60 })
  const gone = await person(api, 'gone')
  assert.equal((await brief.call('GET', '/account')).status, 200)
  assert.equal((await gone.call('GET', '/account')).status, 200)
  now += 60_000
  await api.services.users.remove(await api.services.users.find(gone.email), null)
  for (const route of walk(api).filter((one) => !isOpen(one)))
    for (const { token } of [brief, gone]) {
      const { status } = await send(api, route, route.path(), `Bearer ${token}`)
      assert.equal(status, 401, route.pattern)
    }
  assert.equal((await anna.call('GET', '/account')).status, 200)
})

test('a token that only reads changes nothing anywhere, and reads no config', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  await anna.call('POST', '/apps', { name: 'shop' })
  await anna.call('PATCH', '/apps/shop/config-vars', { A: 'precious' })
  const reader = await withToken(api, anna.email, { scopes: ['read'] })
  const before = await anna.call('GET', '/apps/shop')
  let refused = 0
  for (const route of walk(api).filter((one) => !isOpen(one))) {
    const { status, text } = await send(
      api,
      route,
      route.path({ app: 'shop', release: '2' }),
      `Bearer ${reader.token}`,
    )
    assert.ok(!text.includes('precious'), route.pattern)
    const reads =
      ['GET', 'HEAD'].includes(route.method) || ['read', null].includes(route.config.scope as never)
    if (reads) continue
    assert.equal(status, 403, `${route.pattern}: ${text}`)
    refused += 1
  }
  assert.ok(refused >= 40, `only ${refused}`)
  assert.deepEqual((await anna.call('GET', '/apps/shop')).body, before.body)
  assert.equal((await reader.call('GET', '/apps/shop')).status, 200)
  assert.equal((await reader.call('GET', '/apps/shop/config-vars')).status, 403)
  assert.equal((await reader.call('POST', '/apps/shop/log-sessions', {})).status, 201)
})

test('each scope opens what it is for', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  await anna.call('POST', '/apps', { name: 'shop' })
  const statuses = async (...scopes: string[]) => {
    const { call } = await withToken(api, anna.email, { scopes })
    return [
      (await call('GET', '/account')).status,
      (await call('GET', '/apps/shop')).status,
      (await call('GET', '/apps/shop/config-vars')).status,
      (await call('PATCH', '/apps/shop', { maintenance: false })).status,
      (await call('PATCH', '/apps/shop/config-vars', {})).status,
      (await call('GET', '/oauth/authorizations')).status,
    ]
  }
  assert.deepEqual(await statuses('identity'), [200, 403, 403, 403, 403, 403])
  assert.deepEqual(await statuses('read', 'identity'), [200, 200, 403, 403, 403, 403])
  assert.deepEqual(await statuses('write'), [403, 200, 403, 200, 403, 403])
  assert.deepEqual(await statuses('read-protected'), [403, 200, 200, 403, 403, 403])
  assert.deepEqual(await statuses('write-protected'), [403, 200, 200, 200, 200, 403])
  assert.deepEqual(await statuses('global'), [200, 200, 200, 200, 200, 200])
})

test("somebody else's app is to every route what one that does not exist is", async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  const { id } = (await anna.call('POST', '/apps', { name: 'annas-shop' })).body
  await anna.call('PATCH', '/apps/annas-shop/config-vars', { A: 'precious' })
  const before = await api.store.tables.apps.byId(id)
  const routes = walk(api).filter((route) => route.path({ app: 'annas-shop' }).includes('annas-shop'))
  assert.ok(routes.length >= 50, `only ${routes.length} routes`)
  for (const route of routes)
    for (const [theirs, nobodys] of [
      ['annas-shop', 'nobodys-ap'],
      [id, id.replace(/^.{8}/, '00000000')],
    ]) {
      const seen = await send(api, route, route.path({ app: theirs! }), `Bearer ${bert.token}`)
      const none = await send(api, route, route.path({ app: nobodys! }), `Bearer ${bert.token}`)
      assert.ok([404, 422].includes(seen.status), `${route.pattern}: ${seen.status} ${seen.text}`)
      assert.deepEqual(seen, { ...none, text: none.text.replaceAll(nobodys!, theirs!) }, route.pattern)
    }
  assert.deepEqual(await api.store.tables.apps.byId(id), before)
  const { status, body } = await bert.call('GET', '/apps/annas-shop')
  assert.deepEqual([status, body.id, body.resource], [404, 'not_found', 'app'])
})

test("no route without an app in its path tells anything of somebody else's app", async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  const app = (await anna.call('POST', '/apps', { name: 'annas-shop' })).body
  await anna.call('PATCH', '/apps/annas-shop/config-vars', { A: 'precious' })
  await deployed(api, await api.services.apps.find('annas-shop'), 'a')
  const [rollout] = (await anna.call('GET', '/tasuki/apps/annas-shop/rollouts')).body
  const pipeline = (await anna.call('POST', '/pipelines', { name: 'annas-line' })).body
  const wish = { app: app.id, pipeline: pipeline.id, stage: 'staging' }
  const coupling = (await anna.call('POST', '/pipeline-couplings', wish)).body
  const [authorization] = (await anna.call('GET', '/oauth/authorizations')).body
  const ids = {
    rollout: rollout.id,
    pipeline: pipeline.id,
    coupling: coupling.id,
    authorization: authorization.id,
    user: anna.email,
    which: app.id,
  }
  const secrets = [
    'annas-shop',
    'annas-line',
    'precious',
    app.id,
    pipeline.id,
    authorization.access_token.token,
  ]
  const routes = walk(api).filter((route) => !isOpen(route) && !route.pattern.includes(':app'))
  assert.ok(routes.length >= 50, `only ${routes.length} routes`)
  for (const route of routes) {
    if (route.pattern === 'DELETE /oauth/sessions/~' || route.pattern.startsWith('PATCH /account')) continue
    const path = route.path(ids)
    const { status, text } = await send(api, route, path, `Bearer ${bert.token}`)
    for (const secret of secrets.filter((one) => !path.includes(one)))
      assert.ok(!text.includes(secret), `${route.pattern} tells ${secret}: ${text}`)
    if (route.config.appOf) assert.equal(status, 404, route.pattern)
    if (!route.config.access && !route.config.appOf) assert.equal(status, 403, route.pattern)
  }
  assert.equal(api.downs, 0)
  assert.equal((await anna.call('GET', `/pipelines/${pipeline.id}`)).status, 200)
  assert.equal((await anna.call('GET', `/pipeline-couplings/${coupling.id}`)).status, 200)
})

test('only the server, its users, hosts and registry are for the admin alone; every other route says who may call it', async (t) => {
  const api = await liveApi(t)
  const unsaid = walk(api).filter(
    ({ pattern, config }) => !config.open && !config.access && !config.appOf && !pattern.includes('/:app'),
  )
  const others = unsaid.filter(({ pattern }) => !OF_THE_SERVER.test(pattern))
  assert.deepEqual(
    others.map(({ pattern }) => pattern),
    [],
    "say config.access: 'users', or appOf; see docs/accounts.md",
  )
  assert.ok(unsaid.length >= 8)
})

test('addresses with a secret are nothing to who has another secret', async (t) => {
  const api = await liveApi(t)
  const all = walk(api).filter(({ pattern }) => pattern.endsWith('/:secret'))
  assert.ok(all.length >= 7)
  for (const route of all) {
    const { status } = await send(api, route, route.path({ secret: 'x'.repeat(43) }), '')
    assert.equal(status, 404, route.pattern)
  }
})

test('the token counts as Bearer, and as password with any user name', async (t) => {
  const { call, token } = await liveApi(t)
  for (const user of ['', 'me', 'me@example.test']) {
    const authorization = `Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`
    const answer = await call('GET', '/account', undefined, { authorization })
    assert.deepEqual([answer.status, answer.body.email], [200, 'admin@example.test'])
  }
  assert.equal((await call('GET', '/account', undefined, { authorization: `bearer ${token}` })).status, 200)
})

test('health needs no token and tells nothing but the version', async (t) => {
  const { url } = await liveApi(t)
  const response = await fetch(new URL('/health', url))
  assert.deepEqual(await response.json(), { status: 'ok', version: '0.1.0' })
})

test('the document of the API says what each call takes', async (t) => {
  const { call, store } = await liveApi(t)
  const { body } = await call('GET', '/schema')
  assert.match(body.openapi, /^3\./)
  assert.ok(body.paths['/apps/{app}/releases'].post.requestBody)
  assert.ok(!JSON.stringify(body).includes(readFileSync(join(store.dataDir, 'token'), 'utf8').trim()))
})
