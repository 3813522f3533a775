import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { App } from '../store/apps.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

const CALLER = { id: 'alice', email: ALICE, admin: false, scopes: [], token: 't' } as const
const BOB = { ...CALLER, id: 'bob', email: 'bob@example.test' } as const
const SHA = 'abcd'.repeat(10)

/** A pipeline with an app at staging and one at production; builds are of one commit. */
async function made(t: TestContext, commit: string = SHA) {
  const all = await world(t)
  const { apps, pipelines } = all.services
  all.builder = async () => artifactNamed('a', { commit })
  const pipeline = await pipelines.create(CALLER, 'shop-line')
  const [staging, production] = [await apps.create('shop-staging', ALICE), await apps.create('shop', ALICE)]
  await pipelines.add(pipeline, staging, 'staging', ALICE)
  await pipelines.add(pipeline, production, 'production', ALICE)
  return Object.assign(all, { pipeline, staging, production })
}

async function promoted(all: World & Awaited<ReturnType<typeof made>>, outcome: 'succeeded' | 'failed') {
  const { pipeline, staging: source, production } = all
  await all.services.promotions.promote({ pipeline, source, release: null, targets: [production] }, ALICE)
  await all.engine.finish(production.id, outcome)
}

async function pushed({ services, pipeline }: Awaited<ReturnType<typeof made>>): Promise<void> {
  const commit = { sha: SHA, message: 'Sell shoes\n\nAt last.', author: 'Dev', at: 5 }
  const about = { pipelineId: pipeline.id, origin: 'github', user: 'dev', commit, branch: 'main' } as const
  await services.sourceEvents.receive({ kind: 'push', id: 'one', at: 10, forced: false, ...about })
  const pull = { number: 7, title: 'Shoes', fork: false, merged: true, url: 'https://forge.test/7' }
  const event = { kind: 'pull-request', action: 'closed', id: 'two', at: 9, ...pull, ...about } as const
  await services.sourceEvents.receive(event)
}

test('the way of a commit is told in order, with releases, receipts and reasons', async (t) => {
  const all = await made(t)
  await pushed(all)
  await deployed(all, all.staging, 'a')
  await promoted(all, 'failed')
  const change = await all.services.changes.get(CALLER, SHA)
  assert.deepEqual([change.message, change.author, change.committedAt], ['Sell shoes', 'Dev', 5])
  assert.deepEqual(
    change.steps.map(({ kind, app, stage, status, text }) => [kind, app, stage, status, text]),
    [
      ['pull-request', null, null, 'merged', '#7 Shoes'],
      ['push', null, null, 'pushed', 'main has it'],
      ['release', 'shop-staging', 'staging', 'succeeded', 'v2: Deploy abcdabcd'],
      ['release', 'shop', 'production', 'failed', 'v2: Promote shop-staging v2 abcdabcd'],
    ],
  )
  const [, , first, last] = change.steps
  assert.deepEqual([first!.receipt?.lost, first!.reason, last!.reason], [0, null, 'The test says so.'])
  assert.ok(first!.endedAt! >= first!.at)
})

test('tests, what waits for approval and builds that failed are part of it', async (t) => {
  const all = await made(t)
  const { services, pipeline, staging } = all
  const wish = { branch: 'main', sha: SHA, message: 'Sell shoes', sourceUrl: null }
  await services.testRuns.create(pipeline, wish, ALICE)
  await services.builds.create(staging, { url: 'http://127.0.0.1:1/none', version: SHA }, ALICE)
  await deployed(all, staging, 'a')
  await services.stages.setRules(CALLER, pipeline, 'production', { approvals: 1 })
  const { production, staging: source } = all
  await services.promotions.promote({ pipeline, source, release: null, targets: [production] }, ALICE)
  const { steps } = await services.changes.get(CALLER, 'abcdabcd')
  const told = steps.map(({ kind, app, stage, status }) => [kind, app, stage, status])
  assert.deepEqual(told.slice(1), [
    ['deploy', 'shop-staging', 'staging', 'failed'],
    ['release', 'shop-staging', 'staging', 'succeeded'],
    ['approval', null, 'production', 'waiting'],
  ])
  assert.deepEqual(told[0]!.slice(0, 1), ['tests'])
  assert.match(steps[1]!.reason!, /could not be fetched/)
})

test('an automatic deploy that waits is part of it, and becomes its release', async (t) => {
  const all = await made(t)
  const { services, staging, store, pipeline } = all
  await store.tables.testRuns.setSettings(pipeline.id, { enabled: true, seconds: 60 })
  await services.autoDeploys.set(staging, { branch: 'main', waitForTests: true }, ALICE)
  const commit = { sha: SHA, message: '', author: null, at: null }
  const about = { id: 'one', pipelineId: pipeline.id, origin: 'git', user: ALICE, at: 1 } as const
  await services.autoDeploys.handle({ kind: 'push', branch: 'main', commit, forced: false, ...about })
  const { id: runId } = await services.testRuns.create(
    pipeline,
    { branch: 'main', sha: SHA, message: '', sourceUrl: null },
    ALICE,
  )
  assert.ok(runId)
  const { steps } = await services.changes.get(CALLER, SHA)
  const deploy = steps.find(({ kind }) => kind === 'deploy')
  assert.deepEqual([deploy?.app, deploy?.text], ['shop-staging', 'automatic deploy of main'])
})

test('nobody learns of commits in apps and pipelines of others', async (t) => {
  const all = await made(t)
  await pushed(all)
  await deployed(all, all.staging, 'a')
  await assert.rejects(all.services.changes.get(BOB, SHA), { code: 'not_found' })
  const own: App = await all.services.apps.create('own', BOB.email)
  await deployed(all, own, 'a')
  const change = await all.services.changes.get(BOB, SHA)
  assert.deepEqual(
    change.steps.map(({ app }) => app),
    ['own'],
  )
  assert.equal(change.message, null)
})

test('what is no commit, was never met, or begins several is said to be so', async (t) => {
  const all = await made(t)
  await deployed(all, all.staging, 'a')
  all.builder = async () => artifactNamed('b', { commit: `${'abcd'.repeat(9)}ffff` })
  await deployed(all, all.production, 'b')
  const { changes } = all.services
  await assert.rejects(changes.get(CALLER, "abc'"), { code: 'invalid_params' })
  await assert.rejects(changes.get(CALLER, 'ab%'), { code: 'invalid_params' })
  await assert.rejects(changes.get(CALLER, 'ffff'), { code: 'not_found' })
  await assert.rejects(changes.get(CALLER, 'abcd'), { code: 'invalid_params', message: /^2 commits begin/ })
  assert.equal((await changes.get(CALLER, SHA.toUpperCase())).commit, SHA)
})
