import assert from 'node:assert/strict'
import { test } from 'node:test'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

test('a collaborator sees and changes the app, and may add others', async (t) => {
  const api = await liveApi(t)
  const [anna, bert, cleo] = [await person(api, 'anna'), await person(api, 'bert'), await person(api, 'cleo')]
  await anna.call('POST', '/apps', { name: 'shop' })
  await anna.call('POST', '/apps', { name: 'secret' })
  const { status, body } = await anna.call('POST', '/apps/shop/collaborators', { user: 'Bert@Example.test' })
  assert.deepEqual(
    [status, body.user.email, body.role, body.app.name],
    [201, bert.email, 'collaborator', 'shop'],
  )
  assert.equal((await bert.call('PATCH', '/apps/shop/config-vars', { A: '1' })).status, 200)
  assert.equal((await bert.call('PATCH', '/apps/shop', { maintenance: true })).status, 200)
  const names = async (path: string) =>
    (await bert.call('GET', path)).body.map((app: { name: string }) => app.name)
  assert.deepEqual([await names('/apps'), await names('/users/~/apps')], [['shop'], ['shop']])
  assert.equal((await bert.call('GET', '/apps/secret')).status, 404)
  assert.equal((await bert.call('POST', '/apps/shop/collaborators', { user: cleo.email })).status, 201)
  const list = (await cleo.call('GET', '/apps/shop/collaborators')).body
  assert.deepEqual(
    list.map((one: { user: { email: string }; role: string }) => [one.user.email, one.role]),
    [
      [anna.email, 'owner'],
      [bert.email, 'collaborator'],
      [cleo.email, 'collaborator'],
    ],
  )
  for (const which of [list[1].id, list[1].user.id, bert.email])
    assert.deepEqual((await anna.call('GET', `/apps/shop/collaborators/${which}`)).body, list[1])
})

test('only the owner renames, transfers and destroys', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  const { id } = (await anna.call('POST', '/apps', { name: 'shop' })).body
  await anna.call('POST', '/apps/shop/collaborators', { user: bert.email })
  const forbidden = [
    await bert.call('PATCH', '/apps/shop', { name: 'mine', maintenance: true }),
    await bert.call('DELETE', '/apps/shop'),
    await bert.call('POST', '/tasuki/apps/shop/transfer', { owner: bert.email }),
    await bert.call('DELETE', `/apps/shop/collaborators/${anna.email}`),
  ]
  assert.deepEqual(
    forbidden.map(({ status, body }) => [status, body.id]),
    forbidden.map(() => [403, 'forbidden']),
  )
  const { body } = await anna.call('GET', `/apps/${id}`)
  assert.deepEqual([body.name, body.maintenance, body.owner.email], ['shop', false, anna.email])

  assert.equal((await anna.call('POST', '/tasuki/apps/shop/transfer', { owner: bert.email })).status, 200)
  assert.equal((await anna.call('DELETE', '/apps/shop')).status, 403)
  assert.equal((await anna.call('GET', '/apps/shop')).body.owner.email, bert.email)
  assert.equal((await bert.call('DELETE', '/apps/shop')).status, 200)
})

test('who is taken off an app is out at once', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  await anna.call('POST', '/apps/shop/collaborators', { user: bert.email })
  assert.equal((await bert.call('GET', '/apps/shop')).status, 200)
  assert.equal((await anna.call('DELETE', `/apps/shop/collaborators/${bert.email}`)).status, 200)
  assert.equal((await bert.call('GET', '/apps/shop')).status, 404)
  assert.equal(
    (await anna.call('DELETE', `/apps/shop/collaborators/${bert.email}`)).body.resource,
    'collaborator',
  )
})

test('nobody is added twice, and nobody who is not there', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  const add = async (user: string) => (await anna.call('POST', '/apps/shop/collaborators', { user })).body.id
  await add(bert.email)
  assert.equal(await add(bert.email), 'name_taken')
  assert.equal(await add(anna.email), 'name_taken')
  assert.equal(await add('nobody@example.test'), 'not_found')
  assert.equal((await anna.call('GET', '/apps/shop/collaborators')).body.length, 2)
})

test('a rollout and its events are for those who work on the app', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  const { deployed } = await import('../services/testing.ts')
  await deployed(api, await api.services.apps.find('shop'), 'a')
  const [{ id }] = (await anna.call('GET', '/tasuki/apps/shop/rollouts')).body
  for (const path of [
    `/tasuki/rollouts/${id}`,
    `/tasuki/rollouts/${id}/journal`,
    `/tasuki/rollouts/${id}/events`,
  ]) {
    assert.equal((await anna.call('GET', path)).status, 200)
    const [theirs, none] = [await bert.call('GET', path), await bert.call('GET', path.replace(id, 'nothing'))]
    assert.deepEqual([theirs.status, theirs.body], [404, none.body])
  }
})

test('the app that was checked is the one that is changed, whatever its name means a moment later', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  const { access, apps } = api.services
  const checked = access.app.bind(access)
  t.mock.method(access, 'app', async (...args: Parameters<typeof checked>) => {
    const app = await checked(...args)
    await apps.rename(app, 'moved', anna.email)
    await apps.create('shop', bert.email)
    return app
  })
  assert.equal((await anna.call('DELETE', '/apps/shop')).body.name, 'moved')
  t.mock.restoreAll()
  assert.equal((await bert.call('GET', '/apps/shop')).status, 200)
})
