import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, world } from './testing.ts'

const GIT = 'https://git.example.org/pack'

test('buildpacks are kept in their order, and can be cleared', async (t) => {
  const { services } = await world(t)
  const app = await services.apps.create('demo', ALICE)
  assert.deepEqual(await services.buildpacks.list(app), [])
  await services.buildpacks.set(app, [`${GIT}#b`, 'heroku/nodejs', `${GIT}#a`], ALICE)
  const urls = (await services.buildpacks.list(app)).map(({ url }) => url)
  assert.deepEqual(urls, [`${GIT}#b`, 'urn:buildpack:heroku/nodejs', `${GIT}#a`])
  await services.buildpacks.set(app, [], ALICE)
  assert.deepEqual(await services.buildpacks.list(app), [])
})

test('a bad buildpack, one that comes twice, or one that is not allowed changes nothing', async (t) => {
  const { services, deps } = await world(t)
  const app = await services.apps.create('demo', ALICE)
  await services.buildpacks.set(app, [GIT], ALICE)
  for (const bad of [['ftp://x/y'], [GIT, GIT], ['heroku/unknown']]) {
    await assert.rejects(services.buildpacks.set(app, bad, ALICE), { code: 'invalid_params' })
  }
  deps.builder.checkBuildpack = () => {
    throw new TasukiError('invalid_params', 'Not here.')
  }
  await assert.rejects(services.buildpacks.set(app, ['/srv/pack'], ALICE), { message: 'Not here.' })
  assert.deepEqual(
    (await services.buildpacks.list(app)).map(({ url }) => url),
    [GIT],
  )
})

test('builds are given the buildpacks of their app; null as long as nobody has decided', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('demo', ALICE)
  await deployed(made, app, 'a')
  await made.services.buildpacks.set(app, [GIT], ALICE)
  await deployed(made, app, 'b')
  await made.services.buildpacks.set(app, [], ALICE)
  await deployed(made, app, 'c')
  assert.deepEqual(
    made.builds.map(({ buildpacks }) => buildpacks),
    [null, [GIT], []],
  )
})

test('a change is told in the log of the app', async (t) => {
  const { services, logs } = await world(t)
  const app = await services.apps.create('demo', ALICE)
  await services.buildpacks.set(app, [GIT], ALICE)
  await services.buildpacks.purgeCache(app)
  const lines = logs.lines.map(({ line }) => line).join('\n')
  assert.match(lines, /Set buildpacks https:\/\/git\.example\.org\/pack, from the next build on, by alice@/)
  assert.match(lines, /The build cache was purged/)
})

test('those of app.json count for the first build, and are those of the app from then on', async (t) => {
  const made = await world(t)
  const { services } = made
  made.builder = async () => artifactNamed('a', { manifest: { ...EMPTY_MANIFEST, buildpacks: [GIT] } })
  const [fresh, decided] = [
    await services.apps.create('fresh', ALICE),
    await services.apps.create('decided', ALICE),
  ]
  await services.buildpacks.set(decided, [], ALICE)
  for (const app of [fresh, decided]) await deployed(made, app, 'a')
  assert.deepEqual(
    (await services.buildpacks.list(fresh)).map(({ url }) => url),
    [GIT],
  )
  assert.deepEqual(await services.buildpacks.list(decided), [])
  const [build] = await services.builds.list(fresh)
  assert.deepEqual(build?.buildpacks, [GIT])
})

test('a single build can have others, which it remembers', async (t) => {
  const made = await world(t)
  const { services } = made
  const app = await services.apps.create('demo', ALICE)
  await services.buildpacks.set(app, [GIT], ALICE)
  const url = `http://x${await services.sources.create()}`
  const [, , , , id, secret] = url.split('/')
  await services.sources.put(id!, secret!, Readable.from(['a source']))
  const source = { url, version: null }
  const refused = services.builds.create(app, { ...source, buildpacks: ['ftp://x'] }, ALICE)
  await assert.rejects(refused, { code: 'invalid_params' })
  const build = await services.builds.create(app, { ...source, buildpacks: ['heroku/nodejs'] }, ALICE)
  for await (const _ of services.builds.output(build.id));
  assert.deepEqual(made.builds[0]?.buildpacks, ['urn:buildpack:heroku/nodejs'])
  assert.deepEqual((await services.builds.get(app, build.id)).buildpacks, ['urn:buildpack:heroku/nodejs'])
  assert.equal((await services.buildpacks.list(app))[0]?.url, GIT)
})
