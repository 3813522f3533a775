import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ledger } from './ledger.ts'

test('what happens while no control plane looks may have been so since shortly before it began to be away', () => {
  const ledger = new Ledger(() => undefined)
  ledger.absences.push({ from: 10_000, to: 22_000 }, { from: 90_000, to: 91_000 })
  assert.equal(ledger.since(23_000, 5_000), 5_000)
  assert.equal(ledger.since(60_000, 5_000), 55_000)
})
