import assert from 'node:assert/strict'
import { test } from 'node:test'
import { receiver, signatureOf, until } from '../services/testing-receiver.ts'
import { PUMP_LIMITS } from '../services/webhook-pump.ts'
import { liveApi } from './testing.ts'

interface Delivery {
  readonly id: string
  readonly status: string
  readonly num_attempts: number
  readonly next_attempt_at: string | null
  readonly last_attempt: { readonly code: number | null } | null
}

test('a webhook is made, told, listed, changed and removed, and its secret is shown once', async (t) => {
  const { call } = await liveApi(t, { settings: { webhooks: { ...PUMP_LIMITS, lookMs: 10 } } })
  const inbox = await receiver(t)
  const { body: app } = await call('POST', '/apps', { name: 'shop' })
  const wish = { include: ['api:domain'], level: 'sync', url: inbox.url }
  const made = await call('POST', '/apps/shop/webhooks', wish)
  const secret = made.headers.get('heroku-webhook-secret')!
  assert.equal(made.status, 201)
  const { id, created_at, updated_at, ...rest } = made.body
  assert.deepEqual(rest, { ...wish, app: { id: app.id, name: 'shop' } })
  const shown = await call('GET', `/apps/shop/webhooks/${id}`)
  assert.deepEqual([shown.body, shown.headers.get('heroku-webhook-secret')], [made.body, null])
  assert.deepEqual((await call('GET', '/apps/shop/webhooks')).body, [made.body])

  const { body: domain } = await call('POST', '/apps/shop/domains', { hostname: 'www.a.test' })
  await until('it is told', () => inbox.told.length === 1)
  const [told] = inbox.told
  assert.equal(told!.headers['heroku-webhook-hmac-sha256'], signatureOf(told!, secret))
  assert.deepEqual([told!.body.action, told!.body.data.id], ['create', domain.id])
  const [delivery] = await delivered()
  assert.deepEqual(
    [delivery!.status, delivery!.num_attempts, delivery!.next_attempt_at, delivery!.last_attempt?.code],
    ['succeeded', 1, null, 204],
  )
  assert.deepEqual((await call('GET', `/apps/shop/webhook-deliveries/${delivery!.id}`)).body, delivery)
  const newest = await call('GET', '/apps/shop/webhook-deliveries?eq[status]=succeeded', undefined, {
    range: 'seq ..; order=desc,max=1000',
  })
  assert.deepEqual(newest.body, [delivery])
  assert.deepEqual((await call('GET', '/apps/shop/webhook-deliveries?eq[status]=failed')).body, [])
  const [event] = (await call('GET', '/apps/shop/webhook-events')).body
  assert.deepEqual([event.id, event.include, event.payload.resource], [told!.body.id, 'api:domain', 'domain'])
  assert.deepEqual((await call('GET', `/apps/shop/webhook-events/${event.id}`)).body, event)

  const change = { secret: 'another', include: ['api:app', 'api:domain'] }
  const changed = await call('PATCH', `/apps/shop/webhooks/${id}`, change)
  assert.equal(changed.headers.get('heroku-webhook-secret'), 'another')
  assert.deepEqual(changed.body.include, ['api:app', 'api:domain'])
  assert.equal((await call('DELETE', `/apps/shop/webhooks/${id}`)).status, 200)
  assert.equal((await call('GET', `/apps/shop/webhooks/${id}`)).status, 404)
  assert.deepEqual((await call('GET', '/apps/shop/webhook-deliveries')).body, [])

  async function delivered() {
    let all: Delivery[] = []
    await until('it is written down', async () => {
      all = (await call('GET', '/apps/shop/webhook-deliveries')).body
      return all[0]?.status === 'succeeded'
    })
    return all
  }
})

test('another app’s webhooks are not there, and bad ones are refused', async (t) => {
  const { call } = await liveApi(t)
  await call('POST', '/apps', { name: 'shop' })
  await call('POST', '/apps', { name: 'other' })
  const wish = { include: ['api:release'], level: 'notify', url: 'https://a.test/' }
  const { id } = (await call('POST', '/apps/shop/webhooks', wish)).body
  for (const method of ['GET', 'PATCH', 'DELETE'])
    assert.equal(
      (await call(method, `/apps/other/webhooks/${id}`, method === 'PATCH' ? {} : undefined)).status,
      404,
    )
  for (const bad of [
    ...[
      { include: 'api:release' },
      { include: ['x'] },
      { level: 'x' },
      { url: 'gopher://a.test' },
      { url: 5 },
    ],
    { authorization: 'a\nb' },
  ])
    assert.equal((await call('POST', '/apps/shop/webhooks', { ...wish, ...bad })).status, 422)
  assert.equal((await call('PATCH', `/apps/shop/webhooks/${id}`, { url: '' })).status, 422)
  assert.equal((await call('GET', '/apps/shop/webhooks')).body[0].url, 'https://a.test/')
})
