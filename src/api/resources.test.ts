import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slugIdOf } from '../domain/slug-id.ts'
import { deployed } from '../services/testing.ts'
import { artifactNamed } from '../store/testing.ts'
import { liveApi } from './testing.ts'

const names = (list: { name: string }[]) => list.map((one) => one.name)

test('there is one region and one stack, found by id and by name', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  for (const [path, name] of [
    ['/regions', 'us'],
    ['/stacks', 'tasuki-1'],
    ['/apps/shop/available-stacks', 'tasuki-1'],
  ] as const)
    assert.deepEqual(names((await call('GET', path)).body), [name])
  const [region] = (await call('GET', '/regions')).body
  assert.deepEqual((await call('GET', `/regions/${region.id}`)).body, region)
  assert.equal((await call('GET', '/regions/US')).body.id, region.id)
  assert.ok(names((await call('GET', '/dyno-sizes')).body).includes('Standard-2X'))
  assert.equal((await call('GET', '/dyno-sizes/standard-2x')).body.memory, 1)
  const missing = await call('GET', '/stacks/heroku-24')
  assert.deepEqual([missing.status, missing.body.resource], [404, 'stack'])
})

test('an app is made where it can be, and refused elsewhere', async (t) => {
  const { call, services } = await liveApi(t)
  assert.equal((await call('POST', '/apps', { name: 'shop', region: 'us', stack: 'tasuki-1' })).status, 201)
  for (const wish of [{ region: 'eu' }, { stack: 'container' }]) {
    const { status, body } = await call('POST', '/apps', { name: 'other', ...wish })
    assert.deepEqual([status, body.id], [422, 'invalid_params'])
  }
  assert.deepEqual(names(await services.apps.list()), ['shop'])
  assert.equal((await call('PATCH', '/apps/shop', { name: 'store', build_stack: 'container' })).status, 422)
  assert.equal((await call('PATCH', '/apps/shop', { build_stack: 'tasuki-1' })).body.name, 'shop')
})

test('apps are found by a list of ids', async (t) => {
  const { call, services } = await liveApi(t)
  const [one, , three] = await Promise.all(
    ['one', 'two', 'three'].map((name) => services.apps.create(name, 'me')),
  )
  const ids = [one!.id, three!.id, '01234567-89ab-cdef-0123-456789abcdef']
  const range = { range: 'id ..; max=1000;' }
  const { body } = await call('POST', '/filters/apps', { in: { id: ids } }, range)
  assert.deepEqual(names(body).sort(), ['one', 'three'])
  assert.deepEqual((await call('POST', '/filters/apps', { in: { id: [] } })).body, [])
  assert.equal((await call('POST', '/filters/apps', { in: { id: 'all' } })).status, 422)
})

test('what there is not is an empty list, and making one is refused with the reason', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  for (const path of [
    '/addons',
    '/addon-attachments',
    '/apps/shop/addons',
    '/teams',
    '/spaces',
    '/account/keys',
  ])
    assert.deepEqual((await call('GET', path)).body, [], path)
  const made = await call('POST', '/apps/shop/addons', { plan: { name: 'heroku-postgresql:essential-0' } })
  assert.deepEqual([made.status, made.body.id], [422, 'not_offered'])
  assert.match(made.body.message, /not offered.*config:set/)
  const resolved = await call('POST', '/actions/addons/resolve', { addon: 'redis-curvy-1', app: 'shop' })
  assert.deepEqual([resolved.status, resolved.body.resource], [404, 'add_on'])
  const feature = await call('GET', '/account/features/preboot')
  assert.deepEqual([feature.status, feature.body.resource], [404, 'feature'])
  assert.equal((await call('GET', '/apps/nobody/addons')).status, 404)
})

test('one process type is shown and scaled by itself', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const web = (await api.call('GET', '/apps/shop/formation/web')).body
  assert.deepEqual([web.type, web.quantity, web.dyno_size.name], ['web', 1, 'Standard-1X'])
  assert.deepEqual((await api.call('GET', `/apps/shop/formation/${web.id}`)).body, web)
  const scaled = await api.call('PATCH', '/apps/shop/formation/web', { quantity: '+2', dyno_size: 'eco' })
  assert.deepEqual([scaled.body.quantity, scaled.body.size], [3, 'Eco'])
  const clock = await api.call('GET', '/apps/shop/formation/clock')
  assert.deepEqual([clock.status, clock.body.resource], [404, 'formation'])
})

