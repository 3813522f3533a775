import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { EMPTY_MANIFEST, type Manifest } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import type { InstanceSpec, RuntimeInstance } from '../domain/instance.ts'
import type { AppSetup } from '../store/app-setups.ts'
import { afterTest, artifactNamed } from '../store/testing.ts'
import type { SetupWish } from './app-setups.ts'
import { createServices } from './index.ts'
import { ALICE, type World, world } from './testing.ts'

/** A world in which the manifest comes with the source, and one-offs end at once with that status. */
async function setting(t: TestContext, manifest: Partial<Manifest> = {}, exit = 0) {
  const made = await world(t)
  const whole = { ...EMPTY_MANIFEST, ...manifest }
  made.appJson = async () => ({ manifest: whole, successUrl: '/welcome' })
  made.builder = async () => artifactNamed('a', { manifest: whole })
  const specs: InstanceSpec[] = []
  made.deps.runtime.start = async (spec) => {
    specs.push(spec)
    made.logs.append(spec.appId, { dyno: spec.name, source: 'app', message: 'seeded' })
    made.instances.push(exited(spec, exit))
  }
  const wish = {
    name: 'shop',
    env: {},
    buildpacks: null,
    source: { url: await upload(made), version: 'abc' },
  }
  const until = (id: string, reached: (setup: AppSetup) => boolean) => seen(made, id, reached)
  return { made, specs, wish, until }
}

async function upload({ services }: World): Promise<string> {
  const path = await services.sources.create()
  const [, , id, secret] = path.split('/')
  await services.sources.put(id!, secret!, Readable.from(['a source']))
  return `http://x${path}`
}

async function seen(made: World, id: string, reached: (setup: AppSetup) => boolean): Promise<AppSetup> {
  const limit = AbortSignal.timeout(30_000)
  for (;;) {
    const setup = (await made.store.tables.appSetups.byId(id))!
    if (reached(setup)) return setup
    limit.throwIfAborted()
    await made.services.runs.look(Date.now())
    await pause(5)
  }
}

function exited({ id, appId, name, release, generation }: InstanceSpec, code: number): RuntimeInstance {
  const about = { id, appId, name, release, generation, kind: 'one-off', type: 'run', size: 'Eco' } as const
  const none = {
    host: null,
    unreachable: false,
    address: null,
    privateAddress: null,
    pid: null,
    signalledAt: null,
  }
  return { ...about, ...none, state: 'exited', startedAt: 1, exit: { code, at: 2, cause: 'exit' } }
}

const released = (made: World) => (setup: AppSetup) => setup.buildId !== null && made.engine.poked.length > 0
const over = (setup: AppSetup) => setup.status !== 'pending'

async function rolledOut(
  made: World,
  id: string,
  outcome: 'succeeded' | 'failed' = 'succeeded',
): Promise<void> {
  const { appId } = await seen(made, id, released(made))
  const limit = AbortSignal.timeout(30_000)
  while (!(await made.store.tables.rollouts.running(appId))) {
    limit.throwIfAborted()
    await pause(5)
  }
  await made.engine.finish(appId, outcome)
}

test('app, config, build, release and postdeploy follow each other', async (t) => {
  const { made, specs, wish, until } = await setting(t, {
    env: {
      GREETING: { value: 'hi', required: true, generator: null, description: null },
      NEEDED: { value: null, required: true, generator: null, description: null },
      SECRET: { value: null, required: true, generator: 'secret', description: null },
    },
    scripts: { postdeploy: 'node seed.js' },
  })
  const setup = await made.services.appSetups.create({ ...wish, env: { NEEDED: 'given' } }, ALICE)
  assert.deepEqual([setup.status, setup.appName, setup.buildId], ['pending', 'shop', null])
  await rolledOut(made, setup.id)
  const end = await until(setup.id, over)
  assert.deepEqual(
    [end.status, end.failure, end.postdeploy],
    ['succeeded', null, { output: 'seeded\n', exitCode: 0 }],
  )
  assert.equal(end.successUrl, 'http://shop.example.test/welcome')
  assert.deepEqual(
    specs.map(({ command, env }) => [command, env.NEEDED, env.GREETING]),
    [['node seed.js', 'given', 'hi']],
  )
  const config = await made.store.tables.config.get(setup.appId)
  assert.match(config.SECRET!, /^[0-9a-f]{64}$/)
})

