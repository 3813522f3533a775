import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import type { SourceEvent } from '../domain/source-event.ts'
import { json, standing } from '../forge/testing.ts'
import { createServices } from '../services/index.ts'
import { ALICE } from '../services/testing.ts'
import { until } from '../services/testing-receiver.ts'
import { afterTest, artifactNamed } from '../store/testing.ts'
import { Clone, liveGit } from './testing.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const

/** A pipeline of two apps with a clone that pushes to both, and somebody who listens to what happens. */
async function setting(t: TestContext, settings: Parameters<typeof liveGit>[1] = {}) {
  const git = await liveGit(t, settings)
  const { apps, pipelines, sourceEvents } = git.services
  const pipeline = await pipelines.create(CALLER, 'line')
  const app = await apps.create('shop-staging', ALICE)
  const other = await apps.create('shop', ALICE)
  await pipelines.add(pipeline, app, 'staging', ALICE)
  await pipelines.add(pipeline, other, 'production', ALICE)
  const clone = await Clone.fresh(t)
  await clone.must('remote', 'add', 'tasuki', git.address('shop-staging'))
  await clone.must('remote', 'add', 'other', git.address('shop'))
  const seen: SourceEvent[] = []
  sourceEvents.onEvent('test', async (event) => void seen.push(event))
  const pushes = () =>
    seen.map((one) => (one.kind === 'push' ? [one.branch, one.commit?.sha ?? null, one.forced] : []))
  return { git, app, other, clone, pipeline, seen, pushes }
}

test('a branch that is pushed to any app of a pipeline is an event, each time it moves', async (t) => {
  const { clone, seen, pushes } = await setting(t)
  const first = await clone.commit({ 'x.txt': '1' })
  await clone.must('push', 'tasuki', 'HEAD:feature/ü-1')
  const second = await clone.commit({ 'x.txt': '2' })
  await clone.must('push', 'other', 'HEAD:feature/ü-1')
  await clone.must('push', 'tasuki', 'HEAD:feature/ü-1')
  await clone.must('push', '--force', 'tasuki', 'HEAD~1:feature/ü-1')
  await clone.must('push', 'tasuki', ':feature/ü-1')
  await until('all have come', () => seen.length === 5)
  assert.deepEqual(pushes(), [
    ['feature/ü-1', first, false],
    ['feature/ü-1', second, false],
    ['feature/ü-1', second, false],
    ['feature/ü-1', first, true],
    ['feature/ü-1', null, false],
  ])
  const [event] = seen
  assert.equal(event?.user, 'admin@example.test')
  assert.equal(event?.origin, 'git')
})

test('tags, branches that are refused, and apps outside of a pipeline make no event', async (t) => {
  const { git, clone, seen } = await setting(t)
  await git.services.apps.create('loose', ALICE)
  await clone.commit({ 'x.txt': '1' })
  await clone.must('tag', 'v1')
  await clone.must('push', 'tasuki', 'v1')
  await clone.must('push', git.address('loose'), 'HEAD:feature')
  await clone.must('push', 'tasuki', 'HEAD:feature')
  const elsewhere = await Clone.fresh(t)
  await elsewhere.commit({ 'y.txt': '1' })
  assert.notEqual((await elsewhere.git('push', git.address('shop-staging'), 'HEAD:feature')).code, 0)
  await clone.must('push', 'tasuki', 'HEAD:last')
  await until('the last has come', () => seen.length === 2)
  assert.deepEqual(
    seen.map((one) => one.branch),
    ['feature', 'last'],
  )
})

test('a branch that somebody else was quicker to move makes no event', async (t) => {
  const { git, app, clone, pipeline } = await setting(t)
  await clone.commit({ 'x.txt': '1' })
  await clone.must('push', 'tasuki', 'HEAD:feature')
  const second = await clone.commit({ 'x.txt': '2' })
  await clone.must('push', 'tasuki', 'HEAD:second')
  const change = { ref: 'refs/heads/feature', from: second, to: second }
  const pushed = { app, user: ALICE, changes: [change], atomic: false, tell: () => undefined }
  const [verdict] = await git.services.pushes.receive(pushed)
  assert.match(verdict!.refused!, /moved by another push/)
  const events = await git.services.sourceEvents.list(pipeline.id, 10)
  assert.deepEqual(
    events.map(({ event }) => event.branch),
    ['second', 'feature'],
  )
})

test('main is an event once it has been deployed, and not when its deploy failed', async (t) => {
  const { git, clone, pushes, seen } = await setting(t)
  git.builder = async ({ commit }) => artifactNamed(commit!.slice(0, 1), { commit })
  const poke = git.engine.poke.bind(git.engine)
  let outcome: 'succeeded' | 'failed' = 'failed'
  git.engine.poke = (appId) => {
    poke(appId)
    setImmediate(() => void git.engine.finish(appId, outcome))
  }
  const commit = await clone.commit({ 'x.txt': '1' })
  assert.notEqual((await clone.git('push', 'tasuki', 'main')).code, 0)
  assert.deepEqual(seen, [])
  outcome = 'succeeded'
  await clone.must('push', 'tasuki', 'main')
  await until('it has come', () => seen.length === 1)
  assert.deepEqual(pushes(), [['main', commit, false]])
})

