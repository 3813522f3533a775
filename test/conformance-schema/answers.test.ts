import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type LiveApi, liveApi } from '../../src/api/testing.ts'
import { deployed } from '../../src/services/testing.ts'
import { until } from '../../src/services/testing-receiver.ts'
import { withNodes } from '../../src/services/testing-test-runs.ts'
import { Conformance } from './conformance.ts'

/** Of these at least one must have been looked at. */
const EXPECTED = [
  'account',
  'account-delinquency',
  'app',
  'app-feature',
  'app-setup',
  'app-transfer',
  'buildpack-installation',
  'app-webhook',
  'build',
  'config-vars',
  'domain',
  'dyno',
  'dyno-size',
  'formation',
  'log-drain',
  'log-session',
  'oauth-authorization',
  'pipeline',
  'pipeline-coupling',
  'pipeline-promotion',
  'pipeline-promotion-target',
  'region',
  'release',
  'review-app',
  'review-app-config',
  'slug',
  'source',
  'stack',
  'test-case',
  'test-node',
  'test-run',
]

const REVIEW_APP = '/apps/shop-feature-x/review-app'
const ID = '01234567-89ab-cdef-0123-456789abcdef'
const RELEASE = {
  addon_plan_names: [],
  artifacts: [],
  app: { name: 'shop', id: ID },
  created_at: '2026-01-01T00:00:00Z',
  description: 'Deploy',
  id: ID,
  updated_at: '2026-01-01T00:00:00.000Z',
  oci_image: null,
  slug: null,
  status: 'succeeded',
  user: { id: ID, email: 'a@example.test' },
  version: 3,
  current: true,
  output_stream_url: null,
  eligible_for_rollback: true,
}

