import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { liveApi } from './testing.ts'

const OPEN = new Set(['get /health'])

/** Every route that the API describes, with something in the place of each parameter. */
async function routes(call: Awaited<ReturnType<typeof liveApi>>['call']): Promise<[string, string][]> {
  const { paths } = (await call('GET', '/schema')).body as { paths: Record<string, object> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [method, path]),
  )
}

test('every route without a token, or with a wrong one, is 401 and does nothing', async (t) => {
  const { call, url, store, downs } = await liveApi(t)
  const all = (await routes(call)).filter(([method, path]) => !OPEN.has(`${method} ${path}`))
  const guarded = all.filter(([, path]) => !path.includes('{secret}'))
  assert.ok(guarded.length >= 30, `only ${guarded.length} routes`)
  for (const [method, path] of [...guarded, ['get', '/schema'], ['get', '/nothing']] as const) {
    const where = new URL(path.replaceAll(/\{\w+\}/g, 'x'), url)
    for (const authorization of ['', 'Bearer wrong', 'Bearer', 'Basic eDp5', 'Digest x']) {
      const headers = authorization === '' ? {} : { authorization }
      const response = await fetch(where, { method: method.toUpperCase(), headers })
      assert.equal(response.status, 401, `${method} ${path} with "${authorization}"`)
      assert.equal(((await response.json()) as { id: string }).id, 'unauthorized')
    }
  }
  assert.deepEqual([await store.tables.apps.all(), downs], [[], 0])
})

test('addresses with a secret are nothing to who has another secret', async (t) => {
  const { call, url } = await liveApi(t)
  const secret = 'x'.repeat(43)
  const all = (await routes(call)).filter(([, path]) => path.includes('{secret}'))
  assert.ok(all.length >= 5)
  for (const [method, path] of all) {
    const where = new URL(path.replace('{secret}', secret).replaceAll(/\{\w+\}/g, 'x'), url)
    const response = await fetch(where, { method: method.toUpperCase() })
    assert.equal(response.status, 404, `${method} ${path}`)
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

test('who calls too often is told to wait', async (t) => {
  const { call } = await liveApi(t, { rateLimit: 5 })
  const statuses: number[] = []
  for (let n = 0; n < 7; n++) statuses.push((await call('GET', '/account')).status)
  assert.deepEqual(statuses, [200, 200, 200, 200, 200, 429, 429])
  const { body } = await call('GET', '/account')
  assert.equal(body.id, 'rate_limit')
})

test('the document of the API says what each call takes', async (t) => {
  const { call, store } = await liveApi(t)
  const { body } = await call('GET', '/schema')
  assert.match(body.openapi, /^3\./)
  assert.ok(body.paths['/apps/{app}/releases'].post.requestBody)
  assert.ok(!JSON.stringify(body).includes(readFileSync(join(store.dataDir, 'token'), 'utf8').trim()))
})
