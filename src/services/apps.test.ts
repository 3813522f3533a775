import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, deployed, world } from './testing.ts'

test('an app begins with an empty first release, and the router knows its name', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test'])
  const [view] = await services.releases.list(app, {})
  assert.deepEqual(
    [view?.release.version, view?.release.description, view?.release.status, view?.current],
    [1, 'Initial release', 'succeeded', true],
  )
  assert.equal(services.apps.webUrl(app), 'http://shop.example.test/')
})

test('an app that nobody named has a name that can be said', async (t) => {
  const { services } = await world(t)
  assert.match((await services.apps.create(null, ALICE)).name, /^[a-z]+-[a-z]+-\d{4}$/)
})

test('bad and taken names are refused, and no app is made', async (t) => {
  const { services } = await world(t)
  await services.apps.create('shop', ALICE)
  for (const name of ['Shop', 'ab', '-shop', 'shop-', 'sh op', 'a'.repeat(31), '../etc', ''])
    await assert.rejects(services.apps.create(name, ALICE), { code: 'invalid_params' }, name)
  await assert.rejects(services.apps.create('shop', ALICE), { code: 'name_taken' })
  await assert.rejects(services.apps.create('tasuki', ALICE), { code: 'name_taken' })
  assert.deepEqual(
    (await services.apps.list()).map((app) => app.name),
    ['shop'],
  )
})

test('a renamed app is reached by its new name only', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  await services.apps.create('other', ALICE)
  await assert.rejects(services.apps.rename(app, 'other', ALICE), { code: 'name_taken' })
  await services.apps.rename(app, 'store', ALICE)
  assert.deepEqual(told.hosts.get(app.id), ['store.example.test'])
  assert.equal((await services.apps.find('store')).id, app.id)
  await assert.rejects(services.apps.find('shop'), { code: 'not_found' })
})

test('maintenance is told to the router and kept', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  assert.equal((await services.apps.setMaintenance(app, true, ALICE)).maintenance, true)
  assert.equal(told.maintenance.get(app.id), true)
  await services.apps.setMaintenance(app, false, ALICE)
  assert.equal(told.maintenance.get(app.id), false)
})

test('a destroyed app is gone at once, its name is free, and its rollout is superseded', async (t) => {
  const made = await world(t)
  const { services, told, store, engine } = made
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  const before = (await store.rollouts.wanted(app.id))!.generation
  await services.apps.destroy(app, ALICE)
  await assert.rejects(services.apps.find('shop'), { code: 'not_found' })
  await assert.rejects(services.apps.find(app.id), { code: 'not_found' })
  assert.deepEqual(told.hosts.get(app.id), [])
  const wanted = (await store.rollouts.wanted(app.id))!
  assert.deepEqual([wanted.destroyed, wanted.rollout, wanted.generation], [true, null, before + 1])
  assert.equal(engine.poked.at(-1), app.id)

  const next = await services.apps.create('shop', ALICE)
  assert.deepEqual(told.hosts.get(next.id), ['shop.example.test'])
  await services.apps.gone(app.id)
  assert.equal(await store.rollouts.wanted(app.id), null)
  assert.equal(told.hosts.has(app.id), false)
  assert.equal((await services.apps.find('shop')).id, next.id)
})

test('what asks for a destroyed app while it goes changes nothing', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await made.services.apps.destroy(app, ALICE)
  const { services } = made
  await assert.rejects(services.config.change(app, { A: '1' }, ALICE), { code: 'not_found' })
  await assert.rejects(services.formation.scale(app, [{ type: 'web', quantity: 2 }], ALICE), {
    code: 'not_found',
  })
  await assert.rejects(services.restarts.all(app, ALICE), { code: 'not_found' })
  assert.deepEqual(await made.store.tables.formation.get(app.id), [])
})

test('a router that can not be told is told as soon as it can be', async (t) => {
  const made = await world(t)
  const { services, told, deps } = made
  const { setHosts } = deps.hosts
  let failures = 0
  Object.assign(deps.hosts, {
    setHosts: async (appId: string, hosts: readonly string[]) => {
      failures += 1
      if (failures === 1) throw new Error('the router is being restarted')
      await setHosts(appId, hosts)
    },
  })
  const app = await services.apps.create('shop', ALICE)
  assert.equal(app.name, 'shop')
  while (!told.hosts.has(app.id)) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual(told.hosts.get(app.id), ['shop.example.test'])
})

test('a control plane that starts tells the router every app', async (t) => {
  const { services, told } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  await services.apps.setMaintenance(app, true, ALICE)
  told.hosts.clear()
  told.maintenance.clear()
  await services.start()
  while (!told.maintenance.has(app.id)) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual([told.hosts.get(app.id), told.maintenance.get(app.id)], [['shop.example.test'], true])
})
