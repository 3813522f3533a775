import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { MUTANTS, patched } from './mutants.ts'

test('every mutant fits the engine as it is, once, and changes it', () => {
  for (const mutant of MUTANTS) {
    const source = readFileSync(new URL(`../../../${mutant.file}`, import.meta.url), 'utf8')
    assert.notEqual(patched(mutant, source), source)
  }
  assert.ok(MUTANTS.length >= 15)
})
