import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { App } from '../store/apps.ts'
import { afterTest } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'
import { type Receiver, receiver, signatureOf, until } from './testing-receiver.ts'
import { PUMP_LIMITS, type PumpLimits, WebhookPump } from './webhook-pump.ts'

const QUICK: PumpLimits = {
  ...PUMP_LIMITS,
  lookMs: 10,
  attemptMs: 200,
  retries: {
    notify: { pausesMs: [10], attempts: 3, ageMs: 60_000 },
    sync: { pausesMs: [10, 20], attempts: 1000, ageMs: 60_000 },
  },
}

interface Live extends World {
  readonly app: App
  readonly inbox: Receiver
  hook(include: string[], level?: string): ReturnType<World['services']['webhooks']['create']>
}

/** An app, and a receiver that is told quickly. */
async function live(t: TestContext, limits: Partial<PumpLimits> = {}): Promise<Live> {
  const made = await world(t, { webhooks: { ...QUICK, ...limits } })
  const inbox = await receiver(t)
  const app = await made.services.apps.create('shop', ALICE)
  const hook = (include: string[], level = 'sync') =>
    made.services.webhooks.create(app, { include, level, url: inbox.url })
  return Object.assign(made, { app, inbox, hook })
}

const entity = ({ body }: Receiver['told'][number]) =>
  `${body.webhook_metadata.event.include} ${body.action} ${body.data.status ?? body.data.state ?? ''}`.trim()

test('a deploy is told from build to release, signed, in order', async (t) => {
  const { app, inbox, hook, services, store, ...rest } = await live(t)
  const { id, secrets } = await hook(['api:build', 'api:release'])
  await services.webhooks.change(app, id, { authorization: 'Bearer xyz' })
  await deployed({ services, store, ...rest } as World, app, 'a')
  await until('all is told', () => inbox.told.length >= 4)
  assert.deepEqual(inbox.told.map(entity), [
    'api:build create pending',
    'api:release create pending',
    'api:build update succeeded',
    'api:release update succeeded',
  ])
  for (const told of inbox.told) {
    assert.equal(told.headers['heroku-webhook-hmac-sha256'], signatureOf(told, secrets.secret))
    assert.equal(told.headers.authorization, 'Bearer xyz')
    assert.equal(told.headers['content-type'], 'application/json')
    assert.equal(told.body.actor.email, ALICE)
    assert.deepEqual(told.body.data.app, { id: app.id, name: 'shop' })
    assert.equal(told.body.webhook_metadata.webhook.id, id)
  }
  const last = inbox.told[3]!.body
  assert.deepEqual(last.previous_data, { status: 'pending' })
  assert.equal(last.resource, 'release')
  assert.equal(last.data.version, 2)
  const [event] = await services.webhooks.events(app)
  assert.equal(event?.id, last.id)
  await until('it is written down', async () => {
    const all = await services.webhooks.deliveries(app)
    return all.length === 4 && all.every(({ delivery }) => delivery.status === 'succeeded')
  })
})

test('each kind of change is told, and only to who wants it', async (t) => {
  const made = await live(t)
  const { app, inbox, hook, services, store, engine } = made
  await hook(['api:app', 'api:domain', 'api:formation', 'api:dyno', 'dyno', 'api:collaborator'])
  await deployed(made, app, 'a', 'running')
  await services.apps.setMaintenance(app, true, 'bob@example.test')
  await services.domains.add(app, 'www.a.test', ALICE)
  await services.domains.remove(app, 'www.a.test', ALICE)
  await services.formation.scale(app, [{ type: 'web', quantity: 3 }], ALICE)
  const entry = {
    appId: app.id,
    rollout: null,
    generation: 1,
    instance: 'web-1-x',
    name: 'web.1',
    release: 2,
  }
  const [started] = await store.rollouts.journal([
    { ...entry, kind: 'start', note: '', state: 'intent', at: 1 },
  ])
  await store.rollouts.settle([{ id: started!, error: null, at: 2 }])
  await store.rollouts.journal([{ ...entry, kind: 'passing', note: '', state: 'seen', at: 3 }])
  await store.rollouts.journal([{ ...entry, kind: 'exited', note: '', state: 'seen', at: 4 }])
  for (const kind of ['passing', 'exited'] as const)
    await store.rollouts.journal([{ ...entry, kind, note: 'once more', state: 'seen', at: 4 }])
  const phase = { ...entry, instance: 'release-1-x', name: 'release.2' }
  const [begun] = await store.rollouts.journal([
    { ...phase, kind: 'start-release-phase', note: '', state: 'intent', at: 5 },
  ])
  await store.rollouts.settle([{ id: begun!, error: null, at: 6 }])
  await store.rollouts.journal([{ ...phase, kind: 'exited', note: '', state: 'seen', at: 7 }])
  await engine.finish(app.id)
  await services.apps.destroy(app, ALICE)
  await services.apps.gone(app.id)
  await until('its end is told', () => inbox.told.length > 13)
  const told = inbox.told.map(entity)
  assert.deepEqual(told, [
    'api:formation update',
    'api:app update',
    'api:domain create',
    'api:domain destroy',
    'api:formation update',
    'api:dyno create starting',
    'dyno create starting',
    'dyno update up',
    'dyno update crashed',
    'api:dyno create starting',
    'dyno create starting',
    'dyno update down',
    'api:app destroy',
    'api:domain destroy',
  ])
  const [, maintenance, domain, , scaled] = inbox.told.map(({ body }) => body)
  assert.deepEqual(
    [maintenance.previous_data, maintenance.actor.email],
    [{ maintenance: false }, 'bob@example.test'],
  )
  assert.deepEqual([domain.data.hostname, domain.data.cname], ['www.a.test', 'shop.example.test'])
  assert.deepEqual([scaled.data.quantity, scaled.previous_data.quantity, scaled.actor.email], [3, 1, ALICE])
  const dyno = inbox.told[6]!.body.data
  assert.deepEqual([dyno.name, dyno.release.version, dyno.command], ['web.1', 2, 'node server.js'])
  await until(
    'the last has been delivered',
    async () => (await store.tables.outbox.due(Date.now())).length === 0,
  )
  await store.transaction((tables) => tables.webhooks.deleteDone())
  assert.deepEqual(await store.tables.webhooks.ofApp(app.id), [])
})

