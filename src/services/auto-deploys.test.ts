import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { SourceEvent } from '../domain/source-event.ts'
import type { TestStatus } from '../domain/test-run.ts'
import { Clone } from '../git/testing.ts'
import type { App } from '../store/apps.ts'
import type { BranchDeploy } from '../store/branch-deploys.ts'
import type { Pipeline } from '../store/pipelines.ts'
import { afterTest, artifactNamed } from '../store/testing.ts'
import { createServices, type Services } from './index.ts'
import { ALICE, type World, world } from './testing.ts'
import { until } from './testing-receiver.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const

interface Made extends World {
  readonly pipeline: Pipeline
  readonly staging: App
  /** A new commit, in the repository of the app. */
  commit(text: string): Promise<string>
  /** Somebody has pushed it. */
  pushed(sha: string, more?: { id?: string; branch?: string }): Promise<SourceEvent>
  /** `status` of each, oldest first. */
  statuses(): Promise<string[]>
  /** The deploy of that commit, once it has got there. */
  reached(sha: string, status: BranchDeploy['status']): Promise<BranchDeploy>
}

/** A pipeline with an app at staging, and a repository of its own. */
async function made(t: TestContext, follow = true, waitForTests = false): Promise<Made> {
  const all = await world(t)
  const { apps, autoDeploys, pipelines, repositories } = all.services
  all.builder = async ({ commit }) => artifactNamed(commit![0]!, { commit })
  const pipeline = await pipelines.create(CALLER, 'shop-line')
  const staging = await apps.create('shop-staging', ALICE)
  await pipelines.add(pipeline, staging, 'staging', ALICE)
  await repositories.ensure(staging.id)
  const bare = new Clone(join(all.store.dataDir, 'repositories', `${staging.id}.git`))
  const clone = await Clone.fresh(t)
  if (follow) await autoDeploys.set(staging, { branch: 'main', waitForTests }, ALICE)
  const deploys = async () => (await autoDeploys.deploys(staging)).toReversed()
  let count = 0
  return Object.assign(all, {
    pipeline,
    staging,
    async commit(text: string) {
      const sha = await clone.commit({ 'text.txt': text }, `${text}\n\nIn full.`)
      await bare.must('fetch', '-q', clone.directory, 'HEAD')
      return sha
    },
    async pushed(sha: string, { id = `event-${++count}`, branch = 'main' } = {}) {
      const commit = { sha, message: 'A change\n\nIn full.', author: 'Dev', at: 1 }
      const about = { id, pipelineId: pipeline.id, origin: 'git', user: ALICE, at: Date.now() } as const
      const event = { kind: 'push', branch, commit, forced: false, ...about } as const
      await all.services.sourceEvents.receive(event)
      await until('the push to be handed on', async () =>
        (await all.services.sourceEvents.list(pipeline.id, 1)).every(({ state }) => state === 'handled'),
      )
      return event
    },
    statuses: async () => (await deploys()).map(({ status }) => status),
    async reached(sha: string, status: BranchDeploy['status']) {
      const one = async () => (await deploys()).find(({ commit }) => commit === sha)
      await until(`${sha} is ${status}`, async () => (await one())?.status === status)
      return (await one())!
    },
  })
}

/** Holds each build until it is told to go on. */
function gate(all: Made): () => void {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { builder } = all
  all.builder = async (request) => {
    const aborted = new Promise<void>((_, reject) =>
      request.signal?.addEventListener('abort', () => reject(new Error('broken off'))),
    )
    await Promise.race([promise, aborted])
    return builder(request)
  }
  return resolve
}

/** Another run of that commit; nobody carries it out. */
async function tested({ store, pipeline }: Made, sha: string, status: TestStatus): Promise<void> {
  const at = Date.now()
  const none = { note: null, sourceUrl: null, eventId: null, artifact: null, testsAt: null }
  const about = { pipelineId: pipeline.id, branch: 'main', sha, commitMessage: '', user: ALICE, attempts: 1 }
  const times = { endedAt: status === 'running' ? null : at, createdAt: at, updatedAt: at }
  await store.transaction((tables) =>
    tables.testRuns.insert({ id: `run-${sha}-${status}`, status, ...about, ...none, ...times }),
  )
}

