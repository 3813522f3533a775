import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { ON_ANY_HOST } from '../domain/placement.ts'
import { artifactNamed } from '../store/testing.ts'
import { placementOf } from './placements.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

const API = { runtime: 'docker', label: 'api' } as const
const LOCAL = { runtime: 'process' } as const

async function shop(made: World) {
  made.fleet.machine('h1')
  await made.services.hosts.add(
    { url: 'ssh://deploy@h1', privateAddress: '10.0.0.1', labels: ['api'] },
    ALICE,
  )
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  return app
}

test('placing an app moves what runs by a rollout of the same release', async (t) => {
  const made = await world(t)
  const app = await shop(made)
  assert.deepEqual(await made.services.placements.get(app), LOCAL)
  const { rollout } = await made.services.placements.set(app, API, ALICE)
  const wanted = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual([wanted.rollout?.id, wanted.rollout?.kind], [rollout, 'restart'])
  assert.deepEqual(await made.services.placements.get(app), API)
  await made.engine.finish(app.id)
  assert.equal((await made.services.placements.set(app, API, ALICE)).rollout, null)
  assert.notEqual((await made.services.placements.set(app, LOCAL, ALICE)).rollout, null)
  assert.deepEqual(await made.services.placements.get(app), LOCAL)
})

test('an app without a release is placed for its first one', async (t) => {
  const made = await world(t)
  await shop(made)
  const app = await made.services.apps.create('other', ALICE)
  assert.equal((await made.services.placements.set(app, ON_ANY_HOST, ALICE)).rollout, null)
  assert.deepEqual(await made.services.placements.get(app), ON_ANY_HOST)
})

test('an app is not placed where there is no host', async (t) => {
  const made = await world(t)
  const app = await shop(made)
  const db = { runtime: 'docker', label: 'db' } as const
  await assert.rejects(made.services.placements.set(app, db, ALICE), { code: 'no_host' })
  await assert.rejects(made.services.placements.set(app, { ...db, label: 'a b' }, ALICE), {
    code: 'invalid_params',
  })
  assert.deepEqual(await made.services.placements.get(app), LOCAL)
  assert.equal((await made.store.rollouts.wanted(app.id))?.rollout, null)
})

test('an image runs on any host unless its app is placed, and never without Docker', async (t) => {
  const made = await world(t)
  made.builder = async () =>
    artifactNamed('i', {
      kind: 'image',
      image: { ref: 'r/app@sha256:1', id: 'sha256:2', repository: 'r/app' },
    })
  const app = await shop(made)
  assert.deepEqual(await made.services.placements.get(app), ON_ANY_HOST)
  await assert.rejects(made.services.placements.set(app, LOCAL, ALICE), {
    code: 'invalid_params',
    message: 'shop runs from an image, which needs Docker.',
  })
  await made.services.placements.set(app, API, ALICE)
  await made.engine.finish(app.id)
  const { artifact } = (await made.services.releases.get(app, 'v2')).release
  assert.deepEqual(await placementOf(made.store.tables, app.id, artifact!), API)
})

test('an app that runs where it is placed anyway is placed there also for other artifacts', async (t) => {
  const made = await world(t)
  made.builder = async ({ source }) => {
    const image = { ref: 'r/app@sha256:1', id: 'sha256:2', repository: 'r/app' }
    return (await readFile(source.tarball, 'utf8')).startsWith('a')
      ? artifactNamed('a', { kind: 'image', image })
      : artifactNamed('b')
  }
  const app = await shop(made)
  assert.equal((await made.services.placements.set(app, ON_ANY_HOST, ALICE)).rollout, null)
  await deployed(made, app, 'b')
  assert.deepEqual(await made.services.placements.get(app), ON_ANY_HOST)
})

test('while an app is being moved its older instances have their old place, and all when that has failed', async (t) => {
  const made = await world(t)
  const app = await shop(made)
  const { artifact } = (await made.services.releases.get(app, 'v2')).release
  const at = (generation: number | null) => placementOf(made.store.tables, app.id, artifact!, generation)
  for (const outcome of ['failed', 'returned'] as const) {
    await made.services.placements.set(app, API, ALICE)
    const { generation } = (await made.store.rollouts.wanted(app.id))!
    assert.deepEqual([await at(generation - 1), await at(generation), await at(null)], [LOCAL, API, API])
    await made.engine.finish(app.id, outcome)
    assert.deepEqual(
      [await at(generation - 1), await at(generation + 1), await at(null)],
      [LOCAL, LOCAL, LOCAL],
    )
    assert.deepEqual(await made.services.placements.get(app), LOCAL)
  }
  await made.services.placements.set(app, API, ALICE)
  await made.engine.finish(app.id)
  assert.deepEqual([await at(1), await at(null)], [API, API])
})

test('a move that a deploy overtakes goes on with that', async (t) => {
  const made = await world(t)
  const app = await shop(made)
  await made.services.placements.set(app, API, ALICE)
  await deployed(made, app, 'b', 'running')
  const { rollout } = (await made.store.rollouts.wanted(app.id))!
  const { artifact } = (await made.services.releases.get(app, 'v3')).release
  const at = (generation: number) => placementOf(made.store.tables, app.id, artifact!, generation)
  assert.deepEqual([await at(rollout!.base!.generation), await at(rollout!.target.generation)], [LOCAL, API])
})

test('what no release has, like the build of a pipeline’s tests, runs on the server itself', async (t) => {
  const { store } = await world(t)
  const { digest } = artifactNamed('d')
  assert.deepEqual(await placementOf(store.tables, 'a-pipeline', digest), LOCAL)
})
