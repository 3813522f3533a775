import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { report, runSeed, shrink } from './check.ts'
import { inMacrotask } from './core/microtasks.ts'
import { run } from './run.ts'
import type { Scenario } from './scenario/steps.ts'

const SEEDS = 400
const CORPUS = new URL('./corpus/', import.meta.url)

test(`random series of commands and faults keep every rule: ${SEEDS} seeds`, () =>
  inMacrotask(() => {
    for (let seed = 0; seed < SEEDS; seed++) {
      const { scenario, result } = runSeed(seed)
      if (result.violation) assert.fail(report(shrink(seed, scenario, result.violation.rule)))
    }
  }))

for (const file of readdirSync(CORPUS)
  .filter((name) => name.endsWith('.json'))
  .sort()) {
  const { found, scenario } = JSON.parse(readFileSync(new URL(file, CORPUS), 'utf8')) as {
    found: string
    scenario: Scenario
  }
  test(`found once, mended since: ${found}`, () =>
    inMacrotask(() => {
      const { violation, end } = run(scenario)
      assert.deepEqual(violation, null, end)
    }))
}

test('the same scenario is the same run, to the letter', () =>
  inMacrotask(() => {
    const { scenario } = runSeed(4)
    const first = run(scenario, { trace: true })
    const second = run(scenario, { trace: true })
    assert.ok(first.trace.length > 100)
    assert.deepEqual(second.trace, first.trace)
    assert.equal(second.end, first.end)
  }))
