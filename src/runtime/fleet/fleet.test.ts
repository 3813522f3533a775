import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import type { RuntimeInstance } from '../../domain/instance.ts'
import { AS_PROCESSES } from '../../domain/placement.ts'
import { runtimeContract, shellCommands, specOf } from '../contract.ts'
import { Fleet } from './fleet.ts'
import type { Member } from './member.ts'
import { type FleetBench, type FleetWish, hostOf, makeFleet } from './testing.ts'

const ARTIFACT = 'sha256:fleet'
const TWO = [{ name: 'a' }, { name: 'b' }]

runtimeContract('fleet of two hosts', async () => {
  const bench = await makeFleet({ hosts: TWO })
  return { runtime: bench.fleet, commands: shellCommands, artifact: ARTIFACT, close: bench.close }
})

async function bench(t: TestContext, wish: FleetWish = { hosts: TWO }): Promise<FleetBench> {
  const made = await makeFleet(wish)
  t.after(() => made.close())
  return made
}

function web(more: Parameters<typeof specOf>[2] = {}) {
  return specOf(ARTIFACT, shellCommands.serve, more)
}

async function started(fleet: Fleet, count: number) {
  const specs = Array.from({ length: count }, () => web())
  await Promise.all(specs.map((spec) => fleet.start(spec)))
  return specs
}

