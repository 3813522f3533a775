import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import type { InstanceSpec, RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import type { AttachedRun } from './ports.ts'
import type { RunWish } from './run-wish.ts'
import { RunService } from './runs.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

/** A runtime that keeps the specs it was given and ends a run when it is told to. */
interface Played extends World {
  readonly app: App
  readonly specs: InstanceSpec[]
  readonly removed: string[]
  /** What was sent to instances. */
  readonly sent: string[]
  end(code: number): void
  changed: (appId: string) => void
}

async function played(...args: Parameters<typeof world>): Promise<Played> {
  const made = await world(...args)
  const app = await made.services.apps.create('shop', ALICE)
  const specs: InstanceSpec[] = []
  const removed: string[] = []
  const sent: string[] = []
  const exit = Promise.withResolvers<number>()
  const watchers: ((appId: string) => void)[] = []
  Object.assign(made.deps.runtime, {
    start: async (spec: InstanceSpec) => {
      specs.push(spec)
    },
    remove: async (id: string) => {
      removed.push(id)
    },
    signal: async (id: string, signal: string) => {
      sent.push(signal)
      change(made.instances, id, { signalledAt: Date.now() })
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
      const [output, input] = [new PassThrough(), new PassThrough()]
      return { tty: true, output, input, resize: nothing, signal: nothing, exited: exit.promise }
    },
    hangUp: async () => {
      sent.push('SIGHUP')
    },
  })
  await made.services.runs.start()
  return Object.assign(made, {
    app,
    specs,
    removed,
    sent,
    end: exit.resolve,
    changed: (id: string) => watchers.at(-1)!(id),
  })
}

function change(instances: RuntimeInstance[], id: string, more: Partial<RuntimeInstance>): void {
  const at = instances.findIndex((one) => one.id === id)
  instances[at] = { ...instances[at]!, ...more }
}

/** The instance of a spec as the runtime shows it. */
function shown({ id, appId, name, release, generation }: InstanceSpec): RuntimeInstance {
  const about = { id, appId, name, release, generation, kind: 'one-off', type: 'run', size: 'Eco' } as const
  const none = { address: null, privateAddress: null, pid: null, signalledAt: null, exit: null }
  return { ...about, ...none, state: 'running', startedAt: 1 }
}

/** As if the control plane had been started anew. */
async function restarted(made: Played): Promise<void> {
  await made.services.runs.stop()
  await made.services.runs.start()
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
  await made.services.runs.hangUp(id)
  await made.services.runs.hangUp(id)
  await made.services.runs.look(Date.now() + 4_000)
  assert.deepEqual(made.sent, ['SIGHUP'])
  await made.services.runs.look(Date.now() + 5_000)
  await made.services.runs.look(Date.now() + 29_000)
  assert.deepEqual(made.sent, ['SIGHUP', 'SIGTERM'])
  await made.services.runs.look(Date.now() + 31_000)
  assert.deepEqual(made.sent, ['SIGHUP', 'SIGTERM', 'SIGKILL'])
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
