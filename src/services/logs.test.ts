import assert from 'node:assert/strict'
import { test } from 'node:test'
import { artifactNamed } from '../store/testing.ts'
import { pastAndComing } from './log-lines.ts'
import { rolloutText } from './rollout-lines.ts'
import { ALICE, deployed, world } from './testing.ts'

test('past and coming lines join without a gap and without a repetition', async (t) => {
  const { logs } = await world(t)
  const say = (message: string) => logs.append('app', { dyno: 'web.1', message })
  say('one')
  say('two')
  const { last } = logs
  logs.last = async (appId, lines, query) => {
    say('three, while the past is read')
    const past = await last.call(logs, appId, lines, query)
    say('four, after it was read')
    return past
  }
  const stop = new AbortController()
  const seen: string[] = []
  for await (const { line } of pastAndComing({ logs, appId: 'app', query: {}, lines: 10 }, stop.signal)) {
    seen.push(line.replace(/^\S+ \S+ /, ''))
    if (seen.length === 4) say('five')
    if (seen.length === 5) stop.abort()
  }
  assert.deepEqual(seen, ['one', 'two', 'three, while the past is read', 'four, after it was read', 'five'])
})

test('a session shows the last lines of what was asked for, and ends', async (t) => {
  const { services, logs } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  for (const [dyno, message] of [
    ['web.1', 'a'],
    ['worker.1', 'b'],
    ['web.1', 'c'],
    ['web.1', 'd'],
  ] as const)
    logs.append(app.id, { dyno, message })
  const [, , , id, secret] = services.logSessions.create(app, { lines: 2, dyno: 'web.1' }).split('/')
  const lines: string[] = []
  const open = await services.logSessions.open(id!, secret!)
  for await (const { line } of open(new AbortController().signal)) lines.push(line.slice(-1))
  assert.deepEqual(lines, ['c', 'd'])
})

test('a session opens for who was given it, only as it was given, and only for minutes', async (t) => {
  const { services } = await world(t)
  const app = await services.apps.create('shop', ALICE)
  const [, , , id, secret] = services.logSessions.create(app, {}).split('/')
  const other = Buffer.from(JSON.stringify({ app: 'another', until: 1e15 })).toString('base64url')
  await assert.rejects(services.logSessions.open(other, secret!), { code: 'not_found' })
  await assert.rejects(services.logSessions.open(id!, secret!.replace(/.$/, '!')), { code: 'not_found' })
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 6 * 60_000 })
  await assert.rejects(services.logSessions.open(id!, secret!), /expired/)
})

test('the output of a release phase is told from its start to its end, and no further', async (t) => {
  const made = await world(t)
  const { services, logs, engine } = made
  made.builder = async () => artifactNamed('a', { processTypes: { web: 'w', release: 'migrate' } })
  const app = await services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  const [rollout] = await services.rollouts.list(app)
  const say = (message: string, dyno = 'release.2') => logs.append(app.id, { dyno, message, source: 'app' })
  say('migrating')
  say('a visitor', 'web.1')
  const output = services.releaseOutput.ofRollout(rollout!, new AbortController().signal)
  assert.equal((await output.next()).value, 'migrating\n')
  say('done')
  assert.equal((await output.next()).value, 'done\n')
  const end = output.next()
  await made.store.rollouts.passReleasePhase(rollout!.id)
  await engine.enter(app.id, 'pass-release-phase')
  assert.equal((await end).done, true)

  const again: string[] = []
  for await (const text of services.releaseOutput.ofRollout(rollout!, new AbortController().signal))
    again.push(text)
  assert.deepEqual(again, ['migrating\n', 'done\n'])
})

test('a release without a release phase has no output', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a', 'running')
  const [rollout] = await made.services.rollouts.list(app)
  const output = made.services.releaseOutput.ofRollout(rollout!, new AbortController().signal)
  assert.equal((await output.next()).done, true)
})

test('what users change is said in the log of the app, without values', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await made.services.config.change(app, { KEY: 'secret-value' }, ALICE)
  await made.services.formation.scale(app, [{ type: 'web', quantity: 2 }], ALICE)
  const text = made.logs.lines.map((one) => one.line).join('\n')
  assert.match(text, /app\[api\]: Release v2 created by alice@example\.test/)
  assert.match(text, /Set KEY config vars by alice/)
  assert.match(text, /Scaled to web@2:Standard-1X worker@0:Standard-1X by alice/)
  assert.ok(!text.includes('secret-value'))
})

test('the end of a rollout is said in the log, with what it did to visitors', async (t) => {
  const made = await world(t)
  const app = await made.services.apps.create('shop', ALICE)
  await deployed(made, app, 'a')
  await deployed(made, app, 'b', 'returned')
  await made.services.stop()
  const said = made.logs.lines.filter(({ dyno }) => dyno === 'rollout').map(({ line }) => line.slice(27))
  assert.match(said[0]!, /^ ?tasuki\[rollout\]: v2 took over: \d+ requests served, \d+ lost$/)
  assert.match(
    said[1]!,
    /tasuki\[rollout\]: The rollout to v3 was returned: v2 serves on\. \d+ requests served, \d+ lost$/,
  )
  assert.equal(said.length, 2)
  const [, returned] = await made.services.rollouts.list(app)
  const receipt = (await made.store.tables.rollouts.receipt(returned!.id))!
  const reason = 'web.1 did not pass its checks. Its last lines:\n  boom'
  assert.equal(
    rolloutText({ ...receipt, outcome: 'failed', from: 2, to: 3, reason }),
    'The rollout to v3 failed: web.1 did not pass its checks. v2 serves on. 0 requests served, 0 lost',
  )
  const traffic = { ...receipt.traffic, unseen: true as const }
  assert.equal(
    rolloutText({ ...receipt, outcome: 'succeeded', from: 2, to: 3, traffic }),
    'v3 took over from v2: its traffic was not seen',
  )
})
