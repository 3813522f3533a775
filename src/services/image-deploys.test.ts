import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, type World, world } from './testing.ts'
import { imageNamed } from './testing-images.ts'

const REPOSITORY = 'registry.example/team/shop'

async function withHost(t: Parameters<typeof world>[0]): Promise<World> {
  const made = await world(t)
  made.fleet.machine('h1')
  await made.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
  return made
}

test('an image is released as what its tag names now, and its own command is its web', async (t) => {
  const made = await withHost(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.images.inRegistries.set(`${REPOSITORY}:sha-4f2a91c`, imageNamed('a'))
  const { release, rolloutId } = await made.services.imageDeploys.deploy(
    app,
    { image: `${REPOSITORY}:sha-4f2a91c` },
    ALICE,
  )
  assert.deepEqual([release.artifact, release.commit], [imageNamed('a').digest, '4f2a91c'])
  assert.notEqual(rolloutId, null)
  const artifact = await made.store.tables.artifacts.get(release.artifact!)
  assert.deepEqual(artifact.processTypes, { web: '' })
  assert.deepEqual(artifact.image, {
    ref: `${REPOSITORY}@${imageNamed('a').digest}`,
    id: imageNamed('a').id,
    repository: REPOSITORY,
  })
  assert.deepEqual(
    (await made.store.tables.formation.get(app.id)).map(({ type, quantity }) => [type, quantity]),
    [['web', 1]],
  )
})

test('the same image with a Procfile or an app.json is another artifact', async (t) => {
  const made = await withHost(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.images.inRegistries.set(`${REPOSITORY}:latest`, imageNamed('a'))
  const deploy = (more: object) =>
    made.services.imageDeploys.deploy(app, { image: REPOSITORY, ...more }, ALICE)
  const plain = await deploy({})
  const procfile = await deploy({ procfile: 'worker: node worker.js\n' })
  const appJson = await deploy({ appJson: '{"tasuki":{"bake_seconds":3}}' })
  const digests = [plain, procfile, appJson].map(({ release }) => release.artifact!)
  assert.equal(new Set(digests).size, 3)
  const { artifacts } = made.store.tables
  assert.deepEqual((await artifacts.get(digests[1]!)).processTypes, { web: '', worker: 'node worker.js' })
  assert.equal((await artifacts.get(digests[2]!)).manifest.settings.web?.bakeSeconds, 3)
  for (const digest of digests) assert.equal((await artifacts.get(digest)).image?.id, imageNamed('a').id)
})

test('the digest that an image has in its registry finds its release', async (t) => {
  const made = await withHost(t)
  const app = await made.services.apps.create('shop', ALICE)
  for (const mark of ['a', 'b']) {
    made.images.inRegistries.set(`${REPOSITORY}:latest`, imageNamed(mark))
    const wish = { image: REPOSITORY, procfile: 'worker: work\n' }
    await made.services.imageDeploys.deploy(app, wish, ALICE)
    await made.engine.finish(app.id)
  }
  const { release } = await made.services.rollback.rollBack(app, imageNamed('a').digest, ALICE)
  assert.equal(release.description, 'Rollback to v2')
})

test('an image that only a Docker host has is released by its id', async (t) => {
  const made = await withHost(t)
  const app = await made.services.apps.create('shop', ALICE)
  const { id } = imageNamed('a')
  made.images.hosts.set('shop:dev', imageNamed('a', { digest: id }))
  const { release } = await made.services.imageDeploys.deploy(
    app,
    { image: 'shop:dev', commit: 'abc1234' },
    ALICE,
  )
  assert.deepEqual([release.artifact, release.commit], [id, 'abc1234'])
  const { image } = await made.store.tables.artifacts.get(id)
  assert.deepEqual(image, { ref: id, id, repository: null })
})

test('without a registry in its name an image is looked for on the hosts, then in the Docker Hub', async (t) => {
  const made = await withHost(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.images.inRegistries.set('docker.io/nginx:latest', imageNamed('b'))
  const { release } = await made.services.imageDeploys.deploy(app, { image: 'nginx' }, ALICE)
  const { image } = await made.store.tables.artifacts.get(release.artifact!)
  assert.equal(image?.ref, `docker.io/nginx@${imageNamed('b').digest}`)
})

test('what is nowhere, or can not run anywhere, is refused, and nothing changes', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  const deploy = (image: string, more: object = {}) =>
    made.services.imageDeploys.deploy(app, { image, ...more }, ALICE)
  made.images.inRegistries.set(`${REPOSITORY}:latest`, imageNamed('a'))
  await assert.rejects(deploy(REPOSITORY), { code: 'conflict', message: /there is none/ })
  made.fleet.machine('h1')
  await made.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
  await assert.rejects(deploy(`${REPOSITORY}:nope`), { code: 'invalid_params' })
  await assert.rejects(deploy('Not An Image'), { code: 'invalid_params' })
  await assert.rejects(deploy(REPOSITORY, { commit: 'a b' }), { code: 'invalid_params' })
  await assert.rejects(deploy(REPOSITORY, { procfile: '{' }), { code: 'invalid_procfile' })
  await assert.rejects(deploy(REPOSITORY, { appJson: '{' }), { code: 'invalid_app_json' })
  made.images.down.add('registry.example')
  await assert.rejects(deploy(REPOSITORY), { code: 'registry_unavailable' })
  assert.equal((await made.services.releases.list(app, {})).length, 1)
})

test('the base image is what its name stood for when it was set', async (t) => {
  const made = await withHost(t)
  const { baseImage } = made.services
  made.images.inRegistries.set('registry.example/base:1', imageNamed('a'))
  const set = await baseImage.set('registry.example/base:1')
  made.images.inRegistries.set('registry.example/base:1', imageNamed('b'))
  assert.deepEqual(await baseImage.get(), set)
  assert.equal(set.ref, `registry.example/base@${imageNamed('a').digest}`)
  await assert.rejects(baseImage.set('registry.example/base:2'), { code: 'invalid_params' })
  assert.deepEqual(await baseImage.get(), set)
  await baseImage.unset()
  await assert.rejects(baseImage.unset(), { code: 'not_found' })
})

test('images that no release needs any more are forgotten by the hosts, the young ones and the needed ones stay', async (t) => {
  const made = await withHost(t)
  const { artifacts } = made.store.tables
  const app = await made.services.apps.create('shop', ALICE)
  made.images.inRegistries.set(`${REPOSITORY}:latest`, imageNamed('a'))
  await made.services.imageDeploys.deploy(app, { image: REPOSITORY }, ALICE)
  const image = (mark: string) => ({
    ref: `${REPOSITORY}@${mark}`,
    id: `sha256:${mark.repeat(64)}`,
    repository: REPOSITORY,
  })
  await artifacts.put(artifactNamed('b', { kind: 'image', image: image('b') }), 1)
  await artifacts.put(artifactNamed('c', { kind: 'image', image: image('c') }), Date.now())
  assert.equal((await made.services.collector.collect()).artifacts, 1)
  assert.deepEqual(
    made.images.forgotten.at(-1)?.map(({ image: gone }) => gone?.id),
    [image('b').id],
  )
  assert.deepEqual(
    [await artifacts.present(artifactNamed('b').digest), await artifacts.present(artifactNamed('c').digest)],
    [false, true],
  )
})
