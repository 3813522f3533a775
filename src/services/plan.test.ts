import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import { DEFAULT_SETTINGS, type RolloutSettings } from '../domain/settings.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

async function planned(
  made: World,
  web: Partial<RolloutSettings>,
  types: Record<string, string> = { web: 'w' },
) {
  const settings = { web: { ...DEFAULT_SETTINGS, ...web } }
  made.builder = async () =>
    artifactNamed('a', { processTypes: types, manifest: { ...EMPTY_MANIFEST, settings } })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  return app
}

test('a plan has the steps that the engine would take, and nothing of it has happened', async (t) => {
  const made = await world(t)
  const app = await planned(made, {})
  const before = await made.store.rollouts.wanted(app.id)
  const plan = (await made.services.plans.plan(app, null))!
  assert.deepEqual([plan.app, plan.from, plan.to, plan.strategy], ['shop', 2, 3, 'rolling'])
  const steps = plan.steps.map((step) => step.operation)
  assert.ok(steps.indexOf('prepare') < steps.indexOf('start'))
  assert.ok(steps.indexOf('start') < steps.indexOf('admit'))
  assert.equal(steps.at(-1), 'finish')
  assert.deepEqual(await made.store.rollouts.wanted(app.id), before)
  assert.equal((await made.services.releases.list(app, {})).length, 2)
})

test('a plan for an earlier release goes there', async (t) => {
  const made = await world(t)
  const app = await planned(made, {})
  await deployed(made, app, 'a')
  const plan = (await made.services.plans.plan(app, await made.services.releases.find(app, 'v2')))!
  assert.deepEqual([plan.from, plan.to], [3, 2])
})

test('an app without an artifact has no plan', async (t) => {
  const made = await world(t)
  assert.equal(await made.services.plans.plan(await made.services.apps.create('shop', ALICE), null), null)
})

test('what is risky is said', async (t) => {
  const made = await world(t)
  const app = await planned(
    made,
    { surge: 0, maxUnavailable: 1 },
    { web: 'w', worker: 'k', release: 'migrate' },
  )
  await made.services.formation.scale(app, [{ type: 'worker', quantity: 2 }], ALICE)
  const codes = (await made.services.plans.plan(app, null))!.risks.map((risk) => risk.code)
  assert.deepEqual(codes, [
    'single_instance',
    'no_health_check',
    'nothing_warm',
    'release_phase',
    'workers_doubled',
  ])
  await made.services.formation.scale(app, [{ type: 'web', quantity: 4, size: 'Performance-L' }], ALICE)
  assert.ok((await made.services.plans.plan(app, null))!.risks.some((risk) => risk.code === 'memory'))
  await made.services.formation.scale(app, [{ type: 'web', quantity: 0 }], ALICE)
  assert.ok((await made.services.plans.plan(app, null))!.risks.some((risk) => risk.code === 'no_instance'))
})

test('a careful app has no risks', async (t) => {
  const made = await world(t)
  const app = await planned(made, { checkPath: '/health' })
  await made.services.formation.scale(app, [{ type: 'web', quantity: 2 }], ALICE)
  await made.services.features.set(app, 'preboot', true, ALICE)
  const plan = (await made.services.plans.plan(app, null))!
  assert.deepEqual(plan.risks, [])
  assert.deepEqual([plan.strategy, plan.peak.memoryMiB, plan.slots], ['preboot', 4 * 512, 8])
})
