import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Histogram } from './histogram.ts'

const times = fc.array(fc.integer({ min: 0, max: 3_600_000 }), { minLength: 1, maxLength: 500 })
const share = fc.double({ min: 0.01, max: 1, noNaN: true })

/** The exact answer, from all values. */
function exact(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.ceil(sorted.length * part) - 1] ?? Number.NaN
}

test('a percentile is right to two percent, whatever the values', () => {
  fc.assert(
    fc.property(times, share, (values, part) => {
      const histogram = new Histogram()
      for (const value of values) histogram.add(value)
      const wanted = exact(values, part)
      const got = histogram.percentile(part) ?? Number.NaN
      assert.ok(Math.abs(got - wanted) <= Math.max(1, wanted * 0.02), `${got} for ${wanted}`)
    }),
  )
})

test('merging and storing change nothing', () => {
  fc.assert(
    fc.property(times, times, (one, other) => {
      const whole = new Histogram()
      for (const value of [...one, ...other]) whole.add(value)
      const parts = [one, other].map((values) => {
        const part = new Histogram()
        for (const value of values) part.add(value)
        return part
      })
      const merged = Histogram.from(JSON.parse(JSON.stringify(parts[0])))
      merged.merge(parts[1] ?? new Histogram())
      assert.equal(merged.count, whole.count)
      for (const part of [0.5, 0.99, 1]) assert.equal(merged.percentile(part), whole.percentile(part))
    }),
  )
})

test('an empty histogram has no percentiles', () => {
  assert.equal(new Histogram().percentile(0.5), null)
})
