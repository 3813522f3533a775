import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import { HostDrains } from './host-drains.ts'
import { removeStrays } from './host-strays.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

const LABEL = { labels: ['api'] }
const PRIVATE = '10.0.0.1'

function on(
  host: string,
  app: Pick<App, 'id'>,
  id: string,
  more: Partial<RuntimeInstance> = {},
): RuntimeInstance {
  return {
    ...{ id, kind: 'formation', appId: app.id, type: 'web', name: 'web.1', release: 2, generation: 1 },
    ...{ size: 'Eco', state: 'running', address: null, privateAddress: null, host, unreachable: false },
    ...{ pid: null, startedAt: 1, signalledAt: null, exit: null },
    ...more,
  } as RuntimeInstance
}

async function withHosts(made: World, ...names: string[]): Promise<void> {
  for (const name of names) {
    made.fleet.machine(name)
    await made.services.hosts.add(
      { url: `ssh://deploy@${name}`, privateAddress: name.startsWith('h') ? PRIVATE : null, ...LABEL },
      ALICE,
    )
  }
}

/** An app of that letter, placed on the hosts. */
async function placed(made: World, name = 'shop'): Promise<App> {
  const app = await made.services.apps.create(name, ALICE)
  await deployed(made, app, 'a')
  await made.services.placements.set(app, { runtime: 'docker', label: 'api' }, ALICE)
  await made.engine.finish(app.id)
  return app
}

const names = async ({ services }: World) => (await services.hosts.list()).map(({ name }) => name)

test('a host is taken in with its labels, its address and the key that it showed', async (t) => {
  const made = await world(t)
  made.fleet.machine('h1.test')
  const wish = {
    url: 'ssh://deploy@h1.test',
    name: 'h1',
    labels: ['web', 'api'],
    privateAddress: '10.0.0.11',
  }
  const { id, dockerVersion, ...added } = await made.services.hosts.add(wish, ALICE)
  const { name, url, labels, privateAddress, hostKey, state, condition } = added
  assert.deepEqual(
    { name, url, labels, privateAddress, hostKey, state, dockerVersion, reachable: condition.reachable },
    {
      ...{ name: 'h1', url: 'ssh://deploy@h1.test:22', labels: ['api', 'web'], privateAddress: '10.0.0.11' },
      ...{ hostKey: 'SHA256:h1.test', state: 'active', dockerVersion: '20.10.24', reachable: true },
    },
  )
  assert.deepEqual(made.fleet.told.get(id)?.name, 'h1')
  assert.equal((await made.services.hosts.get('h1')).id, id)
})

test('a host is called by its address when it is given no name', async (t) => {
  const made = await world(t)
  await withHosts(made, '10.0.0.11')
  assert.deepEqual(await names(made), ['10.0.0.11'])
  assert.equal((await made.services.hosts.get('10.0.0.11')).privateAddress, '10.0.0.11')
})

test('a host that does not answer, is there already, or shows another key is not taken in', async (t) => {
  const made = await world(t)
  await withHosts(made, '10.0.0.11')
  made.fleet.machine('10.0.0.12', { engine: 'engine-10.0.0.11' })
  made.fleet.machine('10.0.0.14')
  const key = `SHA256:${'x'.repeat(43)}`
  for (const [wish, code] of [
    [{ url: 'ssh://deploy@10.0.0.13' }, 'host_unreachable'],
    [{ url: 'ssh://deploy@10.0.0.11' }, 'conflict'],
    [{ url: 'ssh://deploy@10.0.0.12' }, 'conflict'],
    [{ url: 'ssh://deploy@10.0.0.14', name: '10.0.0.11' }, 'name_taken'],
    [{ url: 'ssh://deploy@10.0.0.14', hostKey: key }, 'host_refused'],
    [{ url: 'ssh://deploy@10.0.0.14', hostKey: 'SHA256:short' }, 'invalid_params'],
    [{ url: 'ssh://deploy@10.0.0.14', labels: ['a b'] }, 'invalid_params'],
    [{ url: 'http://10.0.0.14' }, 'invalid_params'],
  ] as const)
    await assert.rejects(made.services.hosts.add(wish, ALICE), { code }, JSON.stringify(wish))
  const silent = made.services.hosts.add({ url: 'ssh://deploy@10.0.0.13' }, ALICE)
  await assert.rejects(silent, { next: /It was not taken in\.$/ })
  assert.deepEqual(await names(made), ['10.0.0.11'])
  assert.equal(made.fleet.told.size, 1)
})

test('what a host that comes back has of apps that are gone is removed, once it answers', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.instances.push(on('h1', { id: 'gone' }, 'stray'), on('h1', app, 'known'))
  made.fleet.away.add('h1')
  made.engine.poked.length = 0
  await withHosts(made, 'h1')
  assert.ok(made.engine.poked.includes(app.id))
  const left = async () => {
    await removeStrays(made.deps)
    return made.instances.map(({ id }) => id)
  }
  assert.deepEqual(await left(), ['stray', 'known'])
  made.fleet.away.delete('h1')
  assert.deepEqual(await left(), ['known'])
})

