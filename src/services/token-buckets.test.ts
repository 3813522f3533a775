import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenBuckets } from './token-buckets.ts'

test('a bucket gives what it holds, then what time brings, and never holds more', () => {
  let now = 0
  const buckets = new TokenBuckets({ most: 4500, perMinute: 75 }, () => now)
  for (let n = 0; n < 4500; n++) assert.ok(buckets.take('anna'))
  assert.equal(buckets.left('anna'), 0)
  assert.ok(!buckets.take('anna'))
  assert.equal(buckets.waitMs('anna'), 800)
  now += 799
  assert.ok(!buckets.take('anna'))
  now += 1
  assert.ok(buckets.take('anna'))
  now += 60_000
  assert.equal(buckets.left('anna'), 75)
  now += 24 * 60 * 60_000
  assert.equal(buckets.left('anna'), 4500)
  assert.equal(buckets.left('bert'), 4500)
})

test('what is refused costs nothing', () => {
  let now = 0
  const buckets = new TokenBuckets({ most: 1, perMinute: 60 }, () => now)
  assert.ok(buckets.take('anna'))
  for (let n = 0; n < 10; n++) {
    now += 99
    assert.ok(!buckets.take('anna'))
  }
  now += 10
  assert.ok(buckets.take('anna'))
})
