import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

async function uploaded({ services }: World, text = 'a source'): Promise<string> {
  const path = await services.sources.create()
  const [, , id, secret] = path.split('/')
  await services.sources.put(id!, secret!, Readable.from([text]))
  return `http://127.0.0.1:1${path}`
}

async function textOf(output: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of output) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

async function started(made: World, app: App, url: string, version: string | null = null) {
  return made.services.builds.create(app, { url, version }, ALICE)
}

test('a build becomes a release with its commit, and its log can be read while it runs and after', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  const go = Promise.withResolvers<void>()
  made.builder = async ({ log, env, commit }) => {
    log(`building with ${Object.keys(env).join()}`)
    await go.promise
    return artifactNamed('a', { commit })
  }
  await made.services.config.change(app, { KEY: 'secret' }, ALICE)
  const build = await started(made, app, await uploaded(made), 'abc1234')
  const reader = made.services.builds.output(build.id)
  assert.equal(String((await reader.next()).value), 'building with KEY\n')
  go.resolve()
  assert.equal(await textOf(reader), '-----> Released v3\n')
  assert.equal(await textOf(made.services.builds.output(build.id)), 'building with KEY\n-----> Released v3\n')
  const ended = await made.services.builds.get(app, build.id)
  const { release } = await made.services.releases.get(app, ended.releaseId!)
  assert.deepEqual([ended.status, release.version, release.commit], ['succeeded', 3, 'abc1234'])
  assert.equal((await made.store.rollouts.wanted(app.id))?.rollout?.id, ended.rolloutId)
})

test('a build that fails says why in its log and record, and makes no release', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.builder = async () => {
    throw new TasukiError('invalid_procfile', 'Line 2 has no colon.')
  }
  const build = await started(made, app, await uploaded(made))
  assert.match(
    await textOf(made.services.builds.output(build.id)),
    /!\s+Line 2 has no colon\.\n !\s+Each line/,
  )
  const ended = await made.services.builds.get(app, build.id)
  assert.deepEqual([ended.status, ended.error?.id, ended.releaseId], ['failed', 'invalid_procfile', null])
  assert.equal((await made.services.releases.list(app, {})).length, 1)
})

test('builds of one app come one after the other, and no more than the limit at once', async (t) => {
  const made = await world(t, { parallelBuilds: 2 })
  const apps = await Promise.all(
    ['one', 'two', 'three'].map((name) => made.services.apps.create(name, ALICE)),
  )
  const running: string[] = []
  const begun: string[] = []
  const ends: (() => void)[] = []
  made.builder = async ({ appId }) => {
    assert.ok(!running.includes(appId), 'one at a time for each app')
    running.push(appId)
    begun.push(appId)
    assert.ok(running.length <= 2, 'two at a time')
    await new Promise<void>((resolve) => ends.push(resolve))
    running.splice(running.indexOf(appId), 1)
    return artifactNamed('a')
  }
  const url = await uploaded(made)
  const order = [apps[0]!, apps[0]!, apps[1]!, apps[2]!]
  const builds = []
  for (const app of order) builds.push(await started(made, app, url))
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  while (ends.length < 2) await turn()
  while ((await made.store.tables.builds.pending()).length > 0) {
    ends.shift()?.()
    await turn()
  }
  for (const build of builds) await textOf(made.services.builds.output(build.id))
  assert.deepEqual(begun.slice(0, 2).sort(), [apps[0]!.id, apps[1]!.id].sort())
  assert.equal(begun.length, 4)
})

test('a deploy while one rolls out supersedes it', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await deployed(made, app, 'b', 'running')
  await deployed(made, app, 'c', 'running')
  const wanted = (await made.store.rollouts.wanted(app.id))!
  assert.deepEqual(
    [wanted.rollout?.target.release, wanted.rollout?.base?.release, wanted.superseded.length],
    [4, 2, 1],
  )
})

test('a build that a killed server left behind has failed, and says so', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  const row = {
    id: 'left',
    appId: app.id,
    sourceUrl: 'x',
    sourceVersion: null,
    buildpacks: null,
    user: ALICE,
    createdAt: 1,
  }
  await made.store.tables.builds.insert(row)
  await made.services.start()
  const build = await made.services.builds.get(app, 'left')
  assert.deepEqual(
    [build.status, build.error?.message],
    ['failed', 'The server was stopped during this build.'],
  )
})

