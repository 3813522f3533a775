import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOptions } from './options.ts'

test('what is not given has a default, the seed is a fresh one', () => {
  assert.deepEqual(readOptions([], 77), {
    minutes: 5,
    seed: 77,
    rate: 300,
    routerKills: false,
    json: false,
    keep: null,
  })
  const given = [
    '--minutes',
    '0.5',
    '--seed',
    '3',
    '--rate',
    '1000',
    '--router-kills',
    '--json',
    '--keep',
    'there',
  ]
  assert.deepEqual(readOptions(given, 77), {
    minutes: 0.5,
    seed: 3,
    rate: 1000,
    routerKills: true,
    json: true,
    keep: 'there',
  })
})

test('what can not be understood is refused in words', () => {
  const refused = (...args: string[]) => assert.throws(() => readOptions(args, 1), /--|Unexpected/)
  refused('--minutes', 'ten')
  refused('--minutes', '0')
  refused('--seed', '1.5')
  refused('--seed', '')
  refused('--rate', '1e9')
  refused('--nonsense')
  refused('stray')
})
