import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import { breachOf } from './bake.ts'

const calm = { requests: 1000, serverErrors: 10, p95: 40 }

test('a new release that fails more often than the old one by more than the limit is a breach', () => {
  assert.equal(breachOf(DEFAULT_SETTINGS, { requests: 1000, serverErrors: 60, p95: 40 }, calm), null)
  assert.match(
    breachOf(DEFAULT_SETTINGS, { requests: 1000, serverErrors: 61, p95: 40 }, calm)!,
    /6\.1 % .* 5xx \(1\.0 %/,
  )
})

test('errors that the old release had as well are not held against the new one', () => {
  const bad = { requests: 1000, serverErrors: 500, p95: 40 }
  assert.equal(breachOf(DEFAULT_SETTINGS, bad, bad), null)
})

test('with few requests nothing is held against a release', () => {
  assert.equal(breachOf(DEFAULT_SETTINGS, { requests: 19, serverErrors: 19, p95: 9000 }, calm), null)
})

test('latency is compared only where the app asks for it', () => {
  const slow = { requests: 1000, serverErrors: 10, p95: 90 }
  assert.equal(breachOf(DEFAULT_SETTINGS, slow, calm), null)
  assert.match(
    breachOf({ ...DEFAULT_SETTINGS, bakeMaxP95Ratio: 2 }, slow, calm)!,
    /p95 is 90\.0 ms, the old one's 40\.0 ms/,
  )
})
