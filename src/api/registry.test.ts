import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { ALICE } from '../services/testing.ts'
import { imageNamed } from '../services/testing-images.ts'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

const WISH = {
  url: 'https://registry.example:5000/team',
  push: { user: 'ci', password: 'push-s3cret' },
  pull: { user: 'hosts', password: 'pull-s3cret' },
}

async function withLogins(context: TestContext) {
  const api = await liveApi(context)
  for (const { user, password } of [WISH.push, WISH.pull]) api.images.logins.set(user, password)
  return api
}

it('a registry is set, shown without its passwords, and left again', async (context) => {
  const api = await withLogins(context)
  assert.equal((await api.call('GET', '/tasuki/registry')).status, 404)
  const set = await api.call('PUT', '/tasuki/registry', WISH)
  assert.equal(set.status, 200)
  const shown = await api.call('GET', '/tasuki/registry')
  const { set_at: _, ...rest } = shown.body
  assert.deepEqual(rest, {
    host: 'registry.example:5000',
    prefix: 'team/',
    tls: true,
    own: false,
    push_user: 'ci',
    pull_user: 'hosts',
    authority: null,
    failing: null,
  })
  assert.doesNotMatch(JSON.stringify([set.body, shown.body]), /s3cret/)
  assert.equal((await api.call('DELETE', '/tasuki/registry')).status, 204)
  assert.equal((await api.call('DELETE', '/tasuki/registry')).status, 404)
})

it('one that does not let us in is refused with its reason, without the password', async (context) => {
  const api = await withLogins(context)
  const wrong = { ...WISH, push: { user: 'ci', password: 'wr0ng' } }
  const refused = await api.call('PUT', '/tasuki/registry', wrong)
  assert.deepEqual([refused.status, refused.body.id], [422, 'registry_refused'])
  assert.doesNotMatch(JSON.stringify(refused.body), /wr0ng/)
  api.images.down.add('registry.example:5000')
  assert.equal((await api.call('PUT', '/tasuki/registry', WISH)).status, 503)
  for (const body of [{}, { url: 7 }, { ...WISH, push: { user: 'ci' } }, { ...WISH, more: 1 }])
    assert.equal((await api.call('PUT', '/tasuki/registry', body)).status, 422, JSON.stringify(body))
  assert.equal((await api.call('GET', '/tasuki/registry')).status, 404)
})

it('our own registry tells its logins once, and what a collection did', async (context) => {
  const api = await liveApi(context)
  const path = '/tasuki/registry/actions'
  const started = await api.call('POST', `${path}/start`, { address: '10.0.0.5:5000' })
  assert.deepEqual([started.status, started.body.own, started.body.host], [200, true, '10.0.0.5:5000'])
  const { push, pull } = started.body.logins
  for (const { user, password } of [push, pull]) api.images.logins.set(user, password)
  assert.equal((await api.call('POST', `${path}/start`, { address: '10.0.0.5:5000' })).body.logins, null)
  assert.deepEqual((await api.call('POST', `${path}/collect-garbage`)).body, {
    removed: 0,
    stored_bytes: 4096,
  })
})

it('a base image is set by a name that leads somewhere', async (context) => {
  const api = await liveApi(context)
  assert.equal((await api.call('PUT', '/tasuki/base-image', { image: 'base:1' })).status, 422)
  api.images.hosts.set('base:1', imageNamed('a'))
  const set = await api.call('PUT', '/tasuki/base-image', { image: 'base:1' })
  assert.deepEqual([set.status, set.body.name, set.body.ref], [200, 'base:1', imageNamed('a').id])
  assert.deepEqual((await api.call('GET', '/tasuki/base-image')).body, set.body)
  assert.equal((await api.call('DELETE', '/tasuki/base-image')).status, 204)
  assert.equal((await api.call('GET', '/tasuki/base-image')).status, 404)
})

it('only an admin gets at these, but whoever may deploy an app may deploy an image to it', async (context) => {
  const api = await withLogins(context)
  const bob = await person(api, 'bob')
  for (const [method, path, body] of [
    ['GET', '/tasuki/registry'],
    ['PUT', '/tasuki/registry', WISH],
    ['DELETE', '/tasuki/registry'],
    ['POST', '/tasuki/registry/actions/start', { address: '10.0.0.5:5000' }],
    ['POST', '/tasuki/registry/actions/collect-garbage'],
    ['GET', '/tasuki/base-image'],
    ['PUT', '/tasuki/base-image', { image: 'base:1' }],
    ['DELETE', '/tasuki/base-image'],
  ] as const)
    assert.equal((await bob.call(method, path, body)).status, 403, `${method} ${path}`)

  api.fleet.machine('h1')
  await api.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
  api.images.inRegistries.set('registry.example/shop:sha-4f2a91c', imageNamed('a'))
  await bob.call('POST', '/apps', { name: 'shop' })
  const deployed = await bob.call('POST', '/tasuki/apps/shop/images', {
    image: 'registry.example/shop:sha-4f2a91c',
  })
  assert.equal(deployed.status, 201)
  const { commit, slug, artifacts, oci_image: image } = deployed.body
  assert.deepEqual([commit, slug], ['4f2a91c', null])
  assert.deepEqual(artifacts, [{ type: 'oci-image', ...image }])
  await api.services.apps.create('other', ALICE)
  const stranger = await bob.call('POST', '/tasuki/apps/other/images', { image: 'registry.example/shop' })
  assert.equal(stranger.status, 404)
})
