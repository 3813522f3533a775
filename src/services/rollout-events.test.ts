import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { Rollout } from '../domain/rollout.ts'
import { artifactNamed } from '../store/testing.ts'
import { ALICE, deployed, world } from './testing.ts'

/** Later than anything else that happens at the end of a rollout. */
const LATE_MS = 100

/** An app whose release has a release phase, its rollout under way. */
async function setting(t: TestContext) {
  const made = await world(t)
  made.builder = async () => artifactNamed('a', { processTypes: { web: 'w', release: 'migrate' } })
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  const [rollout] = await made.services.rollouts.list(app)
  const say = (message: string) =>
    made.logs.append(app.id, { dyno: `release.${rollout!.target.release}`, message, source: 'app' })
  return { ...made, app, rollout: rollout!, say }
}

type Setting = Awaited<ReturnType<typeof setting>>

/** What is told of the rollout: texts of the release phase, kinds of entries, `end`. */
async function told({ services }: Setting, rollout: Rollout, first?: () => void): Promise<string[]> {
  const all: string[] = []
  for await (const event of services.rolloutEvents.follow(rollout, new AbortController().signal)) {
    if (event.event === 'output') all.push(event.text)
    else all.push(event.event === 'end' ? 'end' : event.entry.kind)
    first?.()
  }
  return all
}

/** From now on the log takes long to be read, and what comes meanwhile is read as well. */
function readLate({ logs }: Setting, meanwhile: () => void): void {
  const last = logs.last.bind(logs)
  logs.last = async (...asked) => {
    await pause(LATE_MS)
    meanwhile()
    return last(...asked)
  }
}

test('what a failing release phase says in its last moment is told before the end', async (t) => {
  const made = await setting(t)
  made.say('migrating')
  const telling = Promise.withResolvers<void>()
  const all = told(made, made.rollout, telling.resolve)
  await telling.promise
  let said = false
  readLate(made, () => {
    if (!said) made.say('the table is locked')
    said = true
  })
  await made.engine.finish(made.app.id, 'failed')
  assert.deepEqual(await all, ['migrating\n', 'the table is locked\n', 'end'])
})

test('who comes when the rollout has ended is told what the release phase said, and then the end', async (t) => {
  const made = await setting(t)
  await made.engine.finish(made.app.id, 'failed')
  readLate(made, () => undefined)
  made.say('the table is locked')
  assert.deepEqual(await told(made, made.rollout), ['the table is locked\n', 'end'])
})

test('however much a release phase says in its last moment, all of it is told', async (t) => {
  const made = await setting(t)
  made.say('migrating')
  const telling = Promise.withResolvers<void>()
  const all = told(made, made.rollout, telling.resolve)
  await telling.promise
  const lines = Array.from({ length: 12_000 }, (_, number) => `row ${number}`)
  let said = false
  readLate(made, () => {
    if (!said) lines.forEach(made.say)
    said = true
  })
  await made.engine.finish(made.app.id, 'failed')
  assert.deepEqual(await all, ['migrating\n', ...lines.map((line) => `${line}\n`), 'end'])
})

test('the release phase is listened to until its instance is gone: only then its last line is known', async (t) => {
  const made = await setting(t)
  const { id: appId } = made.app
  const instance = { ...INSTANCE, appId, generation: made.rollout.generation }
  made.instances.push(instance)
  const output = made.services.releaseOutput.ofRollout(made.rollout, new AbortController().signal)
  made.say('migrating')
  assert.equal((await output.next()).value, 'migrating\n')
  const rest = output.next()
  await made.engine.enter(appId, 'pass-release-phase')
  await made.store.rollouts.passReleasePhase(made.rollout.id)
  await pause(LATE_MS)
  made.instances.splice(0)
  made.say('a line without an end')
  assert.equal((await rest).value, 'a line without an end\n')
  const end = output.next()
  await made.engine.enter(appId, 'remove')
  assert.equal((await end).done, true)
})

const INSTANCE: RuntimeInstance = {
  id: 'release-2-a1b2c3',
  kind: 'release-phase',
  appId: '',
  type: 'release',
  name: 'release.2',
  release: 2,
  generation: 0,
  size: 'standard-1x',
  state: 'exited',
  address: null,
  privateAddress: null,
  host: null,
  unreachable: false,
  pid: null,
  startedAt: 0,
  signalledAt: null,
  exit: { code: 0, at: 0, cause: 'exit' },
}
