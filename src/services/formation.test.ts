import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

async function counts({ services }: World, name = 'shop'): Promise<string> {
  const formation = await services.formation.get(await services.apps.find(name))
  return formation.map((one) => `${one.type}=${one.quantity}:${one.size}`).join(' ')
}

test('the first deploy starts one web instance and no others', async (t) => {
  const made = await world(t)
  await deployed(made, await made.services.apps.create('shop', ALICE), 'a')
  assert.equal(await counts(made), 'web=1:Standard-1X worker=0:Standard-1X')
})

test('app.json says what the first deploy starts; later ones leave what people scaled', async (t) => {
  const made = await world(t)
  const formation = { web: { quantity: 3, size: 'basic' }, worker: { quantity: 2, size: null } }
  made.builder = async () => artifactNamed('a', { manifest: { ...EMPTY_MANIFEST, formation } })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  assert.equal(await counts(made), 'web=3:Basic worker=2:Standard-1X')
  await made.services.formation.scale(app, [{ type: 'web', quantity: 0 }], ALICE)
  await deployed(made, app, 'a')
  assert.equal(await counts(made), 'web=0:Basic worker=2:Standard-1X')
})

test('what was scaled before the first deploy holds for it', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await made.services.formation.scale(app, [{ type: 'web', quantity: 2, size: 'eco' }], ALICE)
  await deployed(made, app, 'a')
  assert.equal(await counts(made), 'web=2:Eco worker=0:Standard-1X')
})

test('quantities are absolute or steps, and sizes any case', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  const { formation } = made.services
  await formation.scale(
    app,
    [
      { type: 'web', quantity: '+2' },
      { type: 'worker', quantity: 1, size: 'STANDARD-2x' },
    ],
    ALICE,
  )
  assert.equal(await counts(made), 'web=3:Standard-1X worker=1:Standard-2X')
  await formation.scale(app, [{ type: 'web', quantity: '-1' }], ALICE)
  await formation.scale(app, [{ type: 'worker', size: 'Eco' }], ALICE)
  assert.equal(await counts(made), 'web=2:Standard-1X worker=1:Eco')
})

test('scaling makes no release, and tells the engine', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  const before = made.engine.poked.length
  await made.services.formation.scale(app, [{ type: 'web', quantity: 2 }], ALICE)
  assert.equal(made.engine.poked.length, before + 1)
  assert.equal((await made.services.releases.list(app, {})).length, 2)
  assert.equal((await made.store.rollouts.wanted(app.id))?.rollout, null)
})

test('one bad wish among good ones changes nothing', async (t) => {
  const made = await world(t, { mostInstances: 10 })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  const bad = [
    { type: 'clock', quantity: 1 },
    { type: 'we b', quantity: 1 },
    { type: 'web', quantity: -1 },
    { type: 'web', quantity: 1.5 },
    { type: 'web', quantity: '-2' },
    { type: 'web', quantity: 'many' },
    { type: 'web', quantity: 11 },
    { type: 'web', quantity: '+10' },
    { type: 'web', quantity: Number.NaN },
    { type: 'web', size: 'Huge' },
  ]
  for (const wish of bad)
    await assert.rejects(
      made.services.formation.scale(app, [{ type: 'worker', quantity: 3 }, wish], ALICE),
      { code: 'invalid_params' },
      JSON.stringify(wish),
    )
  assert.equal(await counts(made), 'web=1:Standard-1X worker=0:Standard-1X')
})

test('the release process type has a size but no quantity', async (t) => {
  const made = await world(t)
  made.builder = async () => artifactNamed('a', { processTypes: { web: 'w', release: 'r' } })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await assert.rejects(made.services.formation.scale(app, [{ type: 'release', quantity: 1 }], ALICE), {
    code: 'invalid_params',
  })
  await made.services.formation.scale(app, [{ type: 'release', size: 'Standard-2X' }], ALICE)
  assert.equal(await counts(made), 'web=1:Standard-1X release=0:Standard-2X')
  const set = { generation: 1, release: 2 }
  const spec = await made.store.rollouts.instanceSpec(app.id, set, 'release', 'release-phase')
  assert.equal(spec.size.name, 'Standard-2X')
})
