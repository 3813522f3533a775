import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyedRounds } from './keyed-rounds.ts'
import { until } from './testing-receiver.ts'

const LOG = { info: () => undefined, warn: () => undefined, error: () => undefined }

test('what is asked for during a round makes another one, and only one', async (t) => {
  const gate = Promise.withResolvers<void>()
  const held: string[] = []
  const rounds = new KeyedRounds('A test', LOG, async (key) => {
    held.push(key)
    if (held.length === 1) await gate.promise
    return null
  })
  t.after(() => rounds.stop())
  rounds.poke('early')
  rounds.start(['a'])
  await until('the first is held', () => held.length === 1)
  rounds.poke('a')
  rounds.poke('a')
  gate.resolve()
  await until('the second is held', () => held.length === 2)
  rounds.poke('b')
  await until('another key has its own', () => held.length === 3)
  assert.deepEqual(held, ['a', 'a', 'b'])
})

test('a round is held again when it says so, and none after the stop', async () => {
  let held = 0
  const rounds = new KeyedRounds('A test', LOG, async () => {
    held += 1
    return held < 3 ? 1 : null
  })
  rounds.start(['a'])
  await until('it was held again by itself', () => held === 3)
  await rounds.stop()
  rounds.poke('a')
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  assert.equal(held, 3)
  assert.ok(rounds.stopped)
})

test('a round that throws does not end the others, and is told of', async (t) => {
  const told: unknown[] = []
  const held: string[] = []
  const log = { ...LOG, error: (fields: unknown) => void told.push(fields) }
  const rounds = new KeyedRounds('A test', log, async (key) => {
    if (key === 'bad') throw new Error('no disk')
    held.push(key)
    return null
  })
  t.after(() => rounds.stop())
  rounds.start(['bad', 'good'])
  await until('both were held', () => told.length === 1 && held.length === 1)
  assert.deepEqual(told, [{ key: 'bad', error: 'Error: no disk' }])
})