/** As if the control plane had been started anew. */
async function restarted(t: TestContext, { services, deps }: Made): Promise<Services> {
  await services.stop()
  const next = createServices(deps)
  await next.start()
  afterTest(t, () => next.stop())
  return next
}

test('a push to the branch is built and handed over to, once, however often it is told', async (t) => {
  const all = await made(t)
  const sha = await all.commit('one')
  const { id } = await all.pushed(sha)
  await all.reached(sha, 'rolling')
  await all.services.autoDeploys.handle(await all.pushed(sha, { id }))
  await all.engine.finish(all.staging.id)
  const deploy = await all.reached(sha, 'succeeded')
  assert.deepEqual([deploy.message, deploy.reason], ['A change', null])
  assert.deepEqual(
    all.builds.map(({ commit }) => commit),
    [sha],
  )
  const [newest] = await all.services.releases.list(all.staging, {})
  assert.deepEqual([newest!.release.commit, newest!.release.user], [sha, ALICE])
  await all.pushed(sha)
  assert.deepEqual(await all.statuses(), ['succeeded'], 'what serves already is not deployed again')
})

test('pushes of other branches, and of branches that are gone, deploy nothing', async (t) => {
  const all = await made(t)
  const event = await all.pushed(await all.commit('one'), { branch: 'feature/x' })
  await all.services.autoDeploys.handle({ ...event, branch: 'main', commit: null } as SourceEvent)
  assert.deepEqual(await all.statuses(), [])
})

test('of many pushes while one is built, the newest is built next and the others are superseded', async (t) => {
  const all = await made(t)
  const open = gate(all)
  const shas: string[] = []
  for (const text of ['one', 'two', 'three', 'four']) shas.push(await all.commit(text))
  for (const sha of shas) {
    await all.pushed(sha)
    if (sha === shas[0]) await all.reached(sha, 'building')
  }
  assert.deepEqual(await all.statuses(), ['building', 'superseded', 'superseded', 'ready'])
  open()
  await all.reached(shas[3]!, 'rolling')
  await all.reached(shas[0]!, 'superseded')
  await all.engine.finish(all.staging.id)
  await all.reached(shas[3]!, 'succeeded')
  assert.deepEqual(
    all.builds.map(({ commit }) => commit),
    [shas[0], shas[3]],
  )
  const second = (await all.services.autoDeploys.deploys(all.staging)).find(
    ({ commit }) => commit === shas[1],
  )
  assert.equal(second?.reason, `${shas[2]!.slice(0, 8)} was pushed before it was built.`)
})

test('a build and a rollout that fail are told with their reasons', async (t) => {
  const all = await made(t)
  const { builder } = all
  all.builder = () => Promise.reject(new Error('npm is broken'))
  const [first, second] = [await all.commit('one'), await all.commit('two')]
  await all.pushed(first)
  assert.equal((await all.reached(first, 'failed')).reason, 'npm is broken')
  all.builder = builder
  await all.pushed(second)
  await all.reached(second, 'rolling')
  await all.engine.finish(all.staging.id, 'failed')
  assert.equal((await all.reached(second, 'failed')).reason, 'The test says so.')
})

test('where tests count, a push waits for them; red ones hold it until a green rerun', async (t) => {
  const all = await made(t, true, true)
  const sha = await all.commit('one')
  await tested(all, sha, 'running')
  await all.pushed(sha)
  assert.equal((await all.reached(sha, 'waiting')).buildId, null)
  await tested(all, sha, 'failed')
  await all.services.autoDeploys.look()
  assert.equal((await all.reached(sha, 'held')).reason, 'Test run #2 failed.')
  await tested(all, sha, 'succeeded')
  await all.services.autoDeploys.look()
  await all.reached(sha, 'rolling')
})

