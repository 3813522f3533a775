import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, deployed, world } from './testing.ts'

test('a change before the first deploy is a release with nothing to run', async (t) => {
  const { services, engine } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const { config, made } = await services.config.change(app, { A: '1', B: '2' }, ALICE)
  assert.deepEqual(config, { A: '1', B: '2' })
  assert.deepEqual(
    [made?.release.version, made?.release.description, made?.release.status, made?.rolloutId],
    [2, 'Set A, B config vars', 'succeeded', null],
  )
  assert.equal(engine.poked.at(-1), app.id)
})

test('a change after it is a release of the same artifact, and a rollout', async (t) => {
  const world_ = await world(t)
  const { services, store } = world_
  const app = await services.apps.create('shop', ALICE)
  await deployed(world_, app, 'a')
  const { made } = await services.config.change(app, { A: '1' }, ALICE)
  const [now, before] = await store.tables.releases.list(app.id)
  assert.equal(now?.artifact, before?.artifact)
  const wanted = (await store.rollouts.wanted(app.id))!
  assert.deepEqual([wanted.rollout?.id, wanted.rollout?.target.release], [made?.rolloutId, 3])
})

test('setting what is set already makes no release', async (t) => {
  const { services } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  await services.config.change(app, { A: '1' }, ALICE)
  assert.equal((await services.config.change(app, { A: '1', GONE: null }, ALICE)).made, null)
  assert.equal((await services.releases.list(app, {})).length, 2)
})

test('null removes, and says so by name only', async (t) => {
  const { services } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  await services.config.change(app, { A: 'secret-1', B: 'secret-2' }, ALICE)
  const { config, made } = await services.config.change(app, { A: null, C: 'secret-3' }, ALICE)
  assert.deepEqual(config, { B: 'secret-2', C: 'secret-3' })
  assert.equal(made?.release.description, 'Set C, Remove A config vars')
})

test('a bad change changes nothing, also not its good part', async (t) => {
  const { services } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  await services.config.change(app, { A: '1' }, ALICE)
  const bad: Record<string, string>[] = [
    { B: '1', '1X': 'x' },
    { B: '1', PORT: '80' },
    { B: 'a\0b' },
    { B: '\ud800' },
    { B: 'x'.repeat(70_000) },
    { B: 5 as unknown as string },
  ]
  for (const change of bad)
    await assert.rejects(services.config.change(app, change, ALICE), { code: 'invalid_params' })
  assert.deepEqual(await services.config.get(app), { A: '1' })
  assert.equal((await services.releases.list(app, {})).length, 2)
})

test('a change whose rollout failed is kept, as not live, and the next deploy brings it', async (t) => {
  const made = await world(t)
  const { services, engine, store } = made
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await services.config.change(app, { A: 'bad' }, ALICE)
  await engine.finish(app.id, 'failed')
  assert.deepEqual(await services.config.get(app), { A: 'bad' })
  assert.equal(await services.config.live(app), false)
  const failed = await services.releases.get(app, 'v3')
  assert.deepEqual([failed.release.status, failed.current], ['failed', false])
  assert.equal((await services.releases.get(app, 'v2')).current, true)

  await deployed(made, app, 'b')
  assert.equal(await services.config.live(app), true)
  assert.deepEqual(await store.tables.releases.config(app.id, 4), { A: 'bad' })
})

test('a change while a deploy is under way builds on that deploy and supersedes it', async (t) => {
  const made = await world(t)
  const { services, store } = made
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await deployed(made, app, 'b', 'running')
  const { made: release } = await services.config.change(app, { A: '1' }, ALICE)
  const deploy = await store.tables.releases.byVersion(app.id, 3)
  assert.equal(release?.release.artifact, deploy?.artifact)
  assert.equal(deploy?.status, 'expired')
  const wanted = (await store.rollouts.wanted(app.id))!
  assert.deepEqual([wanted.rollout?.base?.release, wanted.rollout?.target.release], [2, 4])
  assert.deepEqual(
    wanted.superseded.map((one) => one.target.release),
    [3],
  )
})

test('a change after a failed deploy keeps the artifact that serves', async (t) => {
  const made = await world(t)
  const { services, store } = made
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await deployed(made, app, 'b', 'failed')
  const { made: release } = await services.config.change(app, { A: '1' }, ALICE)
  assert.equal(release?.release.artifact, (await store.tables.releases.byVersion(app.id, 2))?.artifact)
})

test('a change after a failed first deploy tries that artifact again', async (t) => {
  const made = await world(t)
  const { services } = made
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'failed')
  const { made: release } = await services.config.change(app, { NEEDED: '1' }, ALICE)
  assert.ok(release?.rolloutId)
  assert.ok(release?.release.artifact)
})