test('a slug is shown to the apps that have it, and to no others', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  await api.services.apps.create('other', 'me')
  const [, release] = (await api.call('GET', '/apps/shop/releases')).body
  const { digest, processTypes } = artifactNamed('a')
  assert.equal(release.slug.id, slugIdOf(digest))
  const slug = (await api.call('GET', `/apps/shop/slugs/${release.slug.id}`)).body
  assert.deepEqual([slug.id, slug.checksum], [release.slug.id, digest])
  assert.deepEqual(slug.process_types, processTypes)
  assert.deepEqual((await api.call('GET', `/apps/shop/slugs/${digest}`)).body, slug)
  for (const path of [`/apps/other/slugs/${slug.id}`, '/apps/shop/slugs/none', `/apps/shop/slugs/sha256:`])
    assert.deepEqual((await api.call('GET', path)).body.resource, 'slug', path)
})

test('a release that failed is tried again with the present config', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  const processTypes = { web: 'node server.js', release: 'node migrate.js' }
  api.builder = async ({ commit }) => artifactNamed('b', { processTypes, commit })
  await deployed(api, app, 'b')
  await deployed(api, app, 'b', 'failed')
  await api.services.config.change(app, { FIXED: 'yes' }, 'me')
  await api.engine.finish(app.id)
  const failed = (await api.call('GET', '/apps/shop/releases/3')).body
  assert.deepEqual([failed.status, failed.eligible_for_rollback, failed.current], ['failed', false, false])
  const again = await api.call('POST', '/apps/shop/releases', {
    slug: failed.slug.id,
    description: 'Retry of v3: Deploy bc0ffeeb',
  })
  assert.deepEqual(
    [again.status, again.body.version, again.body.status, again.body.slug.id],
    [201, 5, 'pending', failed.slug.id],
  )
  assert.equal(again.body.description, 'Retry of v3: Deploy bc0ffeeb')
  assert.match(again.body.output_stream_url, /^http/)
  assert.deepEqual((await api.call('GET', '/apps/shop/releases/5/config-vars')).body, { FIXED: 'yes' })
  for (const body of [
    {},
    { slug: failed.slug.id, release: failed.id },
    { slug: failed.slug.id, description: 'x'.repeat(501) },
  ])
    assert.equal((await api.call('POST', '/apps/shop/releases', body)).status, 422)
  assert.equal((await api.call('POST', '/apps/shop/releases', { slug: 'none' })).status, 404)
})

test('a slug whose files are gone is not released', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const { digest } = artifactNamed('a')
  await api.store.tables.artifacts.markCollected(digest, Date.now())
  assert.equal((await api.call('POST', '/apps/shop/releases', { slug: digest })).status, 422)
  assert.notEqual((await api.call('GET', `/apps/shop/slugs/${digest}`)).body.deleted_at, null)
  const [, release] = (await api.call('GET', '/apps/shop/releases')).body
  assert.equal(release.eligible_for_rollback, false)
})

test('an app is set up from a source, and shown to whoever made it', async (t) => {
  const api = await liveApi(t)
  const { source_blob: source } = (await api.call('POST', '/sources')).body
  await fetch(source.put_url, { method: 'PUT', body: 'a source' })
  const wish = {
    app: { name: 'shop', region: 'us' },
    source_blob: { url: source.get_url, version: 'abc' },
    overrides: { env: { COLOUR: 'green' } },
  }
  const made = await api.call('POST', '/app-setups', wish)
  assert.deepEqual([made.status, made.body.status, made.body.app.name], [202, 'pending', 'shop'])
  assert.deepEqual((await api.call('GET', '/apps/shop/config-vars')).body, { COLOUR: 'green' })
  assert.equal((await api.call('GET', `/app-setups/${made.body.id}`)).body.id, made.body.id)
  assert.equal((await api.call('POST', '/app-setups', wish)).body.id, 'name_taken')
  assert.equal((await api.call('POST', '/app-setups', { ...wish, app: { stack: 'container' } })).status, 422)
  const nothing = await api.call('GET', '/app-setups/01234567-89ab-cdef-0123-456789abcdef')
  assert.equal(nothing.status, 404)
})

test('only a release with a release phase has an output to read', async (t) => {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const releases = (await api.call('GET', '/apps/shop/releases')).body as { output_stream_url: string }[]
  assert.deepEqual(
    releases.map((release) => release.output_stream_url),
    [null, null],
  )
})