test('the tests of a push are those that it waits for', async (t) => {
  const all = await made(t, true, true)
  await all.store.tables.testRuns.setSettings(all.pipeline.id, { enabled: true, seconds: 60 })
  const sha = await all.commit('without a test script')
  await all.pushed(sha)
  assert.match((await all.reached(sha, 'held')).reason ?? '', /^Test run #1 (errored|failed)\.$/)
  assert.deepEqual(all.engine.poked, [])
})

test('a newer push takes the place of one that still waits for its tests', async (t) => {
  const all = await made(t, true, true)
  const [first, second] = [await all.commit('one'), await all.commit('two')]
  for (const sha of [first, second]) await tested(all, sha, 'running')
  await all.pushed(first)
  await all.pushed(second)
  await tested(all, first, 'succeeded')
  await tested(all, second, 'succeeded')
  await all.services.autoDeploys.look()
  await all.reached(second, 'rolling')
  assert.deepEqual(await all.statuses(), ['superseded', 'rolling'])
})

test('the next control plane builds anew what the last one was building, and deploys it', async (t) => {
  const all = await made(t)
  const open = gate(all)
  const sha = await all.commit('one')
  await all.pushed(sha)
  const { buildId } = await all.reached(sha, 'building')
  const next = await restarted(t, all)
  open()
  await until(
    'it rolls out',
    async () => (await next.autoDeploys.deploys(all.staging))[0]?.status === 'rolling',
  )
  const [deploy] = await next.autoDeploys.deploys(all.staging)
  assert.notEqual(deploy!.buildId, buildId)
  assert.equal((await next.builds.list(all.staging)).filter(({ status }) => status === 'succeeded').length, 1)
})

test('a frozen stage waits for its thaw, a guarded one takes no deploys', async (t) => {
  const all = await made(t)
  const { pipeline, services, staging } = all
  const wish = { stage: 'staging', reason: 'Fair', from: null, until: null, cron: null, lastsMs: null }
  const { id } = await services.freezes.add(CALLER, pipeline, wish)
  const sha = await all.commit('one')
  await all.pushed(sha)
  await until('it says why', async () => (await all.reached(sha, 'ready')).reason === 'staging is frozen.')
  await services.freezes.lift(CALLER, pipeline, id)
  await services.autoDeploys.look()
  await all.reached(sha, 'rolling')
  await all.engine.finish(staging.id)
  await services.stages.setRules(CALLER, pipeline, 'staging', { promotionsOnly: true })
  const next = await all.commit('two')
  await all.pushed(next)
  assert.match((await all.reached(next, 'failed')).reason ?? '', /^staging takes promotions/)
})

test('an app that follows nothing any more drops what waits', async (t) => {
  const all = await made(t, true, true)
  const sha = await all.commit('one')
  await tested(all, sha, 'running')
  await all.pushed(sha)
  await all.services.autoDeploys.remove(all.staging, ALICE)
  assert.equal((await all.reached(sha, 'superseded')).reason, 'The app does not follow main any more.')
  await assert.rejects(all.services.autoDeploys.get(all.staging), { code: 'not_found' })
})

test('an app has to be in a pipeline to follow a branch, and follows none once it has left', async (t) => {
  const all = await made(t, false)
  const { apps, autoDeploys, pipelines } = all.services
  const alone = await apps.create('alone', ALICE)
  const wish = { branch: 'main', waitForTests: false }
  await assert.rejects(autoDeploys.set(alone, wish, ALICE), { code: 'invalid_params' })
  for (const branch of ['', 'a b', 'a..b', '-x', 'x.lock', 'a\nb', 'x'.repeat(300)])
    await assert.rejects(autoDeploys.set(all.staging, { ...wish, branch }, ALICE), { code: 'invalid_params' })
  await autoDeploys.set(all.staging, { ...wish, branch: 'größe/#7@home' }, ALICE)
  await pipelines.remove(CALLER, await pipelines.couplingOf(all.staging))
  await assert.rejects(autoDeploys.get(all.staging), { code: 'not_found' })
})

test('ninety pushes at once deploy the newest and lose none', async (t) => {
  const all = await made(t)
  const sha = await all.commit('last')
  const event = await all.pushed(await all.commit('first'))
  await Promise.all(
    Array.from({ length: 90 }, (_, index) => {
      const commit = { sha: `${index}`.padStart(40, '0'), message: 'Many', author: null, at: null }
      return all.services.sourceEvents.receive({ ...event, commit, id: `many-${index}` } as SourceEvent)
    }),
  )
  await all.pushed(sha)
  await all.reached(sha, 'rolling')
  const deploys = await all.store.tables.branchDeploys.list(all.staging.id, 200)
  assert.equal(new Set(deploys.map(({ eventId }) => eventId)).size, 92)
})
