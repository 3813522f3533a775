import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { Ends } from './ends.ts'
import type { DockerHost } from './host.ts'
import { Notes } from './notes.ts'
import type { Seen } from './seen.ts'

const NOW = 1_000_000
const FOUND: Seen = {
  ...{ id: 'i1', kind: 'formation', appId: 'app-a', type: 'web', name: 'web.1', release: 1, generation: 1 },
  ...{ size: 'Eco', ports: null, container: 'c1', state: 'exited', createdAt: 0, startedAt: 0, pid: null },
  ...{ exit: { code: 1, at: 5, cause: 'exit' }, witnessed: false, foundAt: NOW, stopSignal: 'SIGTERM' },
  ...{ entrypoint: [], comesBack: false, attached: false },
}

/** Ends that look at one container, on a clock of the test's own. */
function watched(t: TestContext, seen: Seen) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: NOW })
  const data = mkdtempSync(join(tmpdir(), 'tasuki-ends-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  const notes = new Notes(data, 'h1')
  const looks: string[] = []
  const ends = new Ends({
    host: { name: 'h1', listens: async () => true } as DockerHost,
    notes,
    log: { info: nothing, warn: nothing, error: nothing },
    lastKnown: (id) => {
      looks.push(id)
      return seen
    },
    changed: nothing,
  })
  t.after(() => ends.close())
  return { ends, notes, looks }
}

describe('an instance that was found ended', () => {
  it('counts as ended when Docker has not started it again in time', async (t) => {
    const { ends, notes } = watched(t, FOUND)
    ends.seen(FOUND)
    t.mock.timers.tick(9_999)
    assert.equal(notes.of('i1').ended, null)
    t.mock.timers.tick(1)
    assert.deepEqual(notes.of('i1').ended, { startedAt: 0, exit: FOUND.exit })
  })

  it('is looked at once, however often it is told of', (t) => {
    const { ends, looks } = watched(t, FOUND)
    for (let times = 0; times < 5; times += 1) ends.seen(FOUND)
    t.mock.timers.tick(10_000)
    assert.deepEqual(looks, ['i1'])
  })

  for (const [what, kind, signalled] of [
    ['that was told to stop', 'formation', true],
    ['of a one-off', 'one-off', false],
  ] as const)
    it(`${what} is not looked at again and again`, (t) => {
      const seen = { ...FOUND, kind }
      const { ends, notes, looks } = watched(t, seen)
      if (signalled) notes.write('i1', { signalledAt: NOW })
      ends.seen(seen)
      t.mock.timers.tick(60_000)
      assert.deepEqual(looks, [])
    })

  it('is let be by a control plane that has ended', (t) => {
    const { ends, notes } = watched(t, FOUND)
    ends.seen(FOUND)
    ends.close()
    t.mock.timers.tick(60_000)
    assert.equal(notes.of('i1').ended, null)
  })
})

function nothing(): void {
  // Nobody has to be told here.
}
