import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import type { TestStatus } from '../domain/test-run.ts'
import type { ReviewApp } from '../store/review-apps.ts'
import { ALICE } from './testing.ts'
import { type Made, made, serves } from './testing-review-apps.ts'

const needed = { value: null, required: true, generator: null, description: null }
const gone = ({ status }: ReviewApp) => status === 'deleted'
const errored = ({ status }: ReviewApp) => status === 'errored'
const byHand = { branch: 'feature/x', prNumber: null, commit: null, sourceUrl: null, env: {} }

/** A run of that commit that has ended so. */
async function tested({ store, pipeline, services }: Made, sha: string, status: TestStatus): Promise<void> {
  const at = Date.now()
  const none = { note: null, sourceUrl: null, eventId: null, artifact: null, testsAt: null }
  const about = { pipelineId: pipeline.id, branch: 'main', sha, commitMessage: '', user: ALICE, attempts: 1 }
  const times = { endedAt: at, createdAt: at, updatedAt: at }
  await store.transaction((tables) =>
    tables.testRuns.insert({ id: randomUUID(), status, ...about, ...none, ...times }),
  )
  services.reviewApps.tested(pipeline.id)
}

test('a pull request gets an app, its pushes update it, and its end destroys it', async (t) => {
  const all = await made(
    t,
    {},
    {
      env: {
        FROM_JSON: { value: 'json', required: true, generator: null, description: null },
        BOTH: { value: 'json', required: true, generator: null, description: null },
      },
      scripts: { postdeploy: 'node seed.js', 'pr-predestroy': 'node clear.js' },
    },
  )
  const { store, services, pipeline, commands } = all
  await services.stageConfig.change(pipeline, 'review', { BOTH: 'pipeline', SECRET: 's' })
  const first = await all.commit('feature/x', 'one')
  await all.happen({ sha: first })
  const row = await all.rolled(serves(first))
  assert.deepEqual([row.appName, row.prNumber, row.creator, row.user], ['shop-pr-7', 7, 'dev', ALICE])
  assert.deepEqual(await store.tables.config.get(row.appId!), {
    HEROKU_APP_NAME: 'shop-pr-7',
    HEROKU_BRANCH: 'feature/x',
    HEROKU_PR_NUMBER: '7',
    BOTH: 'pipeline',
    SECRET: 's',
    FROM_JSON: 'json',
  })
  assert.equal((await store.tables.couplings.ofApp(row.appId!))?.stage, 'review')
  assert.equal(all.builds.at(-1)?.environment, 'review')
  assert.deepEqual(commands, ['node seed.js'])
  assert.equal((await store.tables.sleepers.of(row.appId!))?.pool, pipeline.id)

  const second = await all.commit('feature/x', 'two')
  await all.happen({ action: 'updated', sha: second })
  const updated = await all.rolled(serves(second))
  const release = await store.tables.releases.byId(row.appId!, updated.releaseId!)
  assert.deepEqual([updated.id, release?.commit], [row.id, second])
  await all.happen({ action: 'updated', sha: second })
  assert.deepEqual(commands, ['node seed.js'])

  await all.happen({ action: 'closed', sha: second, merged: true })
  const gone = await all.reached(({ status }) => status === 'deleted')
  assert.deepEqual([gone.gone, gone.message, commands.at(-1)], ['merged', null, 'node clear.js'])
  await assert.rejects(services.apps.find('shop-pr-7'), { code: 'not_found' })

  await all.happen({ action: 'opened', sha: second })
  const again = await all.rolled(serves(second))
  assert.notEqual(again.id, row.id)
  assert.equal(again.appName, 'shop-pr-7')
})

test('one that can not be set up says why, harms nothing, and is set up anew by the next push', async (t) => {
  const all = await made(t, {}, { env: { NEEDED: needed } })
  const first = await all.commit('feature/x', 'one')
  await all.happen({ sha: first })
  const failed = await all.reached(errored)
  assert.match(failed.message!, /env\.NEEDED: it is required and has no value; set one/)
  await all.services.stageConfig.change(all.pipeline, 'review', { NEEDED: 'here' })
  const second = await all.commit('feature/x', 'two')
  await all.happen({ action: 'updated', sha: second })
  const row = await all.rolled(serves(second))
  assert.deepEqual([row.id, row.appId, row.message], [failed.id, failed.appId, null])
  assert.equal((await all.store.tables.config.get(row.appId!)).NEEDED, 'here')
})

test('an update that fails leaves what serves, and says why', async (t) => {
  const all = await made(t)
  const [first, broken] = [await all.commit('feature/x', 'one'), await all.commit('feature/x', 'two')]
  await all.happen({ sha: first })
  await all.rolled(serves(first))
  const { builder } = all
  all.builder = async () => Promise.reject(new TasukiError('build_failed', 'npm ended with status 1.'))
  await all.happen({ action: 'updated', sha: broken })
  const row = await all.reached(({ message }) => message !== null)
  assert.deepEqual([row.status, row.served, row.message], ['created', first, 'npm ended with status 1.'])
  all.builder = builder
  const third = await all.commit('feature/x', 'three')
  await all.happen({ action: 'updated', sha: third })
  const refused = await all.rolled(({ message }) => message === 'The test says so.', 'failed')
  assert.equal(refused.served, first)
  const fourth = await all.commit('feature/x', 'four')
  await all.happen({ action: 'updated', sha: fourth })
  assert.equal((await all.rolled(serves(fourth))).message, null)
})

