import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Schedule } from './schedule.ts'

function noted() {
  const errors: string[] = []
  const log = {
    info: () => undefined,
    warn: () => undefined,
    error: (_: object, text: string) => void errors.push(text),
  }
  return { errors, schedule: new Schedule(log) }
}

test('a job is done again and again, also after a round that failed, until it is stopped', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { errors, schedule } = noted()
  let rounds = 0
  schedule.every(1000, 'Tidying', async () => {
    rounds += 1
    if (rounds === 1) throw new Error('no')
  })
  for (let n = 0; n < 3; n++) {
    t.mock.timers.tick(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual([rounds, errors], [3, ['Tidying failed']])
  await schedule.stop()
  t.mock.timers.tick(5000)
  assert.equal(rounds, 3)
})

test('a round that takes long is not begun twice, and stopping waits for it', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { schedule } = noted()
  const go = Promise.withResolvers<void>()
  let begun = 0
  let ended = 0
  schedule.every(1000, 'Tidying', async () => {
    begun += 1
    await go.promise
    ended += 1
  })
  t.mock.timers.tick(3000)
  const stopped = schedule.stop()
  go.resolve()
  await stopped
  assert.deepEqual([begun, ended], [1, 1])
})