async function hostsOf(fleet: Fleet): Promise<(string | null)[]> {
  return (await fleet.list()).map(({ host }) => host).sort()
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const last = Date.now() + 30_000
  while (!(await holds())) {
    assert.ok(Date.now() < last, 'It did not come to it in half a minute.')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const byId = (a: RuntimeInstance, b: RuntimeInstance) => a.id.localeCompare(b.id)

describe('a fleet', () => {
  it('spreads instances that are started at the same time over its hosts', async (t) => {
    const { fleet } = await bench(t)
    await started(fleet, 4)
    assert.deepEqual(await hostsOf(fleet), ['a', 'a', 'b', 'b'])
  })

  it('runs what is placed on the server as its own processes, also with hosts', async (t) => {
    const { fleet } = await bench(t, { hosts: TWO, placement: AS_PROCESSES })
    await started(fleet, 1)
    assert.deepEqual(await hostsOf(fleet), [null])
  })

  it('starts on hosts with the label only, and says so when there are none', async (t) => {
    const hosts = [{ name: 'a' }, { name: 'b', labels: ['api'] }]
    const { fleet } = await bench(t, { hosts, placement: { runtime: 'docker', label: 'api' } })
    await started(fleet, 2)
    assert.deepEqual(await hostsOf(fleet), ['b', 'b'])
    await fleet.change(hostOf({ name: 'b', labels: ['api'], state: 'draining' }))
    await assert.rejects(fleet.start(web()), { code: 'no_host' })
    await assert.rejects(fleet.prepare({ artifact: ARTIFACT, appId: 'app-a', instances: [] }), {
      code: 'no_host',
    })
    assert.deepEqual(await hostsOf(fleet), ['b', 'b'])
  })

  it('starts an id once, wherever it is', async (t) => {
    const { fleet } = await bench(t)
    const [spec] = await started(fleet, 1)
    await started(fleet, 1)
    await Promise.all([fleet.start(spec!), fleet.start(spec!)])
    assert.deepEqual(await hostsOf(fleet), ['a', 'b'])
  })

  it('asks a host for its memory every few seconds at most, and only one that the app is on', async (t) => {
    const { fleet, machines } = await bench(t)
    await started(fleet, 1)
    const asked: string[] = []
    for (const [name, { runtime }] of machines) {
      const said = runtime.headroom.bind(runtime)
      runtime.headroom = async () => {
        asked.push(name)
        return { ...(await said()), freeBytes: 1 }
      }
    }
    for (let times = 0; times < 3; times += 1) assert.equal((await fleet.headroom('app-a')).freeBytes, 1)
    assert.deepEqual(asked, ['a'])
    await fleet.headroom('app-b')
    assert.deepEqual(asked, ['a', 'local'])
  })

  it('takes a host in and lets it go while it runs', async (t) => {
    const { fleet, machines } = await bench(t)
    await started(fleet, 2)
    await fleet.leave('id-b')
    assert.deepEqual(await hostsOf(fleet), ['a'])
    assert.equal((await machines.get('b')!.runtime.list()).length, 1)
    await fleet.join(hostOf({ name: 'b' }))
    assert.deepEqual(await hostsOf(fleet), ['a', 'b'])
  })
})

describe('the way to a host', () => {
  /** A fleet of one host, and the ways to it that are open. */
  async function counted(t: TestContext) {
    const { machines, data } = await bench(t, { hosts: [] })
    const { runtime } = machines.get('local')!
    const ways = new Set<Member>()
    const open = (): Member => {
      const member: Member = {
        runtime,
        reachable: () => true,
        failure: () => null,
        onChange: () => () => undefined,
        close: () => void ways.delete(member),
        forget: () => undefined,
      }
      ways.add(member)
      return member
    }
    const options = { data: join(data, 'other'), local: runtime, open, log: { warn: () => undefined } }
    const fleet = await Fleet.open({ ...options, placementOf: async () => AS_PROCESSES }, [
      hostOf({ name: 'a' }),
    ])
    t.after(() => fleet.close())
    return { fleet, ways, directory: join(data, 'other', 'fleet') }
  }

  it('is one, though it changes twice at once', async (t) => {
    const { fleet, ways } = await counted(t)
    const keys = ['SHA256:one', 'SHA256:two']
    await Promise.all(keys.map((hostKey) => fleet.change(hostOf({ name: 'a', hostKey }))))
    assert.equal(ways.size, 1)
  })

  it('is none when the host leaves while the way to it changes', async (t) => {
    const { fleet, ways, directory } = await counted(t)
    const changed = fleet.change(hostOf({ name: 'a', hostKey: 'SHA256:one' }))
    await Promise.all([changed, fleet.leave('id-a')])
    assert.deepEqual([ways.size, fleet.conditions(), readdirSync(directory)], [0, [], []])
  })
})

describe('a host that is cut off', () => {
  it('has the instances that were last known, marked as such, and those of others are as they are', async (t) => {
    const { fleet, ways } = await bench(t)
    await started(fleet, 2)
    await until(async () => (await fleet.list()).every(({ pid }) => pid !== null))
    const before = (await fleet.list()).sort(byId)
    ways.get('b')!.set('cut')
    assert.deepEqual(
      (await fleet.list()).sort(byId),
      before.map((one) => ({ ...one, unreachable: one.host === 'b' })),
    )
  })

  it('is known by the next control plane too, with what was being started', async (t) => {
    const bed = await bench(t)
    bed.ways.get('a')!.set('hangs')
    const spec = web()
    const starting = bed.fleet.start(spec)
    await until(async () => (await bed.machines.get('a')!.runtime.list()).length === 1)
    bed.ways.get('a')!.set('cut')
    await assert.rejects(starting, { code: 'host_unreachable' })
    const next = await bed.reopen()
    const [one] = await next.list()
    assert.deepEqual([one?.id, one?.host, one?.state, one?.unreachable], [spec.id, 'a', 'running', true])
    bed.ways.get('a')!.set('open')
    const [same] = await next.list()
    assert.deepEqual([same?.id, same?.unreachable, same?.address?.host], [spec.id, false, '127.0.0.1'])
  })

  it('has no instance any more that was never started, once it answers', async (t) => {
    const { fleet, ways, machines } = await bench(t, { hosts: [{ name: 'a' }] })
    ways.get('a')!.set('hangs')
    const spec = web()
    const starting = fleet.start(spec)
    await until(async () => (await machines.get('a')!.runtime.list()).length === 1)
    ways.get('a')!.set('cut')
    await assert.rejects(starting, { code: 'host_unreachable' })
    await machines.get('a')!.runtime.remove(spec.id)
    assert.equal((await fleet.list()).length, 1)
    ways.get('a')!.set('open')
    assert.deepEqual(await fleet.list(), [])
  })

  it('refuses at once whatever is asked of its instances, by name of the host', async (t) => {
    const { fleet, ways } = await bench(t)
    const [one] = await started(fleet, 1)
    ways.get('a')!.set('cut')
    const away = { code: 'host_unreachable', message: 'The host a does not answer: the test has cut it off.' }
    await assert.rejects(fleet.start(one!), away)
    await assert.rejects(fleet.signal(one!.id, 'SIGTERM'), away)
    await assert.rejects(fleet.remove(one!.id), away)
    await assert.rejects(fleet.preStop(one!.id, { path: '/x' }, 100), away)
    await assert.rejects(fleet.hangUp(one!.id), away)
    assert.deepEqual(await fleet.tail(one!.id, 3), [
      '(the host a does not answer: its last lines are not known)',
    ])
    assert.ok((await fleet.headroom('app-a')).freeBytes > 0)
  })

  it('gets nothing new, and holds up no preparation', async (t) => {
    const { fleet, ways } = await bench(t)
    ways.get('a')!.set('cut')
    await fleet.prepare({
      artifact: ARTIFACT,
      appId: 'app-a',
      instances: [{ size: 'Standard-1X', count: 2 }],
    })
    await started(fleet, 2)
    assert.deepEqual(await hostsOf(fleet), ['b', 'b'])
  })

  it('makes those look again who have instances there: when it goes and when it comes back', async (t) => {
    const { fleet, ways } = await bench(t)
    await started(fleet, 1)
    const told: string[] = []
    t.after(fleet.watch((appId) => told.push(appId)))
    ways.get('a')!.set('cut')
    assert.deepEqual(told, ['app-a'])
    ways.get('a')!.set('open')
    assert.deepEqual(told, ['app-a', 'app-a'])
  })

  it('is forgotten with all that was known of it when it is removed', async (t) => {
    const { fleet, ways, data } = await bench(t)
    await started(fleet, 2)
    ways.get('b')!.set('cut')
    await fleet.leave('id-b')
    assert.deepEqual(await hostsOf(fleet), ['a'])
    assert.ok(!readdirSync(join(data, 'fleet')).some((file) => file.startsWith('id-b')))
  })
})

describe('a host that does not answer', () => {
  it('keeps nobody waiting for much more than a second, and once only', async (t) => {
    const { fleet, ways } = await bench(t)
    await started(fleet, 2)
    await fleet.list()
    ways.get('b')!.state = 'hangs'
    const silent = async () => (await fleet.list()).map(({ unreachable }) => unreachable).sort()
    const begun = performance.now()
    assert.deepEqual(await silent(), [false, true])
    assert.ok(performance.now() - begun < 10_000)
    const { calls } = ways.get('b')!
    for (let times = 0; times < 5; times += 1) assert.deepEqual(await silent(), [false, true])
    assert.equal(ways.get('b')!.calls, calls, 'It was asked again, and waited for.')
    await assert.rejects(fleet.remove((await fleet.list()).find(({ host }) => host === 'b')!.id), {
      code: 'host_unreachable',
      message: 'The host b does not answer: it has not answered for a second.',
    })
  })

  it('is not asked any more once the fleet is closed', async (t) => {
    const { fleet, ways } = await bench(t, { hosts: [{ name: 'a' }] })
    const way = ways.get('a')!
    await started(fleet, 1)
    way.state = 'hangs'
    await fleet.list()
    way.state = 'cut'
    await until(() => way.failures > 0)
    const { calls } = way
    await fleet.close()
    for (let turns = 0; turns < 10; turns += 1) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(way.calls, calls)
  })

  it('holds up nobody who asks for memory', async (t) => {
    const { fleet, ways } = await bench(t)
    await started(fleet, 2)
    ways.get('b')!.state = 'hangs'
    const begun = performance.now()
    const [room, used] = await Promise.all([fleet.headroom('app-a'), fleet.memoryByApp()])
    assert.ok(room.freeBytes > 0 && used.has('app-a'))
    assert.ok(performance.now() - begun < 10_000)
  })

  it('is looked at until it answers, and those with instances there are told', async (t) => {
    const { fleet, ways } = await bench(t, { hosts: [{ name: 'a' }] })
    await started(fleet, 1)
    ways.get('a')!.state = 'hangs'
    await fleet.list()
    const told: string[] = []
    t.after(fleet.watch((appId) => told.push(appId)))
    ways.get('a')!.state = 'open'
    await until(() => told.includes('app-a'))
    assert.deepEqual(
      (await fleet.list()).map(({ unreachable }) => unreachable),
      [false],
    )
  })
})

describe('what is known of a host', () => {
  it('is not overwritten by a look that began before a start or a removal', async (t) => {
    const { fleet, ways } = await bench(t, { hosts: [{ name: 'a' }] })
    const [gone] = await started(fleet, 1)
    ways.get('a')!.state = 'hangs'
    const early = fleet.list()
    ways.get('a')!.state = 'open'
    await Promise.all([fleet.remove(gone!.id), early])
    const [there] = await started(fleet, 1)
    ways.get('a')!.set('cut')
    assert.deepEqual(
      (await fleet.list()).map(({ id }) => id),
      [there!.id],
    )
  })
})