test('what nobody gave a value to ends it before anything is built', async (t) => {
  const needed = { value: null, required: true, generator: null, description: null }
  const { made, wish, until } = await setting(t, {
    env: { NEEDED: needed, MORE: { ...needed, required: false } },
  })
  const { id } = await made.services.appSetups.create(wish, ALICE)
  const end = await until(id, over)
  const missing = 'env.NEEDED: it is required and has no value; set one, or give it one here'
  assert.deepEqual([end.status, end.problems], ['failed', [missing]])
  assert.match(end.failure!, /NEEDED/)
  assert.equal(made.builds.length, 0)
})

test('a bad app.json, a failed build, a failed release and a failed script are told', async (t) => {
  const { made, wish, until } = await setting(t, { scripts: { postdeploy: 'false' } }, 3)
  const { appSetups } = made.services
  const { appJson, builder } = made
  made.appJson = async () => {
    throw new TasukiError('invalid_app_json', 'In app.json, env is 3.', { details: { errors: ['env is 3'] } })
  }
  const bad = await appSetups.create({ ...wish, name: 'bad-json' }, ALICE)
  assert.deepEqual((await until(bad.id, over)).problems, ['env is 3'])
  made.appJson = appJson
  made.builder = async () => Promise.reject(new TasukiError('build_failed', 'npm ended with status 1.'))
  const build = await appSetups.create({ ...wish, name: 'bad-build' }, ALICE)
  assert.equal((await until(build.id, over)).failure, 'npm ended with status 1.')
  made.builder = builder
  const release = await appSetups.create({ ...wish, name: 'bad-release' }, ALICE)
  await rolledOut(made, release.id, 'failed')
  assert.equal((await until(release.id, over)).failure, 'The test says so.')
  const script = await appSetups.create({ ...wish, name: 'bad-script' }, ALICE)
  await rolledOut(made, script.id)
  const end = await until(script.id, over)
  assert.deepEqual([end.status, end.postdeploy?.exitCode], ['failed', 3])
  assert.match(end.failure!, /status 3/)
})

test('what can not be begun makes no app', async (t) => {
  const { made, wish } = await setting(t)
  const { apps, appSetups } = made.services
  const bad: Partial<SetupWish>[] = [
    { env: { PORT: '1' } },
    { env: { 'A B': '1' } },
    { name: 'Bad Name' },
    { source: { url: 'file:///etc/passwd', version: null } },
    { source: { ...wish.source, version: 'not a commit' } },
    { buildpacks: ['no such thing'] },
  ]
  for (const more of bad)
    await assert.rejects(appSetups.create({ ...wish, ...more }, ALICE), TasukiError, JSON.stringify(more))
  assert.deepEqual(await apps.list(), [])
})

test('the next control plane builds again what was being built, and goes on', async (t) => {
  const { made, wish, until } = await setting(t)
  const { builder } = made
  const begun = Promise.withResolvers<void>()
  made.builder = async ({ signal }) => {
    begun.resolve()
    return new Promise((_, reject) =>
      signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
    )
  }
  const { id } = await made.services.appSetups.create(wish, ALICE)
  await begun.promise
  await made.services.stop()
  assert.deepEqual((await made.store.tables.appSetups.byId(id))!.status, 'pending')
  made.builder = builder
  const next = createServices(made.deps)
  afterTest(t, () => next.stop())
  await next.start()
  await rolledOut(made, id)
  assert.equal((await until(id, over)).status, 'succeeded')
})

test('a script that may have run is not run again', async (t) => {
  const { made, specs, wish, until } = await setting(t, { scripts: { postdeploy: 'node seed.js' } })
  const { id } = await made.services.appSetups.create(wish, ALICE)
  await until(id, ({ buildId }) => buildId !== null)
  await made.store.tables.appSetups.change(id, { postdeployBegun: true }, Date.now())
  await rolledOut(made, id)
  const end = await until(id, over)
  assert.deepEqual([end.status, specs.length], ['failed', 0])
  assert.match(end.failure!, /postdeploy script was begun/)
})
