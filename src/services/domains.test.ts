import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DomainService } from './domains.ts'
import { HostKeeper } from './host-keeper.ts'
import { ALICE, world } from './testing.ts'

const BOB = 'bob@example.test'

test('a domain is stored, told to the router, and found by id and by hostname in any form', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const added = await services.domains.add(app, 'WWW.München.example.', ALICE)
  assert.equal(added.hostname, 'www.xn--mnchen-3ya.example')
  assert.deepEqual([added.kind, added.cname, added.status], ['custom', 'shop.example.test', 'succeeded'])
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test', 'www.xn--mnchen-3ya.example'])
  for (const which of [added.id, added.hostname, 'www.münchen.example'])
    assert.equal((await services.domains.get(app, which)).id, added.id)
  const [own, custom] = await services.domains.list(app)
  assert.deepEqual([own!.hostname, own!.kind, own!.cname], ['shop.example.test', 'app', null])
  assert.match(own!.id, /^[0-9a-f-]{36}$/)
  assert.equal(custom!.id, added.id)
})

test('a removed domain leads nowhere and is free; the own name of an app stays', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const other = await services.apps.create('other', ALICE)
  await services.domains.add(app, 'www.a.test', ALICE)
  await assert.rejects(services.domains.remove(other, 'www.a.test', ALICE), { code: 'not_found' })
  await assert.rejects(services.domains.remove(app, 'shop.example.test', ALICE), { code: 'invalid_params' })
  await services.domains.remove(app, 'www.a.test', ALICE)
  await assert.rejects(services.domains.remove(app, 'www.a.test', ALICE), { code: 'not_found' })
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test'])
  await services.domains.add(other, 'www.a.test', ALICE)
  assert.deepEqual(told.hosts.get(other.id), ['other.example.test', 'www.a.test'])
})

test('a destroyed app gives up its domains, a renamed one keeps them', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  await services.domains.add(app, 'www.a.test', ALICE)
  const store = await services.apps.rename(app, 'store', ALICE)
  assert.deepEqual(told.hosts.get(app.id), ['store.example.test', 'www.a.test'])
  assert.equal((await services.domains.get(store, 'www.a.test')).cname, 'store.example.test')
  await services.apps.destroy(store, ALICE)
  assert.deepEqual(told.hosts.get(app.id), [])
  const next = await services.apps.create('shop', ALICE)
  await services.domains.add(next, 'www.a.test', ALICE)
  assert.deepEqual(told.hosts.get(next.id), ['shop.example.test', 'www.a.test'])
})

test('taken names, names of the server and names that are none are refused, and nothing changes', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const other = await services.apps.create('other', ALICE)
  await services.domains.add(app, 'www.a.test', ALICE)
  const refused = (hostname: string, code: string, of = other) =>
    assert.rejects(services.domains.add(of, hostname, ALICE), { code }, hostname)
  await refused('www.a.test', 'name_taken')
  await refused('WWW.A.TEST', 'name_taken', app)
  for (const hostname of ['shop.example.test', 'new.example.test', 'example.test', '*.example.test'])
    await refused(hostname, 'invalid_params')
  for (const hostname of ['10.0.0.1', 'localhost', 'http://a.test', ''])
    await refused(hostname, 'invalid_params')
  assert.deepEqual(told.hosts.get(other.id), ['other.example.test'])
})

test('a wildcard that would cover the server itself is refused', async (t) => {
  const { services } = await world(t, { domain: 'apps.example.test' })
  const app = await services.apps.create('shop', ALICE)
  await assert.rejects(services.domains.add(app, '*.example.test', ALICE), { code: 'invalid_params' })
  await services.domains.add(app, 'www.example.test', ALICE)
})

test('names under a wildcard are for its owner only', async (t) => {
  const { services } = await world(t)
  const alices = await services.apps.create('shop', ALICE)
  const hers = await services.apps.create('blog', ALICE)
  const bobs = await services.apps.create('other', BOB)
  await services.domains.add(alices, '*.a.test', ALICE)
  await services.domains.add(hers, 'blog.a.test', ALICE)
  await services.domains.add(bobs, 'a.test', BOB)
  for (const hostname of ['www.a.test', 'deep.www.a.test', '*.www.a.test'])
    await assert.rejects(services.domains.add(bobs, hostname, BOB), { code: 'name_taken' }, hostname)
})

test('a domain is pending until the router has been told', async (t) => {
  const { services, deps, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const { setHosts } = deps.hosts
  let down = true
  Object.assign(deps.hosts, {
    setHosts: async (appId: string, hosts: readonly string[]) => {
      if (down) throw new Error('the router is being restarted')
      await setHosts(appId, hosts)
    },
  })
  assert.equal((await services.domains.add(app, 'www.a.test', ALICE)).status, 'pending')
  down = false
  while ((await services.domains.get(app, 'www.a.test')).status === 'pending')
    await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test', 'www.a.test'])
})

test('under another domain of the server every app has its name there, also where a user had put another app', async (t) => {
  const { services, deps, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const other = await services.apps.create('other', ALICE)
  await services.domains.add(app, 'www.a.test', ALICE)
  await services.domains.add(app, 'other.new.test', ALICE)
  const moved = { ...deps, settings: { ...deps.settings, domain: 'new.test' } }
  const hosts = new HostKeeper(moved)
  const domains = new DomainService(moved, hosts)
  await domains.start()
  await domains.start()
  for (const one of [app, other]) await hosts.sync(one.id)
  assert.deepEqual(told.hosts.get(app.id), ['shop.new.test', 'www.a.test'])
  assert.deepEqual(told.hosts.get(other.id), ['other.new.test'])
  assert.equal((await domains.get(app, 'www.a.test')).cname, 'shop.new.test')
})
