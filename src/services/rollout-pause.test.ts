import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ALICE, deployed, world } from './testing.ts'

test('a rollout waits until it is resumed, and both are told in the log of the app', async (t) => {
  const made = await world(t)
  const { services, logs, engine } = made
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  const [running] = await services.rollouts.list(app)
  engine.poked.length = 0
  assert.equal((await services.rollouts.pause(running!, ALICE)).paused, true)
  assert.equal((await made.store.rollouts.wanted(app.id))!.rollout!.paused, true)
  assert.equal((await services.rollouts.resume(running!, ALICE)).paused, false)
  assert.deepEqual(engine.poked, [app.id, app.id])
  const told = logs.lines.map(({ line }) => line).join('\n')
  assert.match(told, /Rollout to v2 paused by alice@example.test[\s\S]*Rollout to v2 resumed by/)
})

test('a rollout that has ended can not wait', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  const [ended] = await made.services.rollouts.list(app)
  await assert.rejects(made.services.rollouts.pause(ended!, ALICE), { code: 'conflict' })
  assert.equal((await made.services.rollouts.get(ended!.id)).paused, false)
})

test('a newer deploy does not wait with the one that it takes the place of', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  const [first] = await made.services.rollouts.list(app)
  await made.services.rollouts.pause(first!, ALICE)
  await deployed(made, app, 'b', 'running')
  const [second] = await made.services.rollouts.list(app)
  assert.deepEqual([second!.paused, second!.outcome], [false, null])
})
