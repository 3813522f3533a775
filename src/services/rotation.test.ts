import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { OperationKind } from '../domain/rollout.ts'
import type { RouterServer } from '../rollout/ports.ts'
import { ALICE, deployed, world } from './testing.ts'

const ADDRESS = { host: '127.0.0.1', port: 20_000 }

/** An app with one instance, as the router has it, and what it is said to be. */
async function oneInstance(t: TestContext) {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  made.instances.push({
    ...{
      id: 'web-1-a',
      kind: 'formation',
      appId: app.id,
      type: 'web',
      name: 'web.1',
      release: 2,
      generation: 1,
    },
    ...{ size: 'Eco', host: null, unreachable: false, address: ADDRESS, privateAddress: null, pid: 1 },
    ...{ startedAt: 1, signalledAt: null, exit: null, state: 'running' },
  })
  const { generation } = (await made.store.rollouts.wanted(app.id))!
  const meant = async (kind: OperationKind) => {
    const about = { appId: app.id, rollout: null, generation, instance: 'web-1-a', name: 'web.1', release: 2 }
    await made.store.rollouts.journal([{ ...about, kind, note: '', at: 1, state: 'intent' }])
  }
  const rotation = async (admin: RouterServer['admin'], health: RouterServer['health']) => {
    const rest = { everywhere: true, passedOnce: health === 'up', inFlight: 0, streams: 0, check: '' }
    made.servers.splice(0, 1, { instance: 'web-1-a', address: ADDRESS, admin, health, ...rest })
    return (await made.services.instances.find(app, 'web.1')).rotation
  }
  return { meant, rotation }
}

test('an instance that no visitor is sent to waits until it is let in, and drains once it is to go', async (t) => {
  const { meant, rotation } = await oneInstance(t)
  assert.equal(await rotation('drain', 'checking'), 'waiting')
  assert.equal(await rotation('drain', 'up'), 'waiting')
  await meant('admit')
  assert.equal(await rotation('ready', 'up'), 'ready')
  assert.equal(await rotation('ready', 'down'), 'ready')
  await meant('drain')
  assert.equal(await rotation('drain', 'up'), 'draining')
  await meant('park')
  assert.equal(await rotation('maint', 'checking'), 'parked')
  await meant('admit')
  assert.equal(await rotation('maint', 'checking'), 'waiting')
  assert.equal(await rotation('ready', 'up'), 'ready')
})

test('an instance that a balancer of somebody else is taking in waits until that is sure', async (t) => {
  const { rotation } = await oneInstance(t)
  assert.equal(await rotation('ready', 'checking'), 'waiting')
  assert.equal(await rotation('ready', 'up'), 'ready')
})
