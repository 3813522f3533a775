import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { RuntimeInstance } from '../domain/instance.ts'
import type { App } from '../store/apps.ts'
import { createServices } from './index.ts'
import { ALICE, deployed, type World, world } from './testing.ts'

const SERVING = {
  admin: 'ready',
  everywhere: true,
  health: 'up',
  passedOnce: true,
  inFlight: 0,
  streams: 0,
  check: '',
} as const

/** A world with a clock of the test's own, and an app that has been deployed. */
async function withApp(context: TestContext): Promise<{ here: World; app: App; clock: { now: number } }> {
  const clock = { now: 1_000_000 }
  const here = await world(context, {}, () => clock.now)
  const app = await here.services.apps.create('shop', ALICE)
  await deployed(here, app, 'a')
  return { here, app, clock }
}

function instance(app: App, id: string, change: Partial<RuntimeInstance> = {}): RuntimeInstance {
  return {
    ...{
      id,
      kind: 'formation',
      appId: app.id,
      type: 'web',
      name: 'web.1',
      release: 1,
      generation: 1,
      size: 'Eco',
    },
    ...{ host: null, unreachable: false, state: 'running', address: null, privateAddress: null, pid: 1 },
    ...{ startedAt: 0, signalledAt: null, exit: null },
    ...change,
  }
}

/** The world as it is from now on, seen at that instant. */
async function seenAt(
  { here, clock }: { here: World; clock: { now: number } },
  at: number,
  instances: readonly RuntimeInstance[],
  servers: readonly (Partial<World['servers'][number]> & { instance: string })[] = [],
): Promise<void> {
  here.instances.splice(0, here.instances.length, ...instances)
  const address = { host: '127.0.0.1', port: 20_000 }
  here.servers.splice(0, here.servers.length, ...servers.map((one) => ({ ...SERVING, address, ...one })))
  clock.now = 1_000_000 + at * 1000
  for (const { appId } of instances) here.change(appId)
  await here.services.health.look()
}

/** Of the last hour: `NAME STATE FROM-UNTIL REASON`, in seconds. */
async function told({ here, app }: { here: World; app: App }, services = here.services): Promise<string[]> {
  const { stretches } = await services.health.of(app, 3_600_000)
  const second = (at: number | null) => (at === null ? '' : (at - 1_000_000) / 1000)
  return stretches.map(({ subject, state, fromAt, untilAt, reason }) =>
    `${subject} ${state} ${second(fromAt)}-${second(untilAt)} ${reason}`.trim(),
  )
}

