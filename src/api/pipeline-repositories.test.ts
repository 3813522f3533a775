import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { delivered, json, pushOf, sha, standing } from '../forge/testing.ts'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

const REPO = 'Codertocat/Hello-World'

/** A pipeline that is connected, and how GitHub tells it something. */
async function connected(t: TestContext) {
  const api = await liveApi(t)
  const { body: pipeline } = await api.call('POST', '/pipelines', { name: 'line' })
  const { status, body, headers } = await api.call('POST', '/pipelines/line/repo', { repo: REPO })
  assert.equal(status, 201)
  assert.equal(headers.get('cache-control'), 'no-store')
  const tell = (sent: { headers: Record<string, string>; body: Buffer | string }, to = pipeline.id) =>
    fetch(`${api.url}/tasuki/pipelines/${to}/github`, {
      method: 'POST',
      headers: sent.headers,
      body: typeof sent.body === 'string' ? sent.body : new Uint8Array(sent.body),
    })
  return Object.assign(api, { pipeline, made: body, tell, secret: body.webhook.secret as string })
}

test('a pipeline has its own Git until it is connected, and again when it is disconnected', async (t) => {
  const { call, pipeline, made, url } = await connected(t)
  assert.equal(made.full_name, REPO)
  assert.equal(made.webhook.url, `${url}/tasuki/pipelines/${pipeline.id}/github`)
  assert.match(made.webhook.secret, /^[0-9a-f]{64}$/)
  const shown = (await call('GET', '/pipelines/line/repo')).body
  assert.deepEqual([shown.type, shown.full_name, shown.tasuki.token], ['github', REPO, false])
  assert.equal(shown.webhook, undefined)
  assert.equal((await call('POST', '/pipelines/line/repo', { repo: 'a/b' })).status, 409)
  assert.equal((await call('DELETE', '/pipelines/line/repo')).status, 200)
  const own = (await call('GET', '/pipelines/line/repo')).body
  assert.deepEqual([own.type, own.full_name, own.tasuki.webhook_url], ['git', 'tasuki/line', null])
  assert.equal((await call('DELETE', '/pipelines/line/repo')).status, 404)
  const { body: audit } = await call('GET', '/tasuki/pipelines/line/audit')
  const actions = audit.map(({ action }: { action: string }) => action)
  assert.deepEqual(actions.slice(0, 2), ['repository.disconnected', 'repository.connected'])
})

test('a token is tried before it is taken, and never shown', async (t) => {
  const server = await standing(t)
  const api = await liveApi(t, { settings: { githubApi: server.url } })
  await api.call('POST', '/pipelines', { name: 'line' })
  server.answer = (_, response) => json(response, 401, { message: 'Bad credentials' })
  const wish = { repo: 'https://github.com/acme/shop.git', token: 'ghp_secret' }
  const refused = await api.call('POST', '/pipelines/line/repo', wish)
  assert.equal(refused.status, 422)
  assert.match(refused.body.message, /acme\/shop can not be reached: GitHub answered 401/)
  assert.ok(!JSON.stringify(refused.body).includes('ghp_secret'))
  const about = { id: 7, full_name: 'Acme/Shop', default_branch: 'main', html_url: 'https://x' }
  server.answer = (_, response) => json(response, 200, about)
  const made = await api.call('POST', '/pipelines/line/repo', wish)
  assert.deepEqual([made.status, made.body.full_name, made.body.tasuki.token], [201, 'Acme/Shop', true])
  assert.ok(!JSON.stringify(made.body).includes('ghp_secret'))
  const without = await api.call('PATCH', '/pipelines/line/repo', { token: null })
  assert.deepEqual([without.status, without.body.tasuki.token, without.body.webhook], [200, false, undefined])
  const renewed = await api.call('PATCH', '/pipelines/line/repo', { secret: null })
  assert.notEqual(renewed.body.webhook.secret, made.body.webhook.secret)
})

test('names that are none, and secrets that are too short, are refused', async (t) => {
  const { call } = await liveApi(t)
  await call('POST', '/pipelines', { name: 'line' })
  for (const body of [
    { repo: 'shop' },
    { repo: 'a/b/c' },
    { repo: '../x?y/z' },
    { repo: 'a/b', secret: 'short' },
    { repo: 7 },
    {},
  ]) {
    const { status } = await call('POST', '/pipelines/line/repo', body)
    assert.ok(status === 422 || status === 400, JSON.stringify(body))
  }
  assert.equal((await call('GET', '/pipelines/line/repo')).body.type, 'git')
})

test('what somebody else owns is neither shown nor changed', async (t) => {
  const api = await connected(t)
  const bob = await person(api, 'bob')
  for (const [method, path] of [
    ['GET', '/pipelines/line/repo'],
    ['POST', '/pipelines/line/repo'],
    ['GET', '/pipelines/line/repo/branches'],
    ['GET', '/tasuki/pipelines/line/events'],
  ] as const)
    assert.equal((await bob.call(method, path, method === 'POST' ? { repo: 'a/b' } : undefined)).status, 404)
})