test('a server that is stopped ends its builds, and they have failed', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.builder = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))))
  const first = await started(made, app, await uploaded(made))
  const second = await started(made, app, await uploaded(made))
  while (made.builds.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await made.services.stop()
  for (const { id } of [first, second])
    assert.equal(
      (await made.services.builds.get(app, id)).error?.message,
      'The server was stopped during this build.',
    )
  assert.equal(made.builds.length, 1)
})

test('an app that is destroyed during its build gets no release', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  made.builder = async () => {
    await made.services.apps.destroy(app, ALICE)
    return artifactNamed('a')
  }
  const build = await started(made, app, await uploaded(made))
  await textOf(made.services.builds.output(build.id))
  assert.equal((await made.store.tables.builds.byId(build.id))?.status, 'failed')
  assert.equal((await made.store.tables.releases.list(app.id)).length, 1)
})

test('with the first deploy app.json fills in what nobody has set', async (t) => {
  const made = await world(t)
  const wish = { required: true, description: null }
  const env = {
    GIVEN: { ...wish, value: 'from app.json', generator: null },
    SECRET: { ...wish, value: null, generator: 'secret' as const },
    NEEDED: { ...wish, value: null, generator: null },
    MODE: { ...wish, value: 'default', generator: null },
  }
  made.builder = async () => artifactNamed('a', { manifest: { ...EMPTY_MANIFEST, env } })
  const app = await made.services.apps.create('shop', ALICE)
  await made.services.config.change(app, { MODE: 'mine' }, ALICE)
  await deployed(made, app, 'a')
  const config = await made.services.config.get(app)
  assert.deepEqual({ ...config, SECRET: '' }, { GIVEN: 'from app.json', SECRET: '', MODE: 'mine' })
  assert.match(config.SECRET!, /^[0-9a-f]{64}$/)
  await made.services.config.change(app, { GIVEN: null }, ALICE)
  await made.engine.finish(app.id)
  await deployed(made, app, 'a')
  assert.equal('GIVEN' in (await made.services.config.get(app)), false)
})

test("a source that was never uploaded, a stranger's secret and odd addresses are refused at once", async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  const empty = await made.services.sources.create()
  const forged = empty.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
  for (const url of [`http://x${empty}`, forged, 'file:///etc/passwd', '/etc/passwd', '', 'ftp://x/y'])
    await assert.rejects(started(made, app, url), { code: 'invalid_source' }, url)
  await assert.rejects(started(made, app, await uploaded(made), '; rm -rf /'), { code: 'invalid_params' })
  assert.deepEqual(await made.services.builds.list(app), [])
})

test('a source that is too large is refused, and nothing of it is kept', async (t) => {
  const made = await world(t, { mostSourceBytes: 10 })
  const path = await made.services.sources.create()
  const [, , id, secret] = path.split('/')
  const put = made.services.sources.put(id!, secret!, Readable.from(['x'.repeat(11)]))
  await assert.rejects(put, { code: 'too_large' })
  assert.deepEqual(readdirSync(join(made.store.dataDir, 'sources')), [])
})

test('a source elsewhere on the web is fetched for its build, and deleted after it', async (t) => {
  const made = await world(t)
  const server = createServer((request, response) =>
    request.url === '/a.tgz' ? response.end('a source') : response.writeHead(404).end(),
  ).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const app = await made.services.apps.create('shop', ALICE)
  const good = await started(made, app, `${base}/a.tgz`)
  const bad = await started(made, app, `${base}/b.tgz`)
  await textOf(made.services.builds.output(good.id))
  await textOf(made.services.builds.output(bad.id))
  assert.equal((await made.services.builds.get(app, good.id)).status, 'succeeded')
  assert.equal((await made.services.builds.get(app, bad.id)).error?.id, 'invalid_source')
  assert.deepEqual(readdirSync(join(made.store.dataDir, 'sources')), [])
})
