import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReviewApp } from '../store/review-apps.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE } from './testing.ts'
import { CALLER, made, restarted, serves } from './testing-review-apps.ts'

const DAY = 24 * 3_600_000
const gone = ({ status }: ReviewApp) => status === 'deleted'
const byHand = { branch: 'feature/x', prNumber: null, commit: null, sourceUrl: null, env: {} }

test('what nothing was deployed to for long goes, where the pipeline says so', async (t) => {
  const all = await made(t, { staleDays: 2 })
  const { reviewApps } = all.services
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  await all.rolled(serves(sha))
  await reviewApps.tidy(Date.now() + 3 * DAY)
  await reviewApps.configs.enable(all.pipeline, { destroyStale: true }, ALICE)
  await reviewApps.tidy(Date.now() + 1 * DAY)
  assert.equal((await reviewApps.list(all.pipeline))[0]!.gone, null)
  await reviewApps.tidy(Date.now() + 3 * DAY)
  assert.equal((await all.reached(gone)).gone, 'stale')
})

test('a control plane that starts again goes on with what the last one had begun', async (t) => {
  const all = await made(t, {}, { scripts: { 'pr-predestroy': 'node clear.js' } })
  const { builder } = all
  const hold = () => {
    const begun = Promise.withResolvers<void>()
    all.builder = async ({ signal }) => {
      begun.resolve()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
    }
    return begun.promise
  }
  const [first, second] = [await all.commit('feature/x', 'one'), await all.commit('feature/x', 'two')]
  const creating = hold()
  await all.happen({ sha: first })
  await creating
  await restarted(t, Object.assign(all, { builder }))
  const row = await all.rolled(serves(first))
  const updating = hold()
  await all.happen({ action: 'updated', sha: second })
  await updating
  await restarted(t, Object.assign(all, { builder }))
  await all.rolled(serves(second))
  assert.equal((await all.services.apps.list()).length, 2)
  await all.store.tables.reviewApps.change(row.id, { gone: 'closed', predestroyBegun: true }, Date.now())
  await restarted(t, all)
  await all.reached(gone)
  assert.deepEqual(all.commands, [], 'a script that may have run is not run again')
})

test('without review apps by themselves nothing is made, and what there is still goes', async (t) => {
  const all = await made(t, {}, { scripts: { 'pr-predestroy': 'false' } })
  const { reviewApps } = all.services
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  await all.rolled(serves(sha))
  await reviewApps.configs.disable(all.pipeline, ALICE)
  await all.happen({ sha, number: 8, branch: 'feature/y' })
  assert.equal((await reviewApps.list(all.pipeline)).length, 1)
  await assert.rejects(reviewApps.create(all.pipeline, byHand, ALICE), { code: 'not_found' })
  all.exit = 3
  await all.happen({ action: 'closed', sha })
  assert.equal((await all.reached(gone)).message, 'The pr-predestroy script ended with status 3.')
})

test('a pull request that is opened again waits until its former app has been cleared away', async (t) => {
  const all = await made(t, {}, { scripts: { 'pr-predestroy': 'node clear.js' } })
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  const former = await all.rolled(serves(sha))
  const { start } = all.deps.runtime
  const held = Promise.withResolvers<void>()
  all.deps.runtime.start = async (spec) => void held.promise.then(() => start(spec))
  await all.happen({ action: 'closed', sha })
  await all.happen({ action: 'opened', sha })
  const waits = await all.reached(({ message }) => message !== null)
  assert.equal(waits.message, 'It waits until the one before it is destroyed.')
  all.deps.runtime.start = start
  held.resolve()
  const row = await all.rolled(serves(sha))
  assert.deepEqual([row.appName, row.id === former.id], ['shop-pr-7', false])
})

