import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artifactNamed } from '../store/testing.ts'
import { world } from './testing.ts'

const PUSH = { user: 'ci', password: 'push-s3cret' }
const PULL = { user: 'hosts', password: 'pull-s3cret' }
const URL_OF = 'https://registry.example:5000/team'

async function withLogins(t: Parameters<typeof world>[0]) {
  const made = await world(t)
  for (const { user, password } of [PUSH, PULL]) made.images.logins.set(user, password)
  return made
}

test('a registry is set once it has let us in with both logins, and tells no passwords', async (t) => {
  const { services } = await withLogins(t)
  const { registry } = services
  assert.equal(await registry.view(), null)
  const set = await registry.set({ url: URL_OF, push: PUSH, pull: PULL })
  assert.deepEqual(
    [set.registry.host, set.registry.prefix, set.registry.tls, set.registry.pushUser, set.registry.pullUser],
    ['registry.example:5000', 'team/', true, 'ci', 'hosts'],
  )
  assert.equal(set.failing, null)
  assert.doesNotMatch(JSON.stringify(await registry.view()), /s3cret/)
})

test('one that does not answer, or lets one of the two not in, is not set, and the one before stays', async (t) => {
  const { services, images } = await withLogins(t)
  const { registry } = services
  await registry.set({ url: URL_OF, push: PUSH, pull: PULL })
  images.down.add('dead.example')
  const dead = registry.set({ url: 'https://dead.example', push: PUSH, pull: PULL })
  await assert.rejects(dead, { code: 'registry_unavailable' })
  const wrong = registry.set({ url: 'https://other.example', push: PUSH, pull: { ...PULL, password: 'x' } })
  await assert.rejects(wrong, { code: 'registry_refused' })
  assert.equal((await registry.view())?.registry.host, 'registry.example:5000')
})

test('what can be no registry is refused', async (t) => {
  const { services } = await withLogins(t)
  const urls = [
    '',
    'ftp://registry.example',
    'https://ci:secret@registry.example',
    'https://r.example/Team',
    'https://r.example/?a',
  ]
  for (const url of urls)
    await assert.rejects(
      services.registry.set({ url, push: null, pull: null }),
      { code: 'invalid_params' },
      url,
    )
  const login = services.registry.set({ url: URL_OF, push: { user: 'a:b', password: 'x' }, pull: null })
  await assert.rejects(login, { code: 'invalid_params' })
  const ca = services.registry.set({ url: URL_OF, push: null, pull: null, authority: 'no certificate' })
  await assert.rejects(ca, { code: 'invalid_params' })
  assert.equal(await services.registry.view(), null)
})

test('a registry that falls silent is told of, without anything being changed', async (t) => {
  const { services, images } = await withLogins(t)
  await services.registry.set({ url: URL_OF, push: PUSH, pull: PULL })
  images.down.add('registry.example:5000')
  const view = await services.registry.view()
  assert.match(view?.failing ?? '', /is down/)
  assert.equal(view?.registry.host, 'registry.example:5000')
})

test('our own has two logins of its own, told once, and is started again by the next control plane', async (t) => {
  const { services, images } = await world(t)
  const { registry } = services
  const first = await registry.start('10.0.0.5:5000')
  const logins = first.logins!
  for (const { user, password } of [logins.push, logins.pull]) images.logins.set(user, password)
  assert.notEqual(logins.push.password, logins.pull.password)
  assert.equal(first.registry.ownAddress, '10.0.0.5:5000')
  assert.equal((await registry.start('10.0.0.5:5000')).logins, null)

  await images.own.stop()
  await registry.look()
  assert.deepEqual(images.own.starts.at(-1), [{ host: '10.0.0.5', port: 5000 }, logins])

  const renewed = (await registry.start('10.0.0.5:5000', true)).logins!
  assert.notEqual(renewed.push.password, logins.push.password)
  await registry.unset()
  assert.deepEqual([images.own.running, await registry.view()], [false, null])
})

test('our own that does not start is not set; where it does not start again, the rest goes on', async (t) => {
  const { services, images } = await world(t)
  images.own.broken = true
  await assert.rejects(services.registry.start('10.0.0.5:5000'), { code: 'setup_missing' })
  assert.equal(await services.registry.view(), null)
  images.own.broken = false
  await services.registry.start('10.0.0.5:5000')
  await images.own.stop()
  images.own.broken = true
  await services.registry.look()
  assert.equal(images.own.running, false)
})

test('our own does not take the place of another that is set, and needs an address', async (t) => {
  const { services } = await withLogins(t)
  for (const address of ['', 'https://10.0.0.5', '10.0.0.5:5000/x', ':5000', '10.0.0.5:0'])
    await assert.rejects(services.registry.start(address), { code: 'invalid_params' }, address)
  await services.registry.set({ url: URL_OF, push: PUSH, pull: PULL })
  await assert.rejects(services.registry.start('10.0.0.5:5000'), { code: 'conflict' })
})

test('garbage is what was collected, in the registry that is set, unless the same image is needed elsewhere', async (t) => {
  const { services, store, images } = await withLogins(t)
  await services.registry.set({ url: URL_OF, push: PUSH, pull: PULL })
  const repository = 'registry.example:5000/team/shop'
  const put = async (mark: string, ref: string, collected: boolean) => {
    const image = { ref, id: `sha256:${mark.repeat(64)}`, repository }
    const artifact = artifactNamed(mark, { kind: 'image', image })
    await store.tables.artifacts.put(artifact, 1)
    if (collected) await store.tables.artifacts.markCollected(artifact.digest, 2)
  }
  const digest = (mark: string) => `sha256:${mark.repeat(64)}`
  await put('a', `${repository}@${digest('a')}`, true)
  await put('b', `${repository}@${digest('b')}`, false)
  await put('c', `${repository}@${digest('b')}`, true)
  await put('d', `elsewhere.example/shop@${digest('d')}`, true)
  await put('e', digest('e'), true)
  assert.deepEqual(await services.registry.collectGarbage(), { removed: 1, storedBytes: null })
  assert.deepEqual(images.removed, [`${repository}@${digest('a')}`])
  assert.equal(images.own.collections, 0)
})

test('what is done with our own at once is done one after the other, and after the end nothing starts it', async (t) => {
  const { services, images } = await world(t)
  const { registry } = services
  const all = [
    registry.start('10.0.0.5:5000'),
    registry.look(),
    registry.look(),
    registry.start('10.0.0.5:5001'),
  ]
  await Promise.all(all)
  assert.deepEqual(
    images.own.starts.map(([{ port }]) => port),
    [5000, 5001],
  )
  assert.equal((await registry.view())?.registry.ownAddress, '10.0.0.5:5001')
  await Promise.all([registry.stop(), registry.look()])
  assert.equal(images.own.running, false)
})

test('our own that comes up with another authority, after a restore, is trusted by that from then on', async (t) => {
  const { services, images } = await world(t)
  await services.registry.start('10.0.0.5:5000')
  await images.own.stop()
  images.own.authority = '-----BEGIN CERTIFICATE-----\nBB==\n-----END CERTIFICATE-----\n'
  await services.registry.look()
  assert.equal((await services.registry.view())?.registry.authority, images.own.authority)
})
