import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../store/apps.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

/** v2 is artifact `a` with A=1, v3 config A=2, v4 artifact `b`; all of them served. */
async function history(made: World): Promise<App> {
  const app = await made.services.apps.create('shop', ALICE)
  await made.store.tables.config.set(app.id, { A: '1' })
  await deployed(made, app, 'a')
  await made.services.config.change(app, { A: '2' }, ALICE)
  await made.engine.finish(app.id)
  await deployed(made, app, 'b')
  return app
}

async function runs({ store }: World, app: App, version: number) {
  const release = (await store.tables.releases.byVersion(app.id, version))!
  return [release.artifact?.[7], (await store.tables.releases.config(app.id, version)).A]
}

test('back to a version brings its artifact and its own config, as a new release', async (t) => {
  const made = await world(t)
  const app = await history(made)
  const { release, rolloutId } = await made.services.rollback.rollBack(app, 'v2', ALICE)
  assert.deepEqual([release.version, release.description], [5, 'Rollback to v2'])
  assert.deepEqual(await runs(made, app, 5), ['a', '1'])
  assert.deepEqual(await made.services.config.get(app), { A: '1' })
  assert.equal((await made.store.rollouts.wanted(app.id))?.rollout?.id, rolloutId)
})

test('without a goal it goes to the last one with another artifact or config', async (t) => {
  const made = await world(t)
  const app = await history(made)
  const first = await made.services.rollback.rollBack(app, null, ALICE)
  assert.equal(first.release.description, 'Rollback to v3')
  assert.deepEqual(await runs(made, app, 5), ['a', '2'])
})

test('releases that failed are passed over', async (t) => {
  const made = await world(t)
  const app = await history(made)
  await deployed(made, app, 'c', 'failed')
  const { release } = await made.services.rollback.rollBack(app, null, ALICE)
  assert.equal(release.description, 'Rollback to v3')
})

test('while deploying it goes back to what serves, and supersedes the deploy', async (t) => {
  const made = await world(t)
  const app = await history(made)
  await deployed(made, app, 'c', 'running')
  const { release } = await made.services.rollback.rollBack(app, null, ALICE)
  assert.equal(release.description, 'Rollback to v4')
  const wanted = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual([wanted.rollout?.target.release, wanted.rollout?.base?.release], [6, 4])
  assert.deepEqual(
    wanted.superseded.map((one) => one.target.release),
    [5],
  )
  assert.equal((await made.store.tables.releases.byVersion(app.id, 5))?.status, 'expired')
})

test('in the bake the new release counts as having served', async (t) => {
  const made = await world(t)
  const app = await history(made)
  await deployed(made, app, 'c', 'running')
  await made.store.rollouts.markSwitched((await made.store.rollouts.wanted(app.id))!.rollout!.id)
  await made.services.rollback.rollBack(app, null, ALICE)
  const wanted = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual(wanted.rollout?.base, { generation: 4, release: 5 })
  assert.equal((await made.store.tables.releases.byVersion(app.id, 5))?.status, 'succeeded')
})

test('a commit or its beginning finds its newest release that served', async (t) => {
  const made = await world(t)
  const app = await history(made)
  const commit = artifactNamed('a').commit!
  made.builder = async () => artifactNamed('c')
  await deployed(made, app, 'c')
  const { store } = made
  assert.equal((await store.tables.releases.byVersion(app.id, 2))?.commit, null)
  made.builder = async () => artifactNamed('a', { commit })
  await deployed(made, app, 'a')
  await deployed(made, app, 'a')
  await made.services.config.change(app, { A: '3' }, ALICE)
  await made.engine.finish(app.id, 'failed')
  const { release } = await made.services.rollback.rollBack(app, commit.slice(0, 7).toUpperCase(), ALICE)
  assert.equal(release.description, 'Rollback to v7')
})

test('what can not be rolled back to is refused with the reason, and nothing changes', async (t) => {
  const made = await world(t)
  const app = await history(made)
  await deployed(made, app, 'c', 'failed')
  const { rollback } = made.services
  await assert.rejects(rollback.rollBack(app, 'v5', ALICE), /it never served/)
  await assert.rejects(rollback.rollBack(app, 'v1', ALICE), /it has no artifact/)
  await assert.rejects(rollback.rollBack(app, 'v99', ALICE), { code: 'not_found' })
  await assert.rejects(rollback.rollBack(app, 'fedcba98', ALICE), { code: 'not_found' })
  await assert.rejects(rollback.rollBack(app, "' OR 1=1", ALICE), { code: 'not_found' })
  await made.store.tables.artifacts.markCollected(artifactNamed('a').digest, 1)
  await assert.rejects(rollback.rollBack(app, 'v2', ALICE), /has been collected/)
  assert.equal((await made.services.releases.list(app, {})).length, 5)
  assert.equal((await made.store.rollouts.wanted(app.id))?.rollout, null)
})

test('an app with one release has nothing to go back to', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await assert.rejects(made.services.rollback.rollBack(app, null, ALICE), { code: 'not_found' })
  await deployed(made, app, 'a')
  await assert.rejects(made.services.rollback.rollBack(app, null, ALICE), { code: 'not_found' })
})

test('the tag of an image and the digest of an artifact name its release as well', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  const artifact = artifactNamed('a')
  made.builder = async () => artifact
  await deployed(made, app, 'a')
  for (const to of [`sha-${artifact.commit}`, `sha-${artifact.commit!.slice(0, 7)}`, artifact.digest]) {
    made.builder = async () => artifactNamed('b')
    await deployed(made, app, 'b')
    const { release } = await made.services.rollback.rollBack(app, to, ALICE)
    await made.engine.finish(app.id)
    assert.equal(release.artifact, artifact.digest, to)
  }
  const unknown = made.services.rollback.rollBack(app, `sha256:${'f'.repeat(64)}`, ALICE)
  await assert.rejects(unknown, { code: 'not_found' })
})
