import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { heldLimits } from '../../../../test/harness/held-limits.ts'
import { until } from '../../../../test/harness/until.ts'
import { LIMITS } from '../calls.ts'
import { openDockerHost } from '../host.ts'
import { scriptedEngine } from '../testing-engine.ts'
import { lookAtEngine } from './engine.ts'

describe('what is said of a Docker that can not be asked', () => {
  it('is that it does not answer, where it takes the question', async (t) => {
    const engine = await scriptedEngine(t)
    const pass = heldLimits(t, LIMITS.look)
    const looked = lookAtEngine(engine.host)
    const call = await engine.nth('GET /info', 1)
    pass()
    assert.deepEqual(await looked, { trouble: 'Docker has not answered for 5 s' })
    await until('the question to be given up', () => call.isOver())
  })

  it('is that nobody is there, where nobody takes it', async () => {
    const url = 'unix:///nowhere/docker.sock'
    const row = { id: 'h1', name: 'h1', url, privateAddress: '127.0.0.1', hostKey: null }
    assert.deepEqual(await lookAtEngine(openDockerHost(row, { privateKey: '' })), {
      trouble: 'connect ENOENT /nowhere/docker.sock',
    })
  })
})