describe('health over time', () => {
  it('has a stretch for each state, with its reason, and none more while nothing changes', async (context) => {
    const it = await withApp(context)
    const web = instance(it.app, 'web-1-a')
    await seenAt(it, 10, [web])
    await seenAt(it, 12, [web], [{ instance: 'web-1-a' }])
    for (const at of [13, 14, 15]) await seenAt(it, at, [web], [{ instance: 'web-1-a' }])
    it.here.engine.poked.length = 0
    await seenAt(it, 20, [web], [{ instance: 'web-1-a', health: 'down', check: 'HTTP 503 on /health' }])
    assert.deepEqual(it.here.engine.poked, [it.app.id], 'the engine is told')
    await seenAt(it, 23, [web], [{ instance: 'web-1-a' }])
    assert.deepEqual(await told(it), [
      'web-1-a starting 10-12 not before the router yet',
      'web-1-a up 12-20',
      'web-1-a down 20-23 HTTP 503 on /health',
      'web-1-a up 23-',
    ])
  })

  it('knows a crash to last until somebody has taken its place', async (context) => {
    const it = await withApp(context)
    const web = instance(it.app, 'web-1-a')
    const exit = { code: 3, at: it.clock.now + 19_000, cause: 'exit' } as const
    await seenAt(it, 10, [web], [{ instance: 'web-1-a' }])
    await seenAt(it, 20, [{ ...web, state: 'exited', exit }])
    await seenAt(it, 21, [])
    it.here.change(it.app.id)
    await seenAt(it, 25, [])
    await seenAt(it, 30, [instance(it.app, 'web-1-b')], [{ instance: 'web-1-b' }])
    assert.deepEqual(await told(it), [
      'web-1-a up 10-19',
      'web-1-a crashed 19-30 exited with status 3',
      'web-1-b up 30-',
    ])
  })

  it('hears of a crash that was tidied up before anybody looked, and of no end that was asked for', async (context) => {
    const it = await withApp(context)
    const { here, app } = it
    const worker = instance(app, 'web-1-a')
    await seenAt(it, 10, [worker, instance(app, 'web-2-a', { name: 'web.2' })], [{ instance: 'web-1-a' }])
    here.engine.journal(app.id, {
      kind: 'exited',
      instance: 'web-1-a',
      name: 'web.1',
      note: 'with status 7',
      at: it.clock.now + 5_000,
    })
    here.engine.journal(app.id, { kind: 'terminate', instance: 'web-2-a', name: 'web.2', note: '' })
    here.engine.journal(app.id, {
      kind: 'exited',
      instance: 'web-2-a',
      name: 'web.2',
      note: 'with status 143',
    })
    here.engine.journal(app.id, {
      kind: 'exited',
      instance: 'release-2',
      name: 'release.2',
      note: 'with status 0',
    })
    await seenAt(it, 20, [])
    const lines = await told(it)
    assert.deepEqual(
      lines.filter((line) => line.includes('crashed')),
      ['web-1-a crashed 15- exited with status 7'],
    )
    await here.services.formation.scale(app, [{ type: 'web', quantity: 0 }], ALICE)
    here.change(app.id)
    await seenAt(it, 30, [])
    assert.ok((await told(it)).includes('web-1-a crashed 15-30 exited with status 7'))
  })

  it('knows of a crash also when somebody had taken its place before the next look', async (context) => {
    const it = await withApp(context)
    await seenAt(it, 10, [instance(it.app, 'web-1-a')], [{ instance: 'web-1-a' }])
    const at = it.clock.now + 4_000
    it.here.engine.journal(it.app.id, {
      kind: 'exited',
      instance: 'web-1-a',
      name: 'web.1',
      note: 'with status 7',
      at,
    })
    const next = [instance(it.app, 'web-1-b')]
    await seenAt(it, 20, next, [{ instance: 'web-1-b' }])
    await seenAt(it, 21, next, [{ instance: 'web-1-b' }])
    assert.deepEqual(await told(it), [
      'web-1-a up 10-14',
      'web-1-a crashed 14-21 exited with status 7',
      'web-1-b up 20-',
    ])
  })

  it('tells of a crash once, however long what is left of it is listed', async (context) => {
    const it = await withApp(context)
    const exit = { code: 3, at: it.clock.now + 12_000, cause: 'exit' } as const
    const left = instance(it.app, 'web-1-a', { state: 'exited', exit })
    for (const at of [15, 16, 17, 18])
      await seenAt(it, at, [left, instance(it.app, 'web-1-b')], [{ instance: 'web-1-b' }])
    assert.deepEqual(await told(it), ['web-1-a crashed 12-16 exited with status 3', 'web-1-b up 15-'])
    const { here } = it
    const next = createServices(here.deps)
    await next.health.start()
    await next.health.look()
    assert.ok(!(await told(it, next)).some((line) => line.includes('crashed 18')))
    await next.health.stop()
  })

  it('goes by what was last known while the router does not answer', async (context) => {
    const it = await withApp(context)
    const web = instance(it.app, 'web-1-a')
    await seenAt(it, 10, [web], [{ instance: 'web-1-a' }])
    it.here.routerDown = true
    await seenAt(it, 20, [web])
    assert.deepEqual(await told(it), ['web-1-a up 10-'])
  })

  it('says of instances whose host does not answer that nobody knows', async (context) => {
    const it = await withApp(context)
    const web = instance(it.app, 'web-1-a', { host: 'h1' })
    await seenAt(it, 10, [web], [{ instance: 'web-1-a' }])
    await seenAt(it, 20, [{ ...web, unreachable: true }], [{ instance: 'web-1-a' }])
    assert.deepEqual(await told(it), [
      'web-1-a up 10-20',
      'web-1-a unreachable 20- its host h1 does not answer',
    ])
  })

  it('ends for the next control plane where this one last looked, and that nobody looked since is known', async (context) => {
    const it = await withApp(context)
    const { here, app, clock } = it
    const web = instance(app, 'web-1-a')
    await seenAt(it, 10, [web], [{ instance: 'web-1-a' }])
    await seenAt(it, 40, [web], [{ instance: 'web-1-a' }])
    // It is killed here: nothing more is written.
    clock.now = 1_000_000 + 100_000
    const next = createServices(here.deps)
    await next.health.start()
    await next.health.look()
    assert.deepEqual(await told(it, next), ['web-1-a up 10-40', 'web-1-a up 100-'])
    clock.now = 1_000_000 + 110_000
    const { watched } = await next.health.of(app, 3_600_000)
    assert.deepEqual(
      watched.map(({ from, until }) => [(from - 1_000_000) / 1000, (until - 1_000_000) / 1000]),
      [
        [0, 40],
        [100, 110],
      ],
    )
    await next.health.stop()
  })

  it('is kept for a week, and no more of an app than some thousand changes', async (context) => {
    const it = await withApp(context)
    const { here, app, clock } = it
    const { health } = here.store.tables
    const row = {
      kind: 'instance',
      appId: app.id,
      name: 'web.1',
      release: 1,
      host: null,
      reason: '',
    } as const
    const old = await health.begin({ ...row, subject: 'old', state: 'up', fromAt: 1 })
    await health.end([old], 2)
    for (let index = 0; index < 12; index += 1) {
      const id = await health.begin({
        ...row,
        subject: `web-${index}`,
        state: 'up',
        fromAt: clock.now - 1000,
      })
      if (index > 0) await health.end([id], clock.now)
    }
    await health.forget(10, 5)
    const left = (await health.since(0, app.id)).map(({ subject }) => subject)
    // What goes on stays, however old.
    assert.deepEqual(left, ['web-0', 'web-7', 'web-8', 'web-9', 'web-10', 'web-11'])
  })

  it('writes of hosts when they stop answering and when they do again', async (context) => {
    const it = await withApp(context)
    it.here.fleet.machine('h1')
    await it.here.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
    await seenAt(it, 10, [])
    it.here.fleet.away.add('h1')
    await seenAt(it, 20, [])
    it.here.fleet.away.clear()
    await seenAt(it, 30, [])
    const { stretches } = await it.here.services.health.ofHosts(3_600_000)
    assert.deepEqual(
      stretches.map(({ name, state, reason }) => [name, state, reason]),
      [
        ['h1', 'up', ''],
        ['h1', 'unreachable', 'time-out'],
        ['h1', 'up', ''],
      ],
    )
  })
})
