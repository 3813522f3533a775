import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import type { RouterServer } from '../rollout/ports.ts'
import type { App } from '../store/apps.ts'
import { createServices } from './index.ts'
import { ALICE, deployed, type World, world } from './testing.ts'
import { until } from './testing-receiver.ts'

const MINUTE = 60_000
const UP: RouterServer = {
  instance: 'web-1-a',
  address: { host: '127.0.0.1', port: 2000 },
  admin: 'ready',
  everywhere: true,
  health: 'up',
  passedOnce: true,
  inFlight: 0,
  streams: 0,
  check: '',
}

/** A world whose clock stands still until it is moved, with an app that serves. */
async function worldWithApp(context: TestContext) {
  const clock = { now: Date.now() }
  const made = await world(context, {}, () => clock.now)
  const app = await madeApp(made, 'demo')
  made.servers.push(UP)
  return { made, app, clock }
}

async function madeApp(made: World, name: string): Promise<App> {
  const app = await made.services.apps.create(name, ALICE)
  await deployed(made, app, 'a')
  return (await made.store.tables.apps.byId(app.id))!
}

async function quantity({ store }: World, app: App): Promise<number | undefined> {
  const wanted = (await store.rollouts.wanted(app.id))!
  return wanted.types.get(wanted.serving!.generation)?.find(({ type }) => type === ROUTABLE_TYPE)?.quantity
}

it('an app that sleeps wants no instances, keeps its formation, and its visitors wait for as long as it may boot', async (context) => {
  const { made, app } = await worldWithApp(context)
  await made.services.sleeping.sleep(app, ALICE)
  assert.equal(await made.services.sleeping.state(app.id), 'asleep')
  assert.equal(await quantity(made, app), 0)
  const web = (await made.services.formation.get(app)).find(({ type }) => type === ROUTABLE_TYPE)
  assert.equal(web?.quantity, 1)
  assert.deepEqual([...made.waiters], [[app.id, 75_000]])
  assert.ok(made.engine.poked.includes(app.id))
  assert.match(made.logs.lines.at(-1)!.line, /Put to sleep: asked for by alice/)
})

it('the router is told before the store, so that nobody can be turned away in between', async (context) => {
  const { made, app } = await worldWithApp(context)
  const seen: (number | undefined)[] = []
  context.mock.method(made.deps.doorstep, 'waitFor', async () => {
    seen.push(await quantity(made, app))
  })
  await made.services.sleeping.sleep(app, ALICE)
  assert.deepEqual(seen, [1])
})

it('a visitor wakes it, and the router is told that it is awake when an instance serves', async (context) => {
  const { made, app } = await worldWithApp(context)
  await made.services.sleeping.sleep(app, ALICE)
  made.servers.length = 0
  for (let ring = 0; ring < 5; ring += 1) made.visit(app.id)
  await until('it wakes up', async () => (await made.services.sleeping.state(app.id)) === 'waking')
  assert.equal(await quantity(made, app), 1)
  assert.ok(made.waiters.has(app.id))
  made.servers.push(UP)
  await until('it is awake', async () => (await made.services.sleeping.state(app.id)) === 'awake')
  await until('its visitors wait no longer', async () => !made.waiters.has(app.id))
  const told = made.logs.lines.filter(({ dyno }) => dyno === 'sleep').map(({ line }) => line.slice(28))
  assert.deepEqual(told.length, 3, told.join('\n'))
})

it('an app is put to sleep when nobody has visited it for as long as it was said', async (context) => {
  const { made, app, clock } = await worldWithApp(context)
  const { sleeping } = made.services
  await sleeping.setSleeper(app.id, { afterIdleMs: 30 * MINUTE })
  clock.now += 29 * MINUTE
  made.visits.set(app.id, clock.now)
  await sleeping.look()
  clock.now += 29 * MINUTE
  await sleeping.look()
  assert.equal(await sleeping.state(app.id), 'awake')
  clock.now += MINUTE
  await sleeping.look()
  assert.equal(await sleeping.state(app.id), 'asleep')
})

it('whoever is still being served counts as a visitor', async (context) => {
  const { made, app, clock } = await worldWithApp(context)
  const { sleeping } = made.services
  await sleeping.setSleeper(app.id, { afterIdleMs: MINUTE })
  made.servers.splice(0, 1, { ...UP, streams: 1 })
  clock.now += MINUTE
  await sleeping.look()
  made.servers.splice(0, 1, UP)
  clock.now += MINUTE / 2
  await sleeping.look()
  assert.equal(await sleeping.state(app.id), 'awake')
  clock.now += MINUTE / 2
  await sleeping.look()
  assert.equal(await sleeping.state(app.id), 'asleep')
})

it('of a pool with too many awake the one that has been idle the longest goes to sleep', async (context) => {
  const { made, app, clock } = await worldWithApp(context)
  const { sleeping } = made.services
  const others = [await madeApp(made, 'second'), await madeApp(made, 'third')]
  await sleeping.limitPool('reviews', { mostAwake: 2, mostBytes: null })
  for (const one of [app, ...others])
    await sleeping.setSleeper(one.id, { afterIdleMs: null, pool: 'reviews' })
  clock.now += MINUTE
  made.visits.set(app.id, clock.now).set(others[1]!.id, clock.now - 1)
  await sleeping.look()
  const states = await Promise.all([app, ...others].map(({ id }) => sleeping.state(id)))
  assert.deepEqual(states, ['awake', 'asleep', 'awake'])
})