test('labels and name of a host are changed, where the name is free', async (t) => {
  const made = await world(t)
  await withHosts(made, 'h1', 'h2')
  const { name, labels } = await made.services.hosts.update('h1', { name: 'first', labels: ['db'] }, ALICE)
  assert.deepEqual([name, labels], ['first', ['db']])
  await assert.rejects(made.services.hosts.update('first', { name: 'h2' }, ALICE), { code: 'name_taken' })
  await assert.rejects(made.services.hosts.update('h1', { labels: [] }, ALICE), { code: 'not_found' })
})

test('draining condemns what runs on the host, and what still comes, but no one-off', async (t) => {
  const made = await world(t)
  await withHosts(made, 'h1', 'h2')
  const app = await placed(made)
  made.instances.push(
    on('h1', app, 'web-1'),
    on('h2', app, 'web-2'),
    on('h1', app, 'run-1', { kind: 'one-off' }),
  )
  const drains = new HostDrains(made.deps)
  await drains.look()
  assert.deepEqual(await made.store.tables.condemned.of(app.id), [])
  assert.equal((await made.services.hosts.drain('h1', ALICE)).state, 'draining')
  await drains.look()
  assert.deepEqual(await made.store.tables.condemned.of(app.id), ['web-1'])
  made.instances.push(on('h1', app, 'web-3'))
  await drains.look()
  assert.deepEqual((await made.store.tables.condemned.of(app.id)).sort(), ['web-1', 'web-3'])
  assert.equal([...made.fleet.told.values()].find(({ name }) => name === 'h1')?.state, 'draining')
  assert.equal((await made.services.hosts.resume('h1', ALICE)).state, 'active')
  assert.equal([...made.fleet.told.values()].find(({ name }) => name === 'h1')?.state, 'active')
})

test('a host that has its app’s label no more is left, once another has it and no rollout is under way', async (t) => {
  const made = await world(t)
  await withHosts(made, 'h1', 'h2')
  const app = await placed(made)
  const other = await made.services.apps.create('anywhere', ALICE)
  made.instances.push(on('h1', app, 'web-1'), on('h2', app, 'web-2'), on('h1', other, 'web-3'))
  made.instances.push(on('h1', app, 'run-1', { kind: 'one-off' }))
  const condemned = async () => {
    await new HostDrains(made.deps).look()
    return [
      ...(await made.store.tables.condemned.of(app.id)),
      ...(await made.store.tables.condemned.of(other.id)),
    ]
  }
  await made.services.hosts.update('h1', { labels: ['db'] }, ALICE)
  made.fleet.away.add('h2')
  assert.deepEqual(await condemned(), [], 'it could run nowhere else now')
  made.fleet.away.delete('h2')
  await deployed(made, app, 'b', 'running')
  assert.deepEqual(await condemned(), [], 'the rollout starts its own where they belong')
  await made.engine.finish(app.id)
  assert.deepEqual(await condemned(), ['web-1'])
  made.instances.splice(0, 1)
  await made.store.tables.condemned.remove(app.id, 'web-1')
  await made.services.hosts.update('h2', { labels: [] }, ALICE)
  assert.deepEqual(await condemned(), [], 'nobody has the label')
})

test('a host is not drained when an app on it could run nowhere else', async (t) => {
  const made = await world(t)
  await withHosts(made, 'h1', 'h2')
  const app = await placed(made)
  made.instances.push(on('h1', app, 'web-1'))
  made.fleet.away.add('h2')
  await assert.rejects(made.services.hosts.drain('h1', ALICE), {
    code: 'no_host',
    message:
      'shop could run nowhere else. No host with the label api takes instances now: h2 does not answer.',
  })
  assert.equal((await made.services.hosts.get('h1')).state, 'active')
})

test('a host with instances is not removed, and takes instances as before', async (t) => {
  const made = await world(t)
  await withHosts(made, 'h1', 'h2')
  const app = await placed(made)
  made.instances.push(on('h1', app, 'web-1'))
  const state = () => [...made.fleet.told.values()].find(({ name }) => name === 'h1')?.state
  for (const force of [false, true])
    await assert.rejects(made.services.hosts.remove('h1', force, ALICE), {
      code: 'conflict',
      message: /web\.1/,
    })
  assert.equal(state(), 'active')
  made.fleet.away.add('h1')
  await assert.rejects(made.services.hosts.remove('h1', false, ALICE), {
    code: 'conflict',
    message: /does not answer/,
  })
  assert.deepEqual(await names(made), ['h1', 'h2'])
})

test('a host without instances is removed, and by force one that does not answer', async (t) => {
  const made = await world(t)
  await withHosts(made, 'h1', 'h2', 'h3')
  const app = await placed(made)
  await made.services.hosts.remove('h3', false, ALICE)
  made.instances.push(on('h1', app, 'web-1'))
  made.fleet.away.add('h1')
  made.engine.poked.length = 0
  await made.services.hosts.remove('h1', true, ALICE)
  assert.deepEqual(await names(made), ['h2'])
  assert.deepEqual([made.fleet.told.size, made.engine.poked], [1, [app.id]])
})
