import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageSpread } from './image-spread.ts'
import { ALICE, deployed, world } from './testing.ts'

test('what serves comes to each host that may run it, as soon as that answers', async (t) => {
  let now = 1_000_000
  const made = await world(t, {}, () => now)
  for (const name of ['h1', 'h2', 'h3']) {
    made.fleet.machine(name)
    const labels = name === 'h3' ? ['db'] : ['api']
    await made.services.hosts.add({ url: `ssh://deploy@${name}`, privateAddress: '10.0.0.1', labels }, ALICE)
  }
  const names = new Map((await made.services.hosts.list()).map(({ id, name }) => [id, name]))
  const app = await made.services.apps.create('shop', ALICE)
  const local = await made.services.apps.create('local', ALICE)
  await deployed(made, local, 'c')
  await deployed(made, app, 'a')
  await made.services.placements.set(app, { runtime: 'docker', label: 'api' }, ALICE)
  const spread = new ImageSpread(made.deps)
  const brought = async () => {
    made.images.brought.length = 0
    await spread.look()
    await spread.settled()
    return made.images.brought.map(([host]) => names.get(host)).sort()
  }
  assert.deepEqual(await brought(), [], 'the rollout that moves it does so itself')
  await made.engine.finish(app.id)
  made.fleet.away.add('h2')
  assert.deepEqual(await brought(), ['h1'])
  const { artifact } = (await made.services.releases.get(app, 'v2')).release
  assert.deepEqual(made.images.brought[0]?.[1], artifact)
  assert.deepEqual(await brought(), [], 'it is there')
  made.fleet.away.delete('h2')
  made.images.nothingComes = true
  assert.deepEqual(await brought(), ['h2'])
  assert.deepEqual(await brought(), [], 'not again at once')
  made.images.nothingComes = false
  now += 60_000
  assert.deepEqual(await brought(), ['h2'])
  await made.services.hosts.update('h3', { labels: ['db', 'api'] }, ALICE)
  assert.deepEqual(await brought(), ['h3'])
  made.fleet.away.add('h1')
  assert.deepEqual(await brought(), [])
  made.fleet.away.delete('h1')
  assert.deepEqual(await brought(), ['h1'], 'nobody knows what became of it meanwhile')
})