/** An app with some of everything, made through the API as far as the API makes it; every answer is checked. */
async function populated(t: TestContext, conformance: Conformance): Promise<LiveApi> {
  const api = await liveApi(t)
  const make = async (method: string, path: string, body?: unknown) => {
    const answer = await api.call(method, path, body)
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`)
    conformance.check(method, path.replace('/shop', '/{app}'), answer.body)
    return answer.body
  }
  await make('POST', '/apps', { name: 'shop' })
  const app = await api.services.apps.find('shop')
  await make('PATCH', '/apps/shop/config-vars', { COLOUR: 'green' })
  await deployed(api, app, 'a')
  await deployed(api, app, 'b')
  const [, , slug] = await make('GET', '/apps/shop/releases')
  await make('POST', '/apps/shop/releases', { slug: slug.slug.id, description: 'Once more' })
  await make('POST', '/apps/shop/releases', { release: slug.id })
  await make('PATCH', '/apps/shop/formation', { updates: [{ type: 'web', quantity: 2 }] })
  await make('PATCH', '/apps/shop/features/preboot', { enabled: true })
  await make('PATCH', '/apps/shop', { maintenance: true })
  await make('POST', '/apps/shop/log-sessions', { lines: 10 })
  await make('POST', '/apps/shop/domains', { hostname: 'www.shop.example', sni_endpoint: null })
  const pipeline = await make('POST', '/pipelines', { name: 'line' })
  await make('POST', '/pipeline-couplings', { app: 'shop', pipeline: pipeline.id, stage: 'staging' })
  const late = await make('POST', '/apps', { name: 'late' })
  await make('POST', '/pipeline-couplings', { app: 'late', pipeline: pipeline.id, stage: 'production' })
  const promotion = await make('POST', '/pipeline-promotions', {
    pipeline: { id: pipeline.id },
    source: { app: { id: app.id } },
    targets: [{ app: { id: late.id } }],
  })
  for (const path of ['/pipeline-promotions/{}', '/pipeline-promotions/{}/promotion-targets'])
    conformance.check('GET', path, (await api.call('GET', path.replace('{}', promotion.id))).body)
  const tool = 'https://git.example/buildpack.git'
  await make('PUT', '/apps/shop/buildpack-installations', { updates: [{ buildpack: tool }] })
  await make('POST', '/oauth/authorizations', { description: 'For a script', scope: ['read'] })
  await api.services.users.add({ email: 'anna@example.test' })
  await make('POST', '/account/app-transfers', { app: 'shop', recipient: 'anna@example.test' })
  const hook = { include: ['api:release'], level: 'notify', url: 'https://hook.example/' }
  await make('POST', '/apps/shop/webhooks', hook)
  await make('POST', '/apps/shop/log-drains', { url: 'https://logs.example/' })
  await make('POST', '/filters/apps', { in: { id: [app.id] } })
  const { source_blob: source } = await make('POST', '/sources')
  const upload = await fetch(source.put_url, { method: 'PUT', body: 'c source' })
  assert.equal(upload.status, 200)
  const setup = await make('POST', '/app-setups', { source_blob: { url: source.get_url } })
  const begun = (await api.call('GET', `/app-setups/${setup.id}`)).body
  conformance.check('GET', '/app-setups/{}', begun)
  await make('POST', '/apps/shop/builds', { source_blob: { url: source.get_url, version: 'v3' } })
  const run = await tested(t, api, source.get_url, make)
  for (const path of ['/test-runs/{}', '/test-runs/{}/test-nodes', '/test-runs/{}/test-cases'])
    conformance.check('GET', path, (await api.call('GET', path.replace('{}', run))).body)
  await make('POST', '/pipelines/line/review-app-config', { repo: 'tasuki/line', base_name: 'shop' })
  const blob = { url: source.get_url, version: 'v3' }
  await make('POST', '/review-apps', { branch: 'feature-x', pipeline: 'line', source_blob: blob })
  await until('the review app has been made', async () => (await api.call('GET', REVIEW_APP)).status === 200)
  api.instances.push({
    id: 'web-1-abc',
    kind: 'formation',
    appId: app.id,
    type: 'web',
    name: 'web.1',
    release: 3,
    generation: 1,
    size: 'Eco',
    state: 'running',
    address: { host: '127.0.0.1', port: 20_000 },
    privateAddress: null,
    host: null,
    unreachable: false,
    pid: 1,
    startedAt: 1000,
    signalledAt: null,
    exit: null,
  })
  return api
}

/** The id of a test run with a case, of real processes; everything else is played as before. */
async function tested(
  t: TestContext,
  api: LiveApi,
  url: string,
  make: (method: string, path: string, body: unknown) => Promise<{ id: string }>,
): Promise<string> {
  const { list, remove } = api.deps.runtime
  const { builder, appJson } = api
  await withNodes(t, api, { scripts: { test: 'echo "ok 1 - works"' } })
  const commit = { commit_branch: 'main', commit_sha: 'abc', commit_message: 'm' }
  const run = await make('POST', '/test-runs', { ...commit, pipeline: 'line', source_blob_url: url })
  await until('the tests have succeeded', async () => {
    const { body } = await api.call('GET', `/test-runs/${run.id}`)
    return body.status === 'succeeded'
  })
  Object.assign(api.deps.runtime, { list, remove })
  Object.assign(api, { builder, appJson })
  return run.id
}

/** Routes of the document that have a GET, in our notation; those without parameters, and so lists, first. */
async function gets(api: LiveApi): Promise<string[]> {
  const { paths } = (await api.call('GET', '/schema')).body as { paths: Record<string, { get?: object }> }
  return Object.keys(paths)
    .filter((path) => paths[path]!.get)
    .map((path) => path.replace(/\{[^}]*\}/g, '{}'))
    .sort((a, b) => a.split('{').length - b.split('{').length || a.length - b.length)
}

/** Addresses of routes, by route; each list that was read adds that of its last. */
class Addresses {
  readonly #known = new Map([
    ['/apps/{}', '/apps/shop'],
    ['/apps/{}/review-app', REVIEW_APP],
    ['/users/{}', '/users/~'],
    ['/pipelines/{}/test-runs/{}', '/pipelines/line/test-runs/1'],
  ])

  /** Null while a parameter has not been met with. */
  of(route: string): string | null {
    const starts = [...this.#known].filter(([start]) => `${route}/`.startsWith(`${start}/`))
    const [start, value] = starts.sort(([a], [b]) => b.length - a.length)[0] ?? ['', '']
    const rest = route.slice(start.length)
    return rest.includes('{') ? null : value + rest
  }

  remember(route: string, address: string, last: Readonly<Record<string, unknown>>): void {
    const { id, slug } = last as { id?: string; slug?: { id: string } | null }
    const key = `${route}/{}`
    if (id !== undefined && !this.#known.has(key)) this.#known.set(key, `${address}/${id}`)
    if (slug) this.#known.set('/apps/{}/slugs/{}', `/apps/shop/slugs/${slug.id}`)
  }
}

test('every answer is as the published schema has it, wherever there is one', async (t) => {
  const conformance = new Conformance()
  const api = await populated(t, conformance)
  const addresses = new Addresses()
  let walked = 0
  for (const route of await gets(api)) {
    const address = conformance.answerOf('GET', route) === null ? null : addresses.of(route)
    if (address === null) continue
    const { status, body } = await api.call('GET', address)
    assert.ok(status < 300, `GET ${address}: ${status} ${JSON.stringify(body)}`)
    conformance.check('GET', route, body)
    walked += 1
    if (Array.isArray(body) && body.length > 0) addresses.remember(route, address, body.at(-1))
  }
  assert.deepEqual(conformance.problems, [])
  assert.deepEqual(conformance.outdated(), [])
  for (const one of EXPECTED) assert.ok(conformance.seen.has(one), `no ${one} was checked`)
  t.diagnostic(`${walked} GET routes; resources: ${[...conformance.seen].sort().join(', ')}`)
})

test('an answer that is not as published is found out', () => {
  const told = (change: object) => {
    const conformance = new Conformance()
    conformance.check('GET', '/apps/{app}/releases/{release}', { ...RELEASE, ...change })
    return conformance.problems.join()
  }
  assert.equal(told({}), '')
  assert.equal(told({ more: 'is fine' }), '')
  assert.match(told({ version: '3' }), /release\.version is "3", not integer/)
  assert.match(told({ status: 'running' }), /release\.status is "running", not =expired\|failed/)
  assert.match(told({ id: 'v3' }), /release\.id is "v3", not uuid/)
  assert.match(told({ user: null }), /release\.user is null/)
  assert.match(told({ user: { id: RELEASE.id } }), /release\.user\.email is missing/)
  assert.match(told({ created_at: 'today' }), /not time/)
  assert.match(told({ current: undefined }), /release\.current is undefined/)
  const { slug: _, ...without } = RELEASE
  const conformance = new Conformance()
  conformance.check('GET', '/apps/{app}/releases', [RELEASE, without])
  assert.deepEqual(conformance.problems, ['GET /apps/{app}/releases: release[].slug is missing'])
})
