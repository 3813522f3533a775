import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { TestSlots } from './test-slots.ts'

const MIB = 2 ** 20
const NEVER = new AbortController().signal

/** Slots of a machine with so much free memory, and what takes one: in `order`, with what ends it. */
function slots(most: number, freeMiB: number) {
  const machine = { freeMiB }
  const headroom = async () => ({ freeBytes: machine.freeMiB * MIB, totalBytes: 8192 * MIB })
  const made = new TestSlots({ headroom }, most)
  const order: string[] = []
  const release = new Map<string, () => void>()
  return {
    machine,
    order,
    release: (name: string) => release.get(name)!(),
    take: (name: string, signal = NEVER) =>
      made.take(512 * MIB, signal).then((end) => {
        order.push(name)
        release.set(name, end)
      }),
    /** All that can happen without anything else has happened. */
    settled: async () => {
      for (let turns = 0; turns < 20; turns += 1) await turn()
    },
  }
}

test('as many go at once as there are processors, in the order in which they asked', async () => {
  const { take, order, release, settled } = slots(2, 8000)
  for (const name of ['a', 'b', 'c', 'd']) void take(name)
  await settled()
  assert.deepEqual(order, ['a', 'b'])
  release('b')
  release('b')
  await settled()
  assert.deepEqual(order, ['a', 'b', 'c'])
})

test('memory that there is not holds all but one up, until it is there', async () => {
  const { take, order, machine, release, settled } = slots(8, 1400)
  for (const name of ['a', 'b', 'c']) void take(name)
  await settled()
  assert.deepEqual(order, ['a', 'b'], 'what has just been let go is counted')
  machine.freeMiB = 100
  release('a')
  await settled()
  assert.deepEqual(order, ['a', 'b'])
  release('b')
  await settled()
  assert.deepEqual(order, ['a', 'b', 'c'], 'one always may')
})

test('who gives up waiting is passed over', async () => {
  const { take, order, release, settled } = slots(1, 8000)
  const gone = new AbortController()
  void take('a')
  const refused = assert.rejects(take('b', gone.signal), { name: 'AbortError' })
  void take('c')
  await settled()
  gone.abort()
  await refused
  release('a')
  await settled()
  assert.deepEqual(order, ['a', 'c'])
  await assert.rejects(take('d', gone.signal), { name: 'AbortError' })
})