test('one that was destroyed by hand stays so until its pull request is opened again', async (t) => {
  const all = await made(t)
  const { apps, reviewApps } = all.services
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  const row = await all.rolled(serves(sha))
  await apps.destroy(await apps.find(row.appName!), ALICE)
  await reviewApps.tidy(Date.now())
  assert.equal((await all.reached(gone)).message, 'The app was destroyed by hand.')
  await all.happen({ action: 'updated', sha })
  assert.equal((await reviewApps.list(all.pipeline)).length, 1)
  await all.happen({ action: 'opened', sha })
  const again = await all.rolled(serves(sha))
  assert.equal(again.appName, 'shop-pr-7')
  await reviewApps.destroy(again, ALICE)
  await all.reached(gone)
  await all.happen({ action: 'updated', sha })
  assert.equal((await reviewApps.list(all.pipeline)).length, 2)
})

test('a pipeline is not destroyed while it has review apps, which nobody would end', async (t) => {
  const all = await made(t)
  const { pipelines, reviewApps } = all.services
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  const row = await all.rolled(serves(sha))
  await assert.rejects(pipelines.destroy(CALLER, all.pipeline), { code: 'conflict' })
  await reviewApps.destroy(row, ALICE)
  await all.reached(gone)
  await pipelines.destroy(CALLER, all.pipeline)
  await assert.rejects(reviewApps.get(row.id), { code: 'not_found' })
})

test('the people of the pipeline work on its review apps', async (t) => {
  const all = await made(t)
  const { apps, collaborators, users } = all.services
  await users.add({ email: 'bob@example.test' })
  await collaborators.add(await apps.find('shop-staging'), 'bob@example.test', ALICE)
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  const row = await all.rolled(serves(sha))
  const members = await collaborators.list(await apps.find(row.appName!))
  assert.deepEqual(
    members.map(({ email, role }) => [email, role]),
    [
      [ALICE, 'owner'],
      ['bob@example.test', 'collaborator'],
    ],
  )
})

test('names are free, short enough, and fit for a hostname', async (t) => {
  const all = await made(t, { baseName: 'a-rather-long-base-x' })
  const { apps } = all.services
  await apps.create('a-rather-long-base-x-pr-7', ALICE)
  all.builder = async ({ commit }) => artifactNamed(commit![0]!, { commit })
  const sha = await all.commit('feature/x', 'one')
  await all.happen({ sha })
  assert.match((await all.rolled(serves(sha))).appName!, /^a-rather-long-base-x-pr-7-\d{4}$/)
  const odd = 'Größe/../-\u{1F600}-and-very-long'
  await all.happen({ sha, number: 8, branch: odd })
  const row = await all.rolled(serves(sha))
  assert.equal((await all.store.tables.config.get(row.appId!)).HEROKU_BRANCH, odd)
})

test('bad wishes are refused, and nothing changes', async (t) => {
  const all = await made(t)
  const { reviewApps } = all.services
  await all.commit('feature/x', 'one')
  for (const [wish, code] of [
    [{ branch: '' }, 'invalid_params'],
    [{ branch: 'a\nb' }, 'invalid_params'],
    [{ branch: 'nowhere' }, 'not_found'],
    [{ prNumber: 0 }, 'invalid_params'],
    [{ commit: 'zzz' }, 'invalid_source'],
    [{ commit: 'f'.repeat(40) }, 'not_found'],
    [{ sourceUrl: 'file:///etc/passwd' }, 'invalid_source'],
    [{ env: { PORT: '1' } }, 'invalid_params'],
  ] as const)
    await assert.rejects(reviewApps.create(all.pipeline, { ...byHand, ...wish }, ALICE), { code })
  assert.deepEqual(await reviewApps.list(all.pipeline), [])
  const before = await reviewApps.configs.get(all.pipeline)
  for (const wish of [
    { staleDays: 0 },
    { staleDays: 31 },
    { mostApps: 0 },
    { baseName: 'No' },
    { baseName: 'x'.repeat(22) },
    { idleMs: 1 },
    { mostAwake: 0 },
    { mostAwakeBytes: 1 },
  ])
    await assert.rejects(reviewApps.configs.enable(all.pipeline, wish, ALICE), { code: 'invalid_params' })
  const { id } = all.pipeline
  assert.deepEqual(await reviewApps.configs.get({ ...all.pipeline, id }), before)
})