test('a pipeline that is connected elsewhere hears of nothing that is pushed here', async (t) => {
  const { git, clone, pipeline, seen } = await setting(t)
  const { pipelineRepositories, repositories } = git.services
  const app = await git.services.apps.find('shop')
  await pipelineRepositories.connect(CALLER, pipeline, { fullName: 'a/b', token: null, secret: null })
  const commit = await clone.commit({ 'x.txt': '1' })
  await clone.must('push', 'other', 'HEAD:feature')
  assert.equal(await repositories.idOf(app.id, 'refs/heads/feature'), commit)
  assert.deepEqual(await git.services.sourceEvents.list(pipeline.id, 10), [])
  assert.deepEqual(seen, [])
})

test('a control plane that was killed as a branch moved tells of it when it has moved, else not', async (t) => {
  const { git, app, clone, pipeline } = await setting(t)
  const commit = await clone.commit({ 'x.txt': '1' })
  await clone.must('push', 'tasuki', 'HEAD:moved')
  await git.services.stop()
  const { sourceEvents } = git.store.tables
  const [told] = await sourceEvents.list(pipeline.id, 1)
  const expected = (id: string, branch: string) => ({
    event: { ...told!.event, id, branch },
    digest: id,
    state: 'expected' as const,
    expects: { appId: app.id, ref: `refs/heads/${branch}`, to: commit },
  })
  await sourceEvents.insert(expected('one', 'moved'))
  await sourceEvents.insert(expected('two', 'never'))
  const next = createServices(git.deps)
  const seen: string[] = []
  next.sourceEvents.onEvent('other', async ({ id }) => void seen.push(id))
  await next.start()
  afterTest(t, () => next.stop())
  await until('it is told', () => seen.includes('one'))
  assert.ok(!seen.includes('two'))
  assert.equal(
    (await sourceEvents.list(pipeline.id, 10)).some(({ id }) => id === 'two'),
    false,
  )
})

test('commits, branches and sources of a pipeline are found in whichever app has them', async (t) => {
  const { git, clone, pipeline } = await setting(t)
  const { commitSources } = git.services
  const first = await clone.commit({ 'x.txt': 'one' })
  const second = await clone.commit({ 'x.txt': 'two' })
  const third = await clone.commit({ 'x.txt': 'three' })
  await clone.must('push', 'other', 'HEAD:feature')
  assert.equal((await commitSources.branchHead(pipeline, 'feature')).sha, third)
  assert.equal((await commitSources.commit(pipeline, first.slice(0, 8))).sha, first)
  assert.deepEqual(
    (await commitSources.between(pipeline, first, third)).map((one) => one.sha),
    [third, second],
  )
  assert.deepEqual(await commitSources.branches(pipeline), [{ name: 'feature', sha: third }])
  const source = await commitSources.source(pipeline, second)
  assert.equal(source.version, second)
  const { file } = await git.services.sources.obtain(source.url)
  assert.ok((await readFile(file)).includes('two'))
  const nowhere = 'f'.repeat(40)
  for (const ask of [
    () => commitSources.commit(pipeline, nowhere),
    () => commitSources.source(pipeline, nowhere),
    () => commitSources.branchHead(pipeline, 'nowhere'),
    () => commitSources.between(pipeline, first, nowhere),
  ])
    await assert.rejects(ask(), { code: 'not_found' })
  for (const odd of ['main', '--output=/tmp/x', 'HEAD', ''])
    await assert.rejects(commitSources.commit(pipeline, odd), { code: 'invalid_source' })
})

test('the source of a connected pipeline is the archive that the forge sends', async (t) => {
  const server = await standing(t)
  const { git, pipeline } = await setting(t, { githubApi: server.url })
  const whole = 'a'.repeat(40)
  server.answer = ({ path }, response) => {
    if (path.includes('/commits/')) json(response, 200, { sha: whole, commit: { message: 'x' } })
    else if (path.includes('/tarball/')) response.writeHead(200).end('from the forge')
    else json(response, 404, { message: 'Not Found' })
  }
  const { commitSources, pipelineRepositories } = git.services
  await pipelineRepositories.connect(CALLER, pipeline, { fullName: 'a/b', token: null, secret: null })
  const { url, version } = await commitSources.source(pipeline, 'aaaa')
  assert.equal(version, whole)
  const { file } = await git.services.sources.obtain(url)
  assert.equal(await readFile(file, 'utf8'), 'from the forge')
  await assert.rejects(commitSources.branchHead(pipeline, 'x'), /no branch "x"/)
  server.answer = (_, response) => json(response, 401, { message: 'Bad credentials' })
  await assert.rejects(commitSources.commit(pipeline, 'aaaa'), { code: 'invalid_source' })
})

test('who pushes a branch is told which apps are deployed from it by themselves', async (t) => {
  const { git, app, clone, pipeline } = await setting(t)
  const { autoDeploys, reviewApps } = git.services
  await clone.commit({ 'x.txt': '1' })
  assert.match((await clone.git('push', 'tasuki', 'HEAD:feature')).out, /nothing was deployed/)
  await reviewApps.configs.enable(pipeline, { baseName: 'shop' }, ALICE)
  const wish = { branch: 'feature', prNumber: null, commit: null, sourceUrl: null, env: {} }
  const { id } = await reviewApps.create(pipeline, wish, ALICE)
  await until('it has been made', async () => (await reviewApps.get(id)).appName !== null)
  await autoDeploys.set(app, { branch: 'feature', waitForTests: true }, ALICE)
  await clone.commit({ 'x.txt': '2' })
  const { out } = await clone.git('push', 'tasuki', 'HEAD:feature')
  assert.match(out, /shop-feature, shop-staging are deployed from it by themselves/)
})
