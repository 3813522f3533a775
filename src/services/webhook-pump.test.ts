import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { afterTest } from '../store/testing.ts'
import { ALICE } from './testing.ts'
import { receiver, until } from './testing-receiver.ts'
import { live, QUICK } from './testing-webhooks.ts'
import { WebhookPump } from './webhook-pump.ts'

test('a receiver that fails, hangs or is away is told again until it has taken it, in order', async (t) => {
  const { app, inbox, hook, services } = await live(t, { attemptMs: 1000 })
  await hook(['api:domain'])
  let count = 0
  inbox.answer = (response) => {
    count += 1
    if (count === 1) response.writeHead(500).end('broken')
    else if (count === 2) response.destroy()
    else if (count === 3) response.writeHead(307, { location: inbox.url }).end()
    else if (count > 4) response.writeHead(200).end('thank you') // the fourth gets no answer
  }
  await services.domains.add(app, 'a.test', ALICE)
  await services.domains.add(app, 'b.test', ALICE)
  const hostnames = () => inbox.told.map(({ body }) => body.data.hostname)
  await until('two are taken', () => hostnames().includes('b.test'))
  const told = inbox.told.slice(0, hostnames().indexOf('b.test') + 1)
  // On a busy machine also an answer may take longer than an attempt may.
  assert.ok(told.length >= 6, `told ${told.length} times`)
  const ofFirst = told.slice(0, -1).map(({ body }) => body)
  assert.deepEqual([...new Set(ofFirst.map(({ data }) => data.hostname))], ['a.test'])
  const ids = new Set(ofFirst.map((body) => body.webhook_metadata.delivery.id))
  const attempts = new Set(told.map(({ body }) => body.webhook_metadata.attempt.id))
  assert.deepEqual([ids.size, attempts.size], [1, told.length])

  await inbox.close()
  await services.domains.add(app, 'c.test', ALICE)
  await until('it was tried in vain', async () => {
    const [head] = await services.webhooks.deliveries(app)
    return head!.delivery.attempts > 2 && head!.delivery.error === 'ECONNREFUSED'
  })
  await inbox.listen()
  await until('it is back', () => inbox.told.at(-1)?.body.data.hostname === 'c.test')
})

test('what was not told goes out after a restart of the control plane', async (t) => {
  const made = await live(t)
  const { app, inbox, hook, services } = made
  await hook(['api:domain'])
  inbox.answer = () => undefined
  await services.domains.add(app, 'a.test', ALICE)
  await until('it is on its way', () => inbox.told.length === 1)
  await services.stop()
  await services.domains.add(app, 'b.test', ALICE)
  inbox.answer = (response) => response.end()
  const pump = new WebhookPump(made.deps, QUICK)
  afterTest(t, () => pump.stop())
  pump.start()
  await until('both are told', () => inbox.told.length === 3)
  assert.deepEqual(
    inbox.told.map(({ body }) => body.data.hostname),
    ['a.test', 'a.test', 'b.test'],
  )
})

test('a dead receiver delays no other and no change, and what does not fit is given up', async (t) => {
  const made = await live(t, { waiting: 3, attemptMs: 60_000 })
  const { app, inbox, hook, services } = made
  const dead = await receiver(t)
  dead.answer = () => undefined
  const slow = await services.webhooks.create(app, {
    include: ['api:domain'],
    level: 'notify',
    url: dead.url,
  })
  await hook(['api:domain'])
  for (const [index, name] of [...'abcdef'].entries()) {
    await services.domains.add(app, `${name}.test`, ALICE)
    await until('the other is told', () => inbox.told.length === index + 1)
  }
  await until('the dead one is told of the first', () => dead.told.length > 0)
  assert.equal(dead.told.length, 1)
  const of = (await services.webhooks.deliveries(app)).filter(({ webhook }) => webhook.id === slow.id)
  const lost = of.filter(({ delivery }) => delivery.error === 'QueueFull')
  assert.deepEqual([of.length, lost.length], [6, 3])
})

test('a notification is given up after its attempts, and the next one follows', async (t) => {
  const { app, inbox, hook, services } = await live(t)
  await hook(['api:domain'], 'notify')
  inbox.answer = (response, { body }) => response.writeHead(body.data.hostname === 'a.test' ? 503 : 200).end()
  await services.domains.add(app, 'a.test', ALICE)
  await services.domains.add(app, 'b.test', ALICE)
  await until('the second is told', () => inbox.told.at(-1)?.body.data.hostname === 'b.test')
  assert.equal(inbox.told.length, 4)
  const failed = (await services.webhooks.deliveries(app)).find(({ delivery }) => delivery.attempts === 3)
  assert.deepEqual([failed?.delivery.status, failed?.delivery.code], ['failed', 503])
})

test('a change that can not be put into words holds up none that comes later', async (t) => {
  const { inbox, app, hook, services, store } = await live(t)
  await hook(['api:addon', 'api:domain'])
  const database = new DatabaseSync(join(store.dataDir, 'state.db'))
  afterTest(t, () => database.close())
  database
    .prepare(
      "INSERT INTO webhookChanges (appId, entity, action, data, previous, at) VALUES (?, 'api:addon', 'create', '{}', '{}', ?)",
    )
    .run(app.id, Date.now())
  await services.domains.add(app, 'a.test', ALICE)
  await until('the later one is told', () => inbox.told.length === 1)
  assert.equal(inbox.told[0]!.body.data.hostname, 'a.test')
})

test('a receiver is not told without end when that can not be written down', async (t) => {
  const { inbox, app, hook, services, store } = await live(t)
  const other = await receiver(t)
  const { id } = await hook(['api:domain'])
  const { settle } = store.tables.outbox
  Object.assign(store.tables.outbox, {
    settle: async (...given: Parameters<typeof settle>) => {
      const mine = (await services.webhooks.deliveries(app)).find(({ delivery }) => delivery.id === given[0])
      if (mine?.webhook.id === id) throw new Error('the disk is full')
      await settle(...given)
    },
  })
  await services.webhooks.create(app, { include: ['api:domain'], level: 'sync', url: other.url })
  for (const name of 'abcde') await services.domains.add(app, `${name}.test`, ALICE)
  await until('the other has all', () => other.told.length === 5 && inbox.told.length > 0)
  assert.equal(inbox.told.length, 1)
})
