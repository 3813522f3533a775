import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomSeries } from './series.ts'

/** Seeds that have found something once. */
const CORPUS = [3033, 4593, 5547, 5880, 6474]

test('random series of commands and faults settle, lose nothing, and break no rule', async () => {
  const seeds = [...CORPUS, ...Array.from({ length: 400 }, (_, at) => at)]
  for (const seed of seeds) {
    const { world, settled } = await randomSeries(seed)
    assert.ok(settled, `SEED=${seed} settles: ${world.describe()}`)
    assert.deepEqual(world.violations, [], `SEED=${seed}: ${world.describe()}`)
    assert.equal(world.lost, 0, `SEED=${seed} loses nothing: ${world.describe()}`)
  }
})
