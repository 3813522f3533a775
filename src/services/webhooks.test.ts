import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ALICE, deployed, type World } from './testing.ts'
import { type Receiver, signatureOf, until } from './testing-receiver.ts'
import { live } from './testing-webhooks.ts'

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
  await store.tables.runs.insert({
    ...{
      id: 'a-run',
      appId: app.id,
      name: 'run.1',
      instance: 'run-1',
      command: 'date',
      size: 'Eco',
      release: 2,
    },
    ...{ state: 'waiting', exitCode: null, user: 'bob@example.test', createdAt: 8, endedAt: null },
    options: { env: {}, tty: false, columns: 80, lines: 24, attached: false, seconds: 1 },
  })
  await until('the run is told', () => inbox.told.some(({ body }) => body.data.name === 'run.1'))
  await engine.finish(app.id)
  await services.apps.destroy(app, ALICE)
  await services.apps.gone(app.id)
  await until('its end is told', () => inbox.told.length > 15)
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
    'api:dyno create starting',
    'dyno create starting',
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
  const run = inbox.told.find(({ body }) => body.data.name === 'run.1')!.body
  assert.deepEqual([run.actor.email, run.data.command, run.data.size], ['bob@example.test', 'date', 'Eco'])
  await until(
    'the last has been delivered',
    async () => (await store.tables.outbox.due(Date.now())).length === 0,
  )
  await store.transaction((tables) => tables.webhooks.deleteDone())
  assert.deepEqual(await store.tables.webhooks.ofApp(app.id), [])
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
