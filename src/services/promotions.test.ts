import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import type { Stage } from '../domain/pipeline.ts'
import type { App } from '../store/apps.ts'
import { openStore } from '../store/open.ts'
import type { Pipeline } from '../store/pipelines.ts'
import { artifactNamed } from '../store/testing.ts'
import { PromotionService } from './promotions.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const

interface Made extends World {
  readonly pipeline: Pipeline
  readonly staging: App
  readonly production: App
  add(name: string, stage: Stage): Promise<App>
}

/** A pipeline with an app at staging and one at production. */
async function made(t: TestContext): Promise<Made> {
  const all = await world(t)
  const { apps, pipelines } = all.services
  const pipeline = await pipelines.create(CALLER, 'shop-line')
  const add = async (name: string, stage: Stage) => {
    const app = await apps.create(name, ALICE)
    await pipelines.add(pipeline, app, stage, ALICE)
    return app
  }
  const staging = await add('shop-staging', 'staging')
  return Object.assign(all, { pipeline, add, staging, production: await add('shop', 'production') })
}

function promote(
  { services, pipeline, staging }: Made,
  targets: readonly App[],
  release: string | null = null,
) {
  return services.promotions.promote({ pipeline, source: staging, release, targets }, ALICE)
}

test('a promotion gives each target the same artifact with its own config, unbuilt', async (t) => {
  const all = await made(t)
  const { services, staging, production, store, engine, builds } = all
  const canada = await all.add('shop-ca', 'production')
  await deployed(all, staging, 'a')
  await services.config.change(production, { PLACE: 'eu' }, ALICE)
  const [serving] = await services.releases.list(staging, {})

  const promotion = await promote(all, [production, canada])
  assert.equal(builds.length, 1)
  assert.equal(promotion.releaseId, serving!.release.id)
  const [release] = await services.releases.list(production, {})
  assert.equal(release!.release.artifact, serving!.release.artifact)
  assert.equal(release!.release.commit, serving!.release.commit)
  assert.match(release!.release.description, /^Promote shop-staging v2 aaaaaaaa$/)
  assert.deepEqual(await services.releases.config(release!.release), { PLACE: 'eu' })
  assert.equal((await services.formation.get(production)).find(({ type }) => type === 'web')?.quantity, 1)
  assert.deepEqual(engine.poked.slice(-2), [production.id, canada.id])

  const states = async () =>
    new Map(
      (await services.promotions.targets(promotion)).map((one) => [one.appId, [one.status, one.reason]]),
    )
  assert.deepEqual((await states()).get(canada.id), ['pending', null])
  await engine.finish(production.id)
  assert.deepEqual((await states()).get(production.id), ['succeeded', null])
  await engine.finish(canada.id, 'failed')
  assert.deepEqual((await states()).get(canada.id), ['failed', 'The test says so.'])
  assert.equal((await store.tables.apps.byId(production.id))?.servingRelease, release!.release.version)
})

test('an app’s first artifact brings what app.json says, also when it was promoted', async (t) => {
  const all = await made(t)
  const env = { COLOUR: { value: 'red', generator: null, required: true, description: null } }
  const manifest = { ...EMPTY_MANIFEST, env, formation: { worker: { quantity: 2, size: null } } }
  all.builder = async ({ commit }) => artifactNamed('a', { commit, manifest: manifest as never })
  await deployed(all, all.staging, 'a')
  await promote(all, [all.production])
  const [{ release }] = (await all.services.releases.list(all.production, {})) as [never]
  assert.deepEqual(await all.services.releases.config(release), { COLOUR: 'red' })
  const formation = await all.services.formation.get(all.production)
  assert.equal(formation.find(({ type }) => type === 'worker')?.quantity, 2)
})

