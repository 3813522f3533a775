import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import type { InstanceSpec } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import type { AttachedRun } from './ports.ts'
import type { RunWish } from './runs.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

/** A runtime that keeps the specs it was given and ends a run when it is told to. */
interface Played extends World {
  readonly app: App
  readonly specs: InstanceSpec[]
  readonly removed: string[]
  end(code: number): void
  changed: (appId: string) => void
}

async function played(...args: Parameters<typeof world>): Promise<Played> {
  const made = await world(...args)
  const app = await made.services.apps.create('shop', ALICE)
  const specs: InstanceSpec[] = []
  const removed: string[] = []
  const exit = Promise.withResolvers<number>()
  const watchers: ((appId: string) => void)[] = []
  Object.assign(made.deps.runtime, {
    start: async (spec: InstanceSpec) => {
      specs.push(spec)
    },
    remove: async (id: string) => {
      removed.push(id)
    },
    watch: (changed: (appId: string) => void) => {
      watchers.push(changed)
      return () => undefined
    },
  })
  Object.assign(made.deps.oneOffs, {
    runAttached: async (spec: InstanceSpec): Promise<AttachedRun> => {
      specs.push(spec)
      const nothing = () => undefined
      return {
        onOutput: nothing,
        write: nothing,
        end: nothing,
        resize: nothing,
        signal: nothing,
        exited: exit.promise,
      }
    },
  })
  await made.services.runs.start()
  return Object.assign(made, {
    app,
    specs,
    removed,
    end: exit.resolve,
    changed: (id: string) => watchers.at(-1)!(id),
  })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

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

test('a run that nobody attaches to within a minute has ended', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const run = await made.services.runs.create(made.app, { command: 'sh' }, ALICE)
  t.mock.timers.tick(60_000)
  t.mock.timers.reset()
  await until(async () => (await made.services.runs.get(made.app, run.id)).state === 'ended')
  await assert.rejects(made.services.runs.attach(run.id), { code: 'conflict' })
})

test('the end of a detached run is noticed, also by the next control plane', async (t) => {
  const made = await played(t)
  await deployed(made, made.app, 'a')
  const run = await made.services.runs.create(made.app, { command: 'sleep 1', detach: true }, ALICE)
  assert.equal(run.state, 'up')
  const { id, appId, name, release, generation } = made.specs[0]!
  const about = { id, appId, name, release, generation, kind: 'one-off', type: 'run', size: 'Eco' } as const
  const none = { address: null, privateAddress: null, pid: null, signalledAt: null, startedAt: 1 }
  made.instances.push({ ...about, ...none, state: 'exited', exit: { code: 3, at: 2, cause: 'exit' } })
  made.services.runs.stop()
  await made.services.runs.start()
  const ended = await made.services.runs.get(made.app, run.id)
  assert.deepEqual([ended.state, ended.exitCode, made.removed], ['ended', 3, [id]])
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
  await assert.rejects(made.services.runs.create(made.app, { command: 'ls' }, ALICE), { code: 'not_found' })
  await deployed(made, made.app, 'a')
  const bad: RunWish[] = [
    { command: '  ' },
    { command: 'a\0b' },
    { command: 'ls', size: 'Huge' },
    { command: 'ls', env: { 'A B': 'x' } },
    { command: 'ls', env: { PORT: '1' } },
    { command: 'ls', columns: -1 },
  ]
  for (const wish of bad)
    await assert.rejects(made.services.runs.create(made.app, { ...wish, detach: true }, ALICE), {
      code: 'invalid_params',
    })
  assert.deepEqual([made.specs, await made.store.tables.runs.open()], [[], []])
})