test('a receiver that fails, hangs or is away is told again until it has taken it, in order', async (t) => {
  const { app, inbox, hook, services } = await live(t)
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
  await until('two are taken', () => count >= 6)
  assert.deepEqual(
    inbox.told.map(({ body }) => body.data.hostname),
    ['a.test', 'a.test', 'a.test', 'a.test', 'a.test', 'b.test'],
  )
  const ids = new Set(inbox.told.slice(0, 5).map(({ body }) => body.webhook_metadata.delivery.id))
  const attempts = new Set(inbox.told.map(({ body }) => body.webhook_metadata.attempt.id))
  assert.deepEqual([ids.size, attempts.size], [1, 6])

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

test('secrets are sealed at rest, and made when none is given', async (t) => {
  const { app, hook, services, store } = await live(t)
  const { id, secrets } = await hook(['api:release'])
  assert.match(secrets.secret, /^[0-9a-f]{64}$/)
  const changed = await services.webhooks.change(app, id, {
    secret: 'mine-alone',
    authorization: 'Basic hidden',
  })
  assert.equal(changed.secrets.secret, 'mine-alone')
  await store.transaction((tables) => tables.apps.change(app.id, {}, Date.now()))
  const bytes = ['state.db', 'state.db-wal'].map((file) => readFileSync(join(store.dataDir, file)))
  for (const word of [secrets.secret, 'mine-alone', 'Basic hidden'])
    assert.ok(
      bytes.every((file) => !file.includes(word)),
      word,
    )
})

test('bad wishes are refused, and nothing is made', async (t) => {
  const { app, inbox, services } = await live(t)
  const good = { include: ['api:release'], level: 'notify', url: inbox.url }
  for (const bad of [
    { include: [] },
    { include: ['api:nonsense'] },
    { level: 'loud' },
    ...['ftp://a.test/', 'file:///etc/passwd', 'nonsense', '//a.test', 'http://u:p@a.test/'].map((url) => ({
      url,
    })),
    { authorization: 'a\r\nb: c' },
    { secret: '' },
  ])
    await assert.rejects(services.webhooks.create(app, { ...good, ...bad }), { code: 'invalid_params' })
  assert.deepEqual(await services.webhooks.list(app), [])
})

test('apps without webhooks note nothing, and old deliveries are forgotten', async (t) => {
  const made = await live(t)
  const { app, inbox, hook, services, store } = made
  await services.domains.add(app, 'x.test', ALICE)
  assert.deepEqual(await store.tables.outbox.changes(10), [])
  await hook(['api:domain'])
  for (const name of 'abcde') await services.domains.add(app, `${name}.test`, ALICE)
  await until('all is told', () => inbox.told.length === 5)
  await until('nothing waits', async () => (await store.tables.outbox.due(Date.now() + 1e9)).length === 0)
  await store.transaction((tables) => tables.outbox.trim(2))
  assert.equal((await services.webhooks.deliveries(app)).length, 2)
  assert.equal((await services.webhooks.events(app)).length, 2)
})
