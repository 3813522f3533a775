import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { artifactNamed } from '../store/testing.ts'
import type { RunWish } from './run-wish.ts'
import { ALICE, deployed } from './testing.ts'
import { played, shown, until } from './testing-runs.ts'

test('a run has the release and config that serve, and its own environment over them', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  await made.services.config.change(made.app, { MODE: 'new', OTHER: '1' }, ALICE)
  await made.engine.finish(made.app.id)
  await made.services.runs.create(
    made.app,
    { command: 'ls -l', env: { MODE: 'mine' }, size: 'eco', detach: true },
    ALICE,
  )
  const [spec] = made.specs
  assert.deepEqual(
    [spec?.kind, spec?.type, spec?.command, spec?.release, spec?.size.name],
    ['one-off', 'run', 'ls -l', 3, 'Eco'],
  )
  assert.deepEqual(spec?.env, { NODE_ENV: 'production', MODE: 'mine', OTHER: '1' })
  assert.match(spec!.name, /^run\.\d{4}$/)
  assert.match(spec!.id, /^[a-z0-9-]{1,63}$/)
})

test('the name of a process type stands for its command', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  await made.services.runs.create(made.app, { command: 'worker --once', detach: true }, ALICE)
  await made.services.runs.create(made.app, { command: 'toString', detach: true }, ALICE)
  assert.deepEqual(
    made.specs.map((spec) => spec.command),
    ['node worker.js --once', 'toString'],
  )
})

test('an attached run waits for its terminal, starts once, and leaves its exit code', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const run = await made.services.runs.create(
    made.app,
    { command: 'sh', tty: true, columns: 100, lines: 30 },
    ALICE,
  )
  assert.deepEqual([run.state, made.specs.length], ['waiting', 0])
  await made.services.runs.attach(run.id)
  await assert.rejects(made.services.runs.attach(run.id), { code: 'conflict' })
  assert.equal((await made.services.runs.get(made.app, run.id)).state, 'up')
  made.end(130)
  await until(async () => made.removed.length > 0)
  const ended = await made.services.runs.get(made.app, run.id)
  assert.deepEqual([ended.state, ended.exitCode, made.specs.length], ['ended', 130, 1])
})

test('stopping ends a one-off for good, and replaces what the formation wants', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const { runs, stops, instances } = made.services
  const one = await runs.create(made.app, { command: 'a', detach: true }, ALICE)
  await runs.create(made.app, { command: 'b', detach: true }, ALICE)
  const waiting = await runs.create(made.app, { command: 'c' }, ALICE)
  made.instances.push(...made.specs.map(shown))
  await stops.one(made.app, one.name, ALICE)
  assert.deepEqual(made.sent, ['SIGTERM'])
  await stops.type(made.app, 'run', ALICE)
  assert.equal(made.sent.length, 3)
  assert.equal((await runs.get(made.app, waiting.id)).state, 'ended')
  await assert.rejects(stops.one(made.app, waiting.name, ALICE), { code: 'not_found' })
  await assert.rejects(stops.type(made.app, 'nothing', ALICE), { code: 'not_found' })
  assert.deepEqual(
    (await instances.list(made.app)).map(({ instance, command }) => [instance.type, command]).sort(),
    [
      ['run', 'a'],
      ['run', 'b'],
    ],
  )
})

test("an image's own command is run as it is, or another instead, never with more behind it", async (t) => {
  const made = await played(t)
  made.builder = async () => artifactNamed('a', { kind: 'image', processTypes: { web: '' } })
  await deployed(made, made.app, 'a')
  for (const command of ['web', 'node task.js'])
    await made.services.runs.create(made.app, { command, detach: true }, ALICE)
  assert.deepEqual(
    made.specs.map(({ command }) => command),
    ['', 'node task.js'],
  )
  const more = made.services.runs.create(made.app, { command: 'web --once', detach: true }, ALICE)
  await assert.rejects(more, { code: 'invalid_params', message: /the image's own command/ })
})

test('a run takes the size of the process type that it is asked for as', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  await made.services.formation.scale(made.app, [{ type: 'worker', size: 'Performance-M' }], ALICE)
  const sizeFor = async (wish: Partial<RunWish>) =>
    (await made.services.runs.create(made.app, { command: 'ls', detach: true, ...wish }, ALICE)).size
  assert.equal(await sizeFor({}), 'Standard-1X')
  assert.equal(await sizeFor({ type: 'run' }), 'Standard-1X')
  assert.equal(await sizeFor({ type: 'worker' }), 'Performance-M')
  assert.equal(await sizeFor({ type: 'worker', size: 'eco' }), 'Eco')
  await assert.rejects(sizeFor({ type: 'nothing' }), { code: 'not_found' })
})

test('an app can not have very many runs at once', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const create = () => made.services.runs.create(made.app, { command: 'sh' }, ALICE)
  for (let count = 0; count < 100; count += 1) await create()
  await assert.rejects(create(), { code: 'conflict' })
})

test('a run that can not be started says why and has ended', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  made.deps.runtime.start = async () => {
    throw new TasukiError('no_memory', 'Full.')
  }
  await assert.rejects(made.services.runs.create(made.app, { command: 'ls', detach: true }, ALICE), {
    code: 'no_memory',
  })
  assert.deepEqual(await made.store.tables.runs.open(), [])
})

test('bad wishes are refused, and nothing is started or recorded', async (t) => {
  const made = await played(t)
  await assert.rejects(made.services.runs.create(made.app, { command: 'ls' }, ALICE), { code: 'conflict' })
  await deployed(made, made.app, 'a')
  const bad: RunWish[] = [
    { command: '  ' },
    { command: 'a\0b' },
    { command: 'ls', size: 'Huge' },
    { command: 'ls', env: { 'A B': 'x' } },
    { command: 'ls', env: { PORT: '1' } },
    { command: 'ls', columns: -1 },
    { command: 'ls', type: 'no type' },
    { command: 'ls', seconds: 0 },
    { command: 'ls', seconds: 86_401 },
  ]
  for (const wish of bad)
    await assert.rejects(made.services.runs.create(made.app, { ...wish, detach: true }, ALICE), {
      code: 'invalid_params',
    })
  assert.deepEqual([made.specs, await made.store.tables.runs.open()], [[], []])
})
