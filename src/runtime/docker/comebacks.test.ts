import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Comebacks } from './comebacks.ts'
import type { Seen } from './seen.ts'
import { say, scriptedEngine } from './testing-engine.ts'

const RUNS: Seen = {
  ...{ id: 'i1', kind: 'formation', appId: 'app-a', type: 'web', name: 'web.1', release: 1, generation: 1 },
  ...{ size: 'Eco', ports: null, container: 'c1', state: 'running', createdAt: 0, startedAt: 0, pid: 1 },
  ...{ exit: null, witnessed: false, foundAt: 0, stopSignal: 'SIGTERM', entrypoint: [], comesBack: false },
  ...{ attached: false },
}
const UPDATE = 'POST /containers/c1/update'

describe('an instance that has proved to run', () => {
  it('is brought back though Docker did not take it up the first time', async (t) => {
    const answers = [say({ message: 'it is busy' }, 500), say({ Warnings: [] })]
    const engine = await scriptedEngine(t, { [UPDATE]: (call) => answers.shift()?.(call) })
    const { promise: done, resolve } = Promise.withResolvers<Seen>()
    const log = { info: nothing, warn: nothing, error: nothing }
    const parts = { host: engine.host, log, lastKnown: () => RUNS, done: resolve, afterMs: 20 }
    const comebacks = new Comebacks(parts)
    t.after(() => comebacks.close())
    comebacks.seen(RUNS)
    assert.equal((await done).id, 'i1')
    assert.equal(engine.of(UPDATE).length, 2)
  })
})

function nothing(): void {
  // Nobody has to be told here.
}
