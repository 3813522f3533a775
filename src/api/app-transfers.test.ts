import assert from 'node:assert/strict'
import { test } from 'node:test'
import { person } from './testing/people.ts'
import { liveApi } from './testing.ts'

test('an app changes hands when whom it was offered to agrees, and who gave it goes on working on it', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  const offer = await anna.call('POST', '/account/app-transfers', { app: 'shop', recipient: bert.email })
  assert.deepEqual([offer.status, offer.body.state, offer.body.app.name], [201, 'pending', 'shop'])
  assert.equal((await bert.call('GET', '/apps/shop')).status, 404)
  assert.deepEqual((await bert.call('GET', '/account/app-transfers')).body, [offer.body])
  const path = `/account/app-transfers/${offer.body.id}`
  assert.deepEqual((await anna.call('GET', '/account/app-transfers/shop')).body, offer.body)
  assert.equal((await bert.call('PATCH', path, { state: 'accepted' })).body.state, 'accepted')
  assert.equal((await bert.call('GET', '/apps/shop')).body.owner.email, bert.email)
  assert.equal((await anna.call('PATCH', '/apps/shop/config-vars', { A: '1' })).status, 200)
  assert.equal((await anna.call('DELETE', '/apps/shop')).status, 403)
  assert.equal((await bert.call('PATCH', path, { state: 'declined' })).status, 409)
})

test('an app that is declined, or offered no longer, stays where it is', async (t) => {
  const api = await liveApi(t)
  const [anna, bert] = [await person(api, 'anna'), await person(api, 'bert')]
  await anna.call('POST', '/apps', { name: 'shop' })
  const offer = async () =>
    (await anna.call('POST', '/account/app-transfers', { app: 'shop', recipient: bert.email })).body
  const first = await offer()
  assert.equal((await offer()).id, 'conflict')
  assert.equal(
    (await bert.call('PATCH', `/account/app-transfers/${first.id}`, { state: 'declined' })).status,
    200,
  )
  const second = await offer()
  assert.equal((await anna.call('DELETE', `/account/app-transfers/${second.id}`)).status, 200)
  assert.equal(
    (await bert.call('PATCH', `/account/app-transfers/${second.id}`, { state: 'accepted' })).status,
    404,
  )
  assert.equal((await anna.call('GET', '/apps/shop')).body.owner.email, anna.email)
})

test('only the owner offers an app, only whom it was offered to answers, and strangers see nothing', async (t) => {
  const api = await liveApi(t)
  const [anna, bert, cleo] = [await person(api, 'anna'), await person(api, 'bert'), await person(api, 'cleo')]
  await anna.call('POST', '/apps', { name: 'shop' })
  await anna.call('POST', '/apps/shop/collaborators', { user: bert.email })
  const offer = (who: typeof anna, recipient: string) =>
    who.call('POST', '/account/app-transfers', { app: 'shop', recipient })
  assert.equal((await offer(bert, bert.email)).status, 403)
  assert.equal((await offer(cleo, cleo.email)).status, 404)
  assert.equal((await offer(anna, anna.email)).status, 422)
  assert.equal((await offer(anna, 'nobody@example.test')).status, 404)
  const { id } = (await offer(anna, bert.email)).body
  const path = `/account/app-transfers/${id}`
  assert.equal((await anna.call('PATCH', path, { state: 'accepted' })).status, 403)
  assert.equal((await bert.call('DELETE', path)).status, 403)
  assert.equal((await bert.call('PATCH', path, { state: 'pending' })).status, 422)
  for (const method of ['GET', 'PATCH', 'DELETE'])
    assert.equal(
      (await cleo.call(method, path, method === 'PATCH' ? { state: 'accepted' } : undefined)).status,
      404,
    )
  assert.deepEqual((await cleo.call('GET', '/account/app-transfers')).body, [])
})
