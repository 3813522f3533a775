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

test('what was there already and crashes together is one crash: all of it is started again at once', () => {
  const crashes = new Crashes()
  for (let one = 0; one < 20; one++) crashes.record(1, 'web', 5000 + one * 40, 0)
  assert.equal(crashes.pauses(1, 5800).size, 0)
})

test('what was started after a crash and crashes too is another one, however soon', () => {
  const crashes = new Crashes()
  crashes.record(1, 'web', 5000, 0)
  crashes.record(1, 'web', 5100, 5010)
  assert.equal(crashes.pauses(1, 5100).get('web'), 1000)
})

test('what could not be started is tried again after a quarter of a minute at the latest, what crashes is not', () => {
  const crashes = new Crashes()
  for (let one = 0; one < 20; one++) crashes.recordNoStart(1, 'web', one * 1000)
  assert.equal(crashes.pauses(1, 19_000).get('web'), 15_000)
  crashes.record(1, 'web', 20_000)
  assert.equal(crashes.pauses(1, 20_000).get('web'), 300_000)
})
