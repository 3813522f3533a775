import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Crashes, pauseAfter } from './crashes.ts'

test('the first crash is followed by a start at once, then pauses double up to five minutes', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 30].map(pauseAfter), [0, 1000, 2000, 4000, 8000, 300_000])
})

test('crashes are counted by generation, so that a new release begins with a clean slate', () => {
  const crashes = new Crashes()
  crashes.record(1, 'web', 0)
  crashes.record(1, 'web', 10)
  assert.deepEqual(crashes.pauses(1, 10), new Map([['web', 1000]]))
  assert.deepEqual(crashes.pauses(2, 10), new Map())
})

test('a pause runs out, and after ten minutes without a crash the count begins anew', () => {
  const crashes = new Crashes()
  crashes.record(1, 'web', 0)
  crashes.record(1, 'web', 10)
  assert.equal(crashes.pauses(1, 500).get('web'), 510)
  assert.equal(crashes.pauses(1, 1010).size, 0)
  crashes.record(1, 'web', 700_000)
  assert.equal(crashes.pauses(1, 700_000).size, 0)
})
