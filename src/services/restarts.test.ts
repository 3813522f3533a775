import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import type { RuntimeInstance } from '../domain/instance.ts'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import type { App } from '../store/apps.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

const DAY = 24 * 60 * 60_000

async function running(made: World): Promise<App> {
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  return app
}

function instance(app: App, id: string, more: Partial<RuntimeInstance> = {}): RuntimeInstance {
  return {
    id,
    kind: 'formation',
    appId: app.id,
    type: 'web',
    name: 'web.1',
    release: 2,
    generation: 1,
    size: 'Eco',
    state: 'running',
    address: { host: '127.0.0.1', port: 20000 },
    privateAddress: null,
    host: null,
    unreachable: false,
    pid: 1,
    startedAt: 1,
    signalledAt: null,
    exit: null,
    ...more,
  }
}

test('a restart is a rollout to the same release in a new generation', async (t) => {
  const made = await world(t)
  const app = await running(made)
  const id = await made.services.restarts.all(app, ALICE)
  const { rollout } = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual(
    [rollout?.id, rollout?.kind, rollout?.target, rollout?.base, rollout?.releasePhaseDone],
    [id, 'restart', { generation: 2, release: 2 }, { generation: 1, release: 2 }, true],
  )
  await made.engine.finish(app.id, 'failed')
  const wanted = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual(wanted.serving, { generation: 1, release: 2 })
  assert.equal((await made.services.releases.get(app, 'v2')).release.status, 'succeeded')
})

test('an app that was never deployed has nothing to restart', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  assert.equal(await made.services.restarts.all(app, ALICE), null)
  await deployed(made, app, 'a', 'failed')
  assert.equal(await made.services.restarts.all(app, ALICE), null)
})

test('a restart in mid-deploy begins that release again, without its release phase if that has been passed', async (t) => {
  const made = await world(t)
  made.builder = async () => artifactNamed('a', { processTypes: { web: 'w', release: 'r' } })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  await made.services.restarts.all(app, ALICE)
  const again = (await made.store.rollouts.wanted(app.id))!.rollout!
  assert.deepEqual(
    [again.kind, again.target, again.releasePhaseDone],
    ['release', { generation: 2, release: 2 }, false],
  )
  await made.store.rollouts.passReleasePhase(again.id)
  await made.services.restarts.all(app, ALICE)
  assert.equal((await made.store.rollouts.wanted(app.id))!.rollout!.releasePhaseDone, true)
  await made.engine.finish(app.id)
  assert.equal((await made.services.releases.get(app, 'v2')).release.status, 'succeeded')
})

test('a restart in the bake keeps the release that took over', async (t) => {
  const made = await world(t)
  const app = await running(made)
  await deployed(made, app, 'b', 'running')
  await made.store.rollouts.markSwitched((await made.store.rollouts.wanted(app.id))!.rollout!.id)
  await made.services.restarts.all(app, ALICE)
  const { rollout } = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual([rollout?.kind, rollout?.base], ['restart', { generation: 2, release: 3 }])
  await made.engine.finish(app.id, 'failed')
  const { release, current } = await made.services.releases.get(app, 'v3')
  assert.deepEqual([release.status, current], ['succeeded', true])
})

test('a single instance is replaced by name: the newest of that name, and no rollout begins', async (t) => {
  const made = await world(t)
  const app = await running(made)
  made.instances.push(instance(app, 'web-1-old', { generation: 0 }), instance(app, 'web-1-new'))
  made.instances.push(instance(app, 'web-1-run', { kind: 'one-off', generation: 9 }))
  assert.equal(await made.services.restarts.restart(app, { instance: 'web.1' }, ALICE), null)
  const wanted = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual([[...wanted.condemned], wanted.rollout], [['web-1-new'], null])
  await made.services.restarts.restart(app, { instance: 'web-1-old' }, ALICE)
  assert.equal((await made.store.rollouts.wanted(app.id))?.condemned.size, 2)
})

test('unknown instances and types are refused', async (t) => {
  const made = await world(t)
  const app = await running(made)
  await assert.rejects(made.services.restarts.restart(app, { instance: 'web.9' }, ALICE), {
    code: 'not_found',
  })
  await assert.rejects(made.services.restarts.restart(app, { type: 'clock' }, ALICE), { code: 'not_found' })
  assert.ok(await made.services.restarts.restart(app, { type: 'web' }, ALICE))
})

test('who asks for it is restarted once a day, and nobody else', async (t) => {
  const made = await world(t)
  const web = { ...DEFAULT_SETTINGS, dailyRestart: true }
  const plain = await made.services.apps.create('plain', ALICE)
  await deployed(made, plain, 'b')
  made.builder = async () => artifactNamed('a', { manifest: { ...EMPTY_MANIFEST, settings: { web } } })
  const app = await running(made)
  const { dailyRestarts } = made.services
  assert.equal(await dailyRestarts.begin(Date.now() + DAY - 60_000), 0)
  const later = Date.now() + DAY + 4 * 60 * 60_000
  assert.equal(await dailyRestarts.begin(later), 1)
  assert.equal((await made.store.rollouts.wanted(app.id))?.rollout?.kind, 'restart')
  assert.equal(await dailyRestarts.begin(later), 0, 'one that runs is not begun again')
  await made.engine.finish(app.id)
  assert.equal(await dailyRestarts.begin(Date.now() + DAY - 60_000), 0)
})
