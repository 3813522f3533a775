import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { JournalEntry } from '../domain/rollout.ts'
import { artifactNamed } from '../store/testing.ts'
import { InstanceLines } from './instance-lines.ts'
import { ALICE, deployed, world } from './testing.ts'

/** An app whose release 2 is being rolled out, and the teller of what becomes of its instances. */
async function story(t: TestContext) {
  const made = await world(t)
  made.builder = async () =>
    artifactNamed('a', { processTypes: { web: 'node web.js', worker: 'node work.js', release: 'migrate' } })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  let tell: (entry: JournalEntry) => void = () => undefined
  const engine = {
    ...made.deps.engine,
    onEntry: (listen: (entry: JournalEntry) => void) => {
      tell = listen
      return () => undefined
    },
  }
  const lines = new InstanceLines({ ...made.deps, engine })
  lines.start()
  const before = made.logs.lines.length
  /** Something happens to `web-1-a` (`web.1`), ms after the begin. */
  const happen = (
    kind: JournalEntry['kind'],
    name: string,
    more: Partial<JournalEntry> = {},
    afterMs = 0,
  ): void => {
    const instance = `${name.replace('.', '-')}-a`
    const rest = { id: 1, appId: app.id, rollout: null, generation: 1, release: 2, note: '', error: null }
    tell({ ...rest, kind, instance, name, state: 'done', at: afterMs, endedAt: afterMs, ...more })
  }
  /** All that was said, without times. */
  const said = async () => {
    await lines.stop()
    return made.logs.lines.slice(before).map(({ line }) => line.replace(/^\S+ /, ''))
  }
  return { happen, said }
}

test('the life of an instance is told from its start to its end', async (t) => {
  const { happen, said } = await story(t)
  happen('start', 'web.1', { state: 'intent' })
  happen('start', 'web.1')
  happen('passing', 'web.1', { state: 'seen' })
  happen('admit', 'web.1')
  happen('admit', 'web.1')
  happen('drain', 'web.1')
  happen('terminate', 'web.1', {}, 90_000)
  happen('exited', 'web.1', { state: 'seen', note: 'with status 143' })
  assert.deepEqual(await said(), [
    'tasuki[web.1]: Starting process with command `node web.js`',
    'tasuki[web.1]: State changed from starting to up',
    'tasuki[web.1]: Stopping all processes with SIGTERM',
    'tasuki[web.1]: Process exited with status 143',
  ])
})

test('a crash is told, and that it is started again', async (t) => {
  const { happen, said } = await story(t)
  happen('start', 'worker.1')
  happen('passing', 'worker.1', { state: 'seen', note: 'it has run for a second' })
  happen('exited', 'worker.1', { state: 'seen', note: 'with status 1' })
  happen('start', 'worker.1', { instance: 'worker-1-b' })
  assert.deepEqual(await said(), [
    'tasuki[worker.1]: Starting process with command `node work.js`',
    'tasuki[worker.1]: State changed from starting to up',
    'tasuki[worker.1]: Process exited with status 1',
    'tasuki[worker.1]: State changed from up to crashed',
    'tasuki[worker.1]: State changed from crashed to starting',
    'tasuki[worker.1]: Starting process with command `node work.js`',
  ])
})

test('what takes too long, or too much, has its R-code', async (t) => {
  const { happen, said } = await story(t)
  happen('start', 'web.1')
  happen('terminate', 'web.1', {}, 61_000)
  happen('kill', 'web.1', { note: 'still there 30 s after SIGTERM' })
  happen('start', 'web.2')
  happen('terminate', 'web.2', {}, 5_000)
  happen('start', 'worker.1')
  happen('exited', 'worker.1', { state: 'seen', note: 'for using too much memory, with status 137' })
  const lines = await said()
  assert.deepEqual(
    lines.filter((line) => line.includes('Error ')),
    [
      'tasuki[web.1]: Error R10 (Boot timeout) -> Web process failed to pass its checks within 60 seconds of launch',
      'tasuki[web.1]: Error R12 (Exit timeout) -> At least one process failed to exit within 30 seconds of SIGTERM',
      'tasuki[worker.1]: Error R15 (Memory quota vastly exceeded)',
    ],
  )
  assert.ok(lines.includes('tasuki[web.1]: Stopping remaining processes with SIGKILL'))
})

test('a release phase completes, and does not crash', async (t) => {
  const { happen, said } = await story(t)
  happen('start-release-phase', 'release.2')
  happen('exited', 'release.2', { state: 'seen', note: 'with status 0' })
  assert.deepEqual(await said(), [
    'tasuki[release.2]: Starting process with command `migrate`',
    'tasuki[release.2]: State changed from starting to up',
    'tasuki[release.2]: Process exited with status 0',
    'tasuki[release.2]: State changed from up to complete',
  ])
})

test('what could not be started is told with the reason', async (t) => {
  const { happen, said } = await story(t)
  happen('start', 'web.1', { state: 'failed', error: 'No port is free.' })
  assert.deepEqual(await said(), ['tasuki[web.1]: Starting process failed: No port is free.'])
})