it('of a pool that uses too much memory as many go to sleep as it takes, and none that was visited just now', async (context) => {
  const { made, app, clock } = await worldWithApp(context)
  const { sleeping } = made.services
  const all = [
    app,
    await madeApp(made, 'second'),
    await madeApp(made, 'third'),
    await madeApp(made, 'fourth'),
  ]
  await sleeping.limitPool('reviews', { mostAwake: null, mostBytes: 100 })
  for (const one of all) {
    await sleeping.setSleeper(one.id, { afterIdleMs: null, pool: 'reviews' })
    made.memory.set(one.id, 60)
  }
  clock.now += MINUTE
  for (const one of all.slice(1)) made.visits.set(one.id, clock.now)
  await sleeping.look()
  const states = () => Promise.all(all.map(({ id }) => sleeping.state(id)))
  assert.deepEqual(await states(), ['asleep', 'awake', 'awake', 'awake'])
  clock.now += MINUTE
  made.visits.set(all[3]!.id, clock.now - 1)
  await sleeping.look()
  assert.deepEqual(await states(), ['asleep', 'asleep', 'asleep', 'awake'])
})

it('what is asked of an app that sleeps wakes it: a deploy, a config change, a scaling', async (context) => {
  const { made, app } = await worldWithApp(context)
  const { sleeping, config, formation } = made.services
  const state = () => sleeping.state(app.id)
  await sleeping.sleep(app, ALICE)
  await deployed(made, app, 'b', 'running')
  assert.equal(await state(), 'waking')
  await made.engine.finish(app.id)
  await sleeping.look()
  await until('it is awake', async () => (await state()) === 'awake')
  await sleeping.sleep(app, ALICE)
  await config.change(app, { KEY: 'value' }, ALICE)
  assert.equal(await state(), 'waking')
  await made.engine.finish(app.id)
  await sleeping.look()
  await until('it is awake', async () => (await state()) === 'awake')
  await sleeping.sleep(app, ALICE)
  await formation.scale(app, [{ type: ROUTABLE_TYPE, quantity: 2 }], ALICE)
  assert.equal(await state(), 'waking')
})

it('it can not sleep while a rollout is under way, nor without an instance that a visit could wake', async (context) => {
  const { made, app } = await worldWithApp(context)
  await deployed(made, app, 'b', 'running')
  await assert.rejects(made.services.sleeping.sleep(app, ALICE), { code: 'conflict', message: /rollout/ })
  await made.engine.finish(app.id)
  await made.services.formation.scale(app, [{ type: ROUTABLE_TYPE, quantity: 0 }], ALICE)
  await assert.rejects(made.services.sleeping.sleep(app, ALICE), { code: 'conflict', message: /no web/ })
  assert.deepEqual([...made.waiters], [])
})

it('the next control plane goes on: who sleeps sleeps, who woke up is looked after, and the router is set right', async (context) => {
  const { made, app } = await worldWithApp(context)
  const other = await madeApp(made, 'second')
  await made.services.sleeping.sleep(app, ALICE)
  await made.services.sleeping.sleep(other, ALICE)
  await made.services.sleeping.stop()
  await made.store.tables.sleepers.wake(other.id, Date.now())
  made.waiters.clear()
  made.waiters.set('nobody', 1000)
  const next = createServices(made.deps).sleeping
  await next.start()
  await until('the second is awake', async () => (await next.state(other.id)) === 'awake')
  await until('the router is told', async () => !made.waiters.has(other.id))
  assert.deepEqual([...made.waiters.keys()], [app.id])
  assert.equal(await next.state(app.id), 'asleep')
  made.visit(app.id)
  await until('a visit is heard', async () => (await next.state(app.id)) !== 'asleep')
  await next.stop()
})

it('the next control plane allows for visitors that the last one had no time to write down', async (context) => {
  const { made, app, clock } = await worldWithApp(context)
  await made.services.sleeping.setSleeper(app.id, { afterIdleMs: MINUTE })
  await made.services.sleeping.stop()
  clock.now += MINUTE
  const next = createServices(made.deps).sleeping
  await next.start()
  assert.equal(await next.state(app.id), 'awake')
  clock.now += MINUTE / 2
  await next.look()
  assert.equal(await next.state(app.id), 'asleep')
  await next.stop()
})

it('who sleeps is woken when the router has no place for its visitors, as after a restore', async (context) => {
  const { made, app } = await worldWithApp(context)
  await made.services.sleeping.sleep(app, ALICE)
  await made.services.sleeping.stop()
  made.waiters.clear()
  const observed = context.mock.method(made.deps.router, 'observe', async () => null)
  const next = createServices(made.deps).sleeping
  await next.start()
  assert.equal(await next.state(app.id), 'waking')
  observed.mock.restore()
  await until('it is awake', async () => (await next.state(app.id)) === 'awake')
  await next.stop()
})

it('what does not come up keeps nobody waiting for ever', async (context) => {
  const { made, app, clock } = await worldWithApp(context)
  await made.services.sleeping.sleep(app, ALICE)
  made.servers.length = 0
  made.visit(app.id)
  await until('it wakes up', async () => (await made.services.sleeping.state(app.id)) === 'waking')
  clock.now += 76_000
  await until('it is given up', async () => !made.waiters.has(app.id))
  assert.match(made.logs.lines.at(-1)!.line, /Did not come up within 75\.0 s/)
})