test('a push that GitHub tells is taken at once, told again it is nothing new', async (t) => {
  const { call, tell, secret } = await connected(t)
  const push = delivered('push', pushOf({ branch: 'feature/ü "1"', after: sha('a') }), secret)
  const first = await tell(push)
  assert.equal(first.status, 202)
  const { outcome, event } = (await first.json()) as { outcome: string; event: string }
  assert.equal(outcome, 'received')
  const again = await tell(push)
  assert.deepEqual([again.status, await again.json()], [200, { outcome: 'repeated', event, why: null }])
  const ping = await tell(delivered('ping', { zen: 'Keep it logically awesome.' }, secret))
  assert.deepEqual(await ping.json(), { outcome: 'ignored', event: null, why: 'ping' })
  const { body } = await call('GET', '/tasuki/pipelines/line/events')
  assert.equal(body.length, 1)
  assert.deepEqual(
    [body[0].id, body[0].branch, body[0].commit, body[0].user],
    [event, 'feature/ü "1"', sha('a'), 'Codertocat'],
  )
})

test('a delivery without the right signature learns nothing, not even whether there is such a pipeline', async (t) => {
  const { call, tell, secret, pipeline } = await connected(t)
  const { headers, body } = delivered('push', pushOf({}), secret)
  const { 'x-hub-signature-256': _, ...unsigned } = headers
  const answers = await Promise.all([
    tell(delivered('push', pushOf({}), 'not the secret of this one')),
    tell({ headers: unsigned, body }),
    tell({ headers, body: `${body} ` }),
    tell({ headers, body: '' }),
    tell({ headers, body }, 'nothing'),
    tell({ headers, body }, `${pipeline.id}x`),
    tell({ headers: { ...headers, 'content-type': 'text/plain' }, body: 'x' }),
  ])
  const told = await Promise.all(answers.map(async (one) => `${one.status} ${await one.text()}`))
  assert.equal(new Set(told).size, 1)
  assert.match(told[0]!, /^401 .*"The signature is not valid\. /)
  assert.deepEqual((await call('GET', '/tasuki/pipelines/line/events')).body, [])
})

test('a payload of ten megabytes is taken, a larger one refused, and others are served meanwhile', async (t) => {
  const { call, tell, secret } = await connected(t)
  const large = pushOf({ branch: 'large', after: sha('b'), message: 'x'.repeat(10_000_000) })
  const [answer, { status }] = await Promise.all([
    tell(delivered('push', large, secret)),
    call('GET', '/pipelines/line/repo'),
  ])
  assert.deepEqual([answer.status, status], [202, 200])
  const [event] = (await call('GET', '/tasuki/pipelines/line/events')).body
  assert.equal(event.branch, 'large')
  const larger = delivered('push', 'x'.repeat(13_000_000), secret)
  const refused = await tell(larger).then(
    (one) => one.status,
    () => 413,
  )
  assert.equal(refused, 413)
})

test('branches are shown by name, also by odd ones, and a missing one is not found', async (t) => {
  const server = await standing(t)
  const api = await liveApi(t, { settings: { githubApi: server.url } })
  await api.call('POST', '/pipelines', { name: 'line' })
  await api.call('POST', '/pipelines/line/repo', { repo: 'acme/shop' })
  const commit = { sha: sha('a'), commit: { message: 'Yes', committer: { date: '2026-01-01T00:00:00Z' } } }
  server.answer = ({ path }, response) => {
    if (path.endsWith('/branches/a%2Fb%20%23c')) json(response, 200, { name: 'a/b #c', commit })
    else if (path.includes('/branches?')) json(response, 200, [{ name: 'a/b #c', commit }])
    else json(response, 404, { message: 'Branch not found' })
  }
  const { body } = await api.call('GET', `/pipelines/line/repo/branches/${encodeURIComponent('a/b #c')}`)
  const shown = { sha: sha('a'), message: 'Yes', author: null, created_at: '2026-01-01T00:00:00.000Z' }
  assert.deepEqual(body, { name: 'a/b #c', commit: shown })
  const list = await api.call('GET', '/pipelines/line/repo/branches')
  assert.deepEqual(list.body, [{ name: 'a/b #c', commit: { sha: sha('a') } }])
  const missing = await api.call('GET', '/pipelines/line/repo/branches/none')
  assert.deepEqual([missing.status, missing.body.resource], [404, 'branch'])
})

test('the heroku command line finds out what a pipeline is connected to', async (t) => {
  const { call, pipeline } = await connected(t)
  const feature = await call('GET', '/account/features/dashboard-repositories-api')
  assert.equal(feature.body.enabled, true)
  const link = (await call('GET', `/pipelines/${pipeline.id}/repository`)).body
  assert.deepEqual([link.repository.name, link.organization], [REPO, null])
  await call('POST', '/apps', { name: 'shop' })
  assert.equal((await call('GET', '/apps/shop/github')).status, 404)
  await call('POST', '/pipeline-couplings', { app: 'shop', pipeline: 'line', stage: 'staging' })
  assert.equal((await call('GET', '/apps/shop/github')).body.repo, REPO)
})
