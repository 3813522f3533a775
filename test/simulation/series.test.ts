import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { report, runSeed } from './check.ts'
import { inMacrotask } from './core/microtasks.ts'
import { run } from './run.ts'
import type { Scenario } from './scenario/steps.ts'
import { series } from './series.ts'

const SEEDS = 2000
const CORPUS = new URL('./corpus/', import.meta.url)

test(`random series of commands and faults keep every rule: ${SEEDS} seeds`, async () => {
  const failures: string[] = []
  let seeds = 0
  const workers = availableParallelism()
  await series({ from: 0, seeds: SEEDS, until: null, workers }, (message) => {
    seeds += message.seeds
    if (message.failure) failures.push(report(message.failure))
  }).done
  assert.deepEqual(failures, [], failures[0])
  assert.equal(seeds, SEEDS)
})

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
