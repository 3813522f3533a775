import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstanceSpec } from '../domain/instance.ts'
import { RunService } from './runs.ts'
import { ALICE, deployed } from './testing.ts'
import { change, played, restarted, shown, until } from './testing-runs.ts'

test('a run that nobody attaches to within a minute has ended', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const run = await made.services.runs.create(made.app, { command: 'sh' }, ALICE)
  await made.services.runs.look(run.createdAt + 59_999)
  assert.equal((await made.services.runs.get(made.app, run.id)).state, 'waiting')
  await made.services.runs.look(run.createdAt + 60_000)
  assert.equal((await made.services.runs.get(made.app, run.id)).state, 'ended')
  await assert.rejects(made.services.runs.attach(run.id), { code: 'conflict' })
})

test('the end of a detached run is noticed, also by the next control plane', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const run = await made.services.runs.create(made.app, { command: 'sleep 1', detach: true }, ALICE)
  assert.equal(run.state, 'up')
  const { id } = made.specs[0]!
  made.instances.push(shown(made.specs[0]!))
  await restarted(made)
  assert.deepEqual([made.removed, made.sent], [[], []])
  change(made.instances, id, { state: 'exited', exit: { code: 3, at: 2, cause: 'exit' } })
  made.changed(made.app.id)
  await until(async () => made.removed.length > 0)
  const ended = await made.services.runs.get(made.app, run.id)
  assert.deepEqual([ended.state, ended.exitCode, made.removed], ['ended', 3, [id]])
})

test('a run whose user has gone is hung up, then stopped, then killed', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const { id } = await made.services.runs.create(made.app, { command: 'sh' }, ALICE)
  await made.services.runs.attach(id)
  made.instances.push(shown(made.specs[0]!))
  const before = Date.now()
  await made.services.runs.hangUp(id)
  const after = Date.now()
  await made.services.runs.hangUp(id)
  await made.services.runs.look(before + 4_000)
  assert.deepEqual(made.sent, ['SIGHUP'])
  await made.services.runs.look(after + 5_000)
  await made.services.runs.look(before + 29_000)
  assert.deepEqual(made.sent, ['SIGHUP', 'SIGTERM'])
  await made.services.runs.look(after + 31_000)
  await made.services.runs.look(after + 32_000)
  assert.deepEqual(made.sent, ['SIGHUP', 'SIGTERM', 'SIGKILL', 'SIGKILL'])
  assert.equal(made.logs.lines.filter(({ line }) => line.includes('Error R12 (Exit timeout)')).length, 1)
})

test('the log of a run tells its life, and why it ended', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const run = await made.services.runs.create(made.app, { command: 'gulp', detach: true }, ALICE)
  const exit = { code: 137, at: 2, cause: 'memory' } as const
  made.instances.push({ ...shown(made.specs[0]!), state: 'exited', exit })
  await made.services.runs.look(Date.now())
  assert.deepEqual(
    made.logs.lines.slice(-5).map(({ line }) => line.replace(/^\S+ /, '').replace(run.name, 'run.1')),
    [
      `app[api]: Starting process with command \`gulp\` by ${ALICE}`,
      'tasuki[run.1]: State changed from starting to up',
      'tasuki[run.1]: Error R15 (Memory quota vastly exceeded)',
      'tasuki[run.1]: Process exited with status 137',
      'tasuki[run.1]: State changed from up to complete',
    ],
  )
})

test('what a control plane that died left attached is hung up, and what waited has ended', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const attached = await made.services.runs.create(made.app, { command: 'sh' }, ALICE)
  const waiting = await made.services.runs.create(made.app, { command: 'sh' }, ALICE)
  await made.services.runs.attach(attached.id)
  made.instances.push(shown(made.specs[0]!))
  const next = new RunService(made.deps)
  await next.start()
  assert.deepEqual(made.sent, ['SIGHUP'])
  assert.equal((await next.get(made.app, waiting.id)).state, 'ended')
  assert.equal((await next.get(made.app, attached.id)).state, 'up')
  await next.stop()
})

test('an instance of a run that nobody knows any more is removed by the next control plane', async (t) => {
  const made = await played(t)
  const spec = { id: 'run-1-x', appId: 'gone', name: 'run.1', release: 1, generation: 1 } as InstanceSpec
  made.instances.push(shown(spec))
  await restarted(made)
  assert.deepEqual(made.removed, ['run-1-x'])
})

test('a run is stopped when its time is over, and the log says so', async (t) => {
  const made = await played(t, { mostRunSeconds: 3600 })
  await deployed(made, made.app, 'a')
  const one = await made.services.runs.create(made.app, { command: 'a', detach: true, seconds: 60 }, ALICE)
  await made.services.runs.create(made.app, { command: 'b', detach: true }, ALICE)
  made.instances.push(...made.specs.map(shown))
  await made.services.runs.look(one.createdAt + 59_000)
  assert.deepEqual(made.sent, [])
  await made.services.runs.look(one.createdAt + 60_000)
  assert.deepEqual(made.sent, ['SIGTERM'])
  assert.ok(made.logs.lines.some(({ line }) => line.endsWith(`[${one.name}]: Time limit of 60 s reached`)))
  await made.services.runs.look(one.createdAt + 3_601_000)
  assert.deepEqual(made.sent, ['SIGTERM', 'SIGKILL', 'SIGTERM'])
  await assert.rejects(
    made.services.runs.create(made.app, { command: 'c', detach: true, seconds: 3601 }, ALICE),
    { code: 'invalid_params' },
  )
})

test('the runs of an app that is destroyed are stopped', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  await made.services.runs.create(made.app, { command: 'a', detach: true }, ALICE)
  const waiting = await made.services.runs.create(made.app, { command: 'a' }, ALICE)
  made.instances.push(...made.specs.map(shown))
  await made.services.apps.destroy(made.app, ALICE)
  await made.services.runs.look(Date.now())
  assert.deepEqual(made.sent, ['SIGTERM'])
  await assert.rejects(made.services.runs.attach(waiting.id), { code: 'conflict' })
})