test('what became of a promotion is known after a restart of the control plane', async (t) => {
  const all = await made(t)
  await deployed(all, all.staging, 'a')
  const { id } = await promote(all, [all.production])
  await all.engine.finish(all.production.id)
  const copy = `${all.store.dataDir}-copy`
  await all.store.backup(copy)
  const store = await openStore(copy, 'example.test')
  t.after(() => store.close())
  const again = new PromotionService({ ...all.deps, store })
  const [target] = await again.targets(await again.get(id))
  assert.equal(target?.status, 'succeeded')
})

test('a target that a newer deploy overtakes, or that is destroyed, has failed and says why', async (t) => {
  const all = await made(t)
  const { services, production, staging } = all
  const other = await all.add('other', 'production')
  await deployed(all, staging, 'a')
  const promotion = await promote(all, [production, other])
  await services.config.change(production, { A: '1' }, ALICE)
  await services.apps.destroy(other, ALICE)
  const errors = async () => {
    const targets = await services.promotions.targets(promotion)
    return new Map(targets.map((one) => [one.appId, `${one.status}: ${one.reason}`]))
  }
  assert.equal((await errors()).get(production.id), 'failed: v2 was superseded before it served.')
  assert.equal((await errors()).get(other.id), 'failed: v2 was superseded before it served.')
  await services.apps.gone(other.id)
  assert.equal((await errors()).get(other.id), 'failed: The app has been destroyed.')
  await assert.rejects(services.pipelines.couplingOf(other), { code: 'not_found' })
})

test('an earlier release that has served can be promoted, one that has not can not', async (t) => {
  const all = await made(t)
  const { services, staging, production } = all
  await deployed(all, staging, 'a')
  await deployed(all, staging, 'b')
  await deployed(all, staging, 'c', 'failed')
  const [failed, , first, empty] = await services.releases.list(staging, {})
  for (const { release } of [failed!, empty!])
    await assert.rejects(promote(all, [production], release.id), { code: 'invalid_params' })
  await assert.rejects(promote(all, [production], 'nonsense'), { code: 'invalid_params' })
  await promote(all, [production], first!.release.id)
  const [promoted] = await services.releases.list(production, {})
  assert.equal(promoted?.release.artifact, first!.release.artifact)
})

test('promotions that can not be are refused with the reason, and nothing changes', async (t) => {
  const all = await made(t)
  const { services, pipeline, staging, production } = all
  const outside = await services.apps.create('outside', ALICE)
  const early = await all.add('early', 'development')
  const twin = await all.add('twin', 'staging')
  const [review, other] = [await all.add('pr-7', 'review'), await all.add('other', 'production')]
  const refused = (targets: readonly App[], why: RegExp, source = staging) =>
    assert.rejects(
      services.promotions.promote({ pipeline, source, release: null, targets }, ALICE),
      (error: Error & { code: string }) => error.code === 'invalid_params' && why.test(error.message),
    )
  await refused([production], /no release that serves/)
  await deployed(all, staging, 'a')
  await deployed(all, outside, 'b')
  await refused([], /no app to promote to/)
  await refused([staging], /to itself/)
  await refused([production, production], /named twice/)
  await refused([production, outside], /outside is not in the pipeline/)
  await refused([production], /outside is not in the pipeline/, outside)
  await refused([early], /stands at development, before staging/)
  await refused([production], /stands at review, and nothing is promoted from there/, review)
  await refused([other], /stands at production, and nothing is promoted from there/, production)
  assert.equal((await services.releases.list(production, {})).length, 1)
  await promote(all, [twin])
})

test('an image is promoted where there is a Docker host, and else refused', async (t) => {
  const all = await made(t)
  all.builder = async ({ commit }) => artifactNamed('a', { commit, kind: 'image' })
  await deployed(all, all.staging, 'a')
  await assert.rejects(promote(all, [all.production]), /is an image, and there is no Docker host/)
  assert.equal((await all.services.releases.list(all.production, {})).length, 1)
  all.fleet.machine('h1')
  await all.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
  await promote(all, [all.production])
  assert.equal((await all.services.releases.list(all.production, {})).length, 2)
})