test('a fork gets nothing by itself; made by hand, it stays at the commit that it was made for', async (t) => {
  const all = await made(t)
  const { reviewApps } = all.services
  const [first, second] = [await all.commit('feature/x', 'one'), await all.commit('feature/x', 'two')]
  await all.happen({ sha: first, fork: true })
  assert.deepEqual(await reviewApps.list(all.pipeline), [])
  const wish = { ...byHand, prNumber: 7, commit: first }
  await reviewApps.create(all.pipeline, wish, ALICE)
  await all.rolled(serves(first))
  await all.happen({ action: 'updated', sha: second, fork: true })
  assert.equal((await reviewApps.list(all.pipeline))[0]!.commit, first)
  await reviewApps.create(all.pipeline, { ...wish, commit: second }, ALICE)
  await all.rolled(serves(second))
  await all.happen({ action: 'closed', sha: second, fork: true })
  assert.equal((await all.reached(gone)).gone, 'closed')
})

test('one made of a branch by hand follows its pushes, and goes with it', async (t) => {
  const all = await made(t, { automatic: false, baseName: null })
  const { reviewApps } = all.services
  const first = await all.commit('feature/x', 'one')
  const row = await reviewApps.create(all.pipeline, { ...byHand, env: { MINE: '1' } }, ALICE)
  assert.deepEqual([row.status, row.commit], ['pending', first])
  const served = await all.rolled(serves(first))
  assert.match(served.appName!, /^[a-z]+-[a-z]+-\d+$/)
  const config = await all.store.tables.config.get(served.appId!)
  assert.deepEqual([config.MINE, config.HEROKU_PR_NUMBER], ['1', undefined])
  await assert.rejects(reviewApps.create(all.pipeline, byHand, ALICE), { code: 'conflict' })
  const second = await all.commit('feature/x', 'two')
  await all.push('other', second)
  await all.push('feature/x', second)
  await all.rolled(serves(second))
  await all.push('feature/x', null)
  assert.equal((await all.reached(gone)).gone, 'branch deleted')
})

test('one made of a branch by hand is that of its pull request from then on', async (t) => {
  const all = await made(t)
  const { reviewApps } = all.services
  const first = await all.commit('feature/x', 'one')
  await reviewApps.create(all.pipeline, byHand, ALICE)
  await all.rolled(serves(first))
  await all.happen({ sha: first })
  const [row, ...others] = await reviewApps.list(all.pipeline)
  assert.deepEqual([row!.prNumber, row!.appName, others.length], [7, 'shop-feature-x', 0])
  await all.happen({ action: 'closed', sha: first, merged: true })
  assert.equal((await all.reached(gone)).id, row!.id)
})

test('that of a pull request is told of its commits by the forge; pushes to our own Git say them too', async (t) => {
  const all = await made(t)
  const shas: string[] = []
  for (const text of ['one', 'two', 'three']) shas.push(await all.commit('feature/x', text))
  await all.services.reviewApps.create(all.pipeline, { ...byHand, prNumber: 7, commit: shas[0]! }, ALICE)
  await all.rolled(serves(shas[0]!))
  await all.push('feature/x', shas[1]!)
  assert.equal((await all.services.reviewApps.list(all.pipeline))[0]!.commit, shas[0])
  await all.push('feature/x', shas[2]!, 'git')
  await all.rolled(serves(shas[2]!))
})

test('above the most that there may be they wait for room, the oldest first', async (t) => {
  const all = await made(t, { mostApps: 1 })
  const { reviewApps } = all.services
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha, number: 1 })
  await all.rolled(serves(sha))
  await all.happen({ sha, number: 2, branch: 'feature/y' })
  const waits = await all.reached(({ message }) => message !== null)
  assert.equal(waits.appId, null)
  assert.match(waits.message!, /1 review apps, the most allowed/)
  await all.happen({ sha, number: 1, action: 'closed' })
  const row = await all.rolled(serves(sha))
  assert.deepEqual([row.id, row.appName], [waits.id, 'shop-pr-2'])
  assert.deepEqual(
    (await reviewApps.list(all.pipeline)).map(({ status }) => status),
    ['created', 'deleted'],
  )
})

test('where it waits for tests, only a commit that has passed them is built', async (t) => {
  const all = await made(t, { waitForTests: true })
  await all.store.tables.testRuns.setSettings(all.pipeline.id, { enabled: true, seconds: 60 })
  const [first, second] = [await all.commit('feature/x', 'one'), await all.commit('feature/x', 'two')]
  await all.happen({ sha: first })
  const held = await all.reached(({ message }) => /tests pass: Test run #1 errored/.test(message ?? ''))
  assert.deepEqual([held.status, held.appId], ['pending', null])
  await tested(all, first, 'failed')
  await all.reached(({ message }) => /Test run #2 failed/.test(message ?? ''))
  await tested(all, first, 'succeeded')
  await all.rolled(serves(first))
  await all.happen({ action: 'updated', sha: second })
  await all.reached(({ message }) => message !== null)
  await tested(all, second, 'succeeded')
  await all.rolled(serves(second))
  const built = all.builds.filter(({ environment }) => environment === 'review')
  assert.deepEqual(
    built.map(({ commit }) => commit),
    [first, second],
  )
})
