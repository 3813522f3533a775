import assert from 'node:assert/strict'
import { test } from 'node:test'
import { person, withToken } from './testing/people.ts'
import { liveApi } from './testing.ts'

const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

test('an admin adds users and takes them away again', async (t) => {
  const api = await liveApi(t)
  const { status, body } = await api.call('POST', '/tasuki/users', {
    email: ' Anna@Example.test ',
    name: 'Anna',
  })
  assert.deepEqual([status, body.email, body.name, body.admin], [201, 'anna@example.test', 'Anna', false])
  assert.equal(
    (await api.call('POST', '/oauth/authorizations', {}, basic(body.email, body.password))).status,
    201,
  )
  const list = (await api.call('GET', '/tasuki/users')).body
  assert.deepEqual(
    list.map((one: { email: string; admin: boolean }) => [one.email, one.admin]),
    [
      ['admin@example.test', true],
      ['anna@example.test', false],
    ],
  )
  assert.ok(!JSON.stringify(list).includes('scrypt'))
  assert.equal(
    (await api.call('POST', '/tasuki/users', { email: 'anna@example.test' })).body.id,
    'name_taken',
  )
  assert.equal((await api.call('DELETE', `/tasuki/users/${body.id}`)).status, 200)
  assert.equal(
    (await api.call('POST', '/oauth/authorizations', {}, basic(body.email, body.password))).status,
    401,
  )
  assert.equal((await api.call('DELETE', '/tasuki/users/admin@example.test')).status, 403)
})

test('who makes no sense is not added', async (t) => {
  const api = await liveApi(t)
  for (const wish of [
    { email: 'anna' },
    { email: 'a b@example.test' },
    { email: 'a@b@example.test' },
    { email: 'a\n@example.test' },
    { email: 'anna@example.test', password: 'short' },
    { email: 'anna@example.test', name: 'a\u0007b' },
    { email: 'anna@example.test', role: 'king' },
  ])
    assert.equal((await api.call('POST', '/tasuki/users', wish)).status, 422, JSON.stringify(wish))
  assert.equal((await api.call('GET', '/tasuki/users')).body.length, 1)
})

test('another admin may do what the admin may, and nobody else', async (t) => {
  const api = await liveApi(t)
  await api.services.users.add({ email: 'chief@example.test', admin: true })
  const chief = await withToken(api, 'chief@example.test')
  const anna = await person(api, 'anna')
  await anna.call('POST', '/apps', { name: 'shop' })
  assert.equal((await chief.call('GET', '/apps/shop')).status, 200)
  assert.equal((await chief.call('GET', '/tasuki/users')).status, 200)
  assert.equal((await anna.call('GET', '/tasuki/users')).body.id, 'forbidden')
})

test('somebody who owns apps stays until they have another owner', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  await anna.call('POST', '/pipelines', { name: 'line' })
  await anna.call('POST', '/apps/shop/collaborators', { user: bert.email })
  const refused = await api.call('DELETE', `/tasuki/users/${anna.email}`)
  assert.equal(refused.status, 409)
  assert.match(refused.body.message, /still owns shop, line\./)
  assert.equal((await anna.call('GET', '/apps/shop')).status, 200)
  assert.equal(
    (await api.call('DELETE', `/tasuki/users/${anna.email}`, { transfer_to: bert.email })).status,
    200,
  )
  assert.equal((await anna.call('GET', '/account')).status, 401)
  assert.equal((await bert.call('GET', '/apps/shop')).body.owner.email, bert.email)
  assert.equal((await bert.call('GET', '/pipelines/line')).status, 200)
  assert.equal((await bert.call('GET', '/apps/shop/collaborators')).body.length, 1)
  await api.services.users.add({ email: anna.email })
  const again = await withToken(api, anna.email)
  assert.deepEqual((await again.call('GET', '/apps')).body, [])
})

test('an account shows and changes itself; others only to an admin', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  const own = (await anna.call('GET', '/account')).body
  for (const which of ['~', own.id, own.email])
    assert.deepEqual((await anna.call('GET', `/users/${which}`)).body, own)
  assert.equal((await bert.call('GET', `/users/${own.id}`)).body.id, 'not_found')
  assert.equal((await api.call('GET', `/users/${own.id}`)).body.email, anna.email)
  assert.equal((await anna.call('PATCH', '/account', { name: 'Anna A.' })).body.name, 'Anna A.')
  assert.equal((await anna.call('PATCH', '/users/~', { name: null })).body.name, null)
  assert.equal((await bert.call('PATCH', `/users/${own.id}`, { name: 'x' })).status, 404)
  assert.equal((await api.call('PATCH', `/users/${own.id}`, { name: 'x' })).status, 403)
})

test('a new password needs the present one, and ends the other logins', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const login = async (password: string) =>
    (await api.call('POST', '/oauth/authorizations', {}, basic(anna.email, password))).body.access_token
      ?.token
  const [here, elsewhere] = [await login(anna.password), await login(anna.password)]
  const as = (token: string) => ({ authorization: `Bearer ${token}` })
  const change = (body: object) => api.call('PATCH', '/account', body, as(here))
  assert.equal((await change({ new_password: 'a new password' })).status, 422)
  assert.equal((await change({ new_password: 'a new password', password: 'wrong' })).status, 422)
  assert.equal((await change({ new_password: 'short', password: anna.password })).status, 422)
  assert.ok(await login(anna.password))
  assert.equal((await change({ new_password: 'a new password', password: anna.password })).status, 200)
  assert.equal(await login(anna.password), undefined)
  assert.ok(await login('a new password'))
  const statuses = [here, elsewhere, anna.token].map((token) =>
    api.call('GET', '/account', undefined, as(token)),
  )
  assert.deepEqual(
    (await Promise.all(statuses)).map(({ status }) => status),
    [200, 401, 200],
  )
})

test('an admin gives another password, and the built-in admin a first one', async (t) => {
  const api = await liveApi(t)
  const anna = await person(api, 'anna')
  const { body } = await api.call('POST', `/tasuki/users/${anna.email}/password`)
  assert.notEqual(body.password, anna.password)
  assert.equal(
    (await api.call('POST', '/oauth/authorizations', {}, basic(anna.email, body.password))).status,
    201,
  )
  assert.equal((await api.call('PATCH', '/account', { new_password: 'for the admin' })).status, 200)
  assert.equal((await api.call('GET', '/account')).status, 200)
  const login = await api.call(
    'POST',
    '/oauth/authorizations',
    {},
    basic('admin@example.test', 'for the admin'),
  )
  assert.equal(login.status, 201)
})

test('a server of another domain has another admin, with all that was theirs', async (t) => {
  const api = await liveApi(t)
  await api.call('POST', '/apps', { name: 'shop' })
  await api.services.users.add({ email: 'admin@new.test' })
  const stranger = await withToken(api, 'admin@new.test')
  await api.services.users.start('admin@new.test')
  assert.equal((await stranger.call('GET', '/account')).status, 401)
  const { body } = await api.call('GET', '/account')
  assert.deepEqual([body.email, body.tasuki.admin], ['admin@new.test', true])
  assert.equal((await api.call('GET', '/apps/shop')).body.owner.email, 'admin@new.test')
  await api.services.users.start('admin@example.test')
})
