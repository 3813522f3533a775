import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { admissionMs, removalMs } from '../../domain/external-balancer.ts'
import { DEFAULT_SETTINGS } from '../../domain/settings.ts'
import type { RouterServer } from '../../rollout/ports.ts'
import type { TestInstance } from '../contract.ts'
import { ExternalRouter } from './router.ts'
import { type ExternalWorld, externalWorld, QUICK } from './testing.ts'

const KEY = { appId: 'app-1', type: 'web' }
const DRAIN_MS = 60

describe('behind an external balancer', () => {
  let world: ExternalWorld
  let router: ExternalRouter

  beforeEach(async () => {
    world = await externalWorld(QUICK, DRAIN_MS)
    router = world.router
    await router.prepare({ ...KEY, slots: 4, settings: DEFAULT_SETTINGS })
  })
  afterEach(() => world.close())

  it('an instance may have requests from its first passed check on, and serves only after the balancer’s whole rise', async () => {
    const one = await world.instance()
    one.healthy(false)
    await assign(one)
    await until('a check failed', (seen) => seen.check !== '', one)
    assert.deepEqual(brief(await server(one)), { admin: 'drain', everywhere: true, health: 'checking' })
    const before = performance.now()
    one.healthy(true)
    await until('it passes', (seen) => seen.passedOnce, one)
    assert.deepEqual(brief(await server(one)), { admin: 'ready', everywhere: true, health: 'checking' })
    await assert.rejects(router.admit(KEY, one.id), { code: 'router_refused' })
    await until('it is in', (seen) => seen.health === 'up', one)
    assert.ok(performance.now() - before >= admissionMs(QUICK), 'it has waited for rise, interval and margin')
    assert.deepEqual(brief(await server(one)), { admin: 'ready', everywhere: false, health: 'up' })
    await router.admit(KEY, one.id)
    assert.deepEqual(brief(await server(one)), { admin: 'ready', everywhere: true, health: 'up' })
  })

  it('an instance that goes is condemned, told to shut down, and busy until fall and the drain have passed', async () => {
    const one = await admitted()
    const before = performance.now()
    await router.drain(KEY, one.id)
    assert.deepEqual([world.condemned, world.told], [[one.id], [one.id]])
    assert.deepEqual(brief(await server(one)), { admin: 'drain', everywhere: true, health: 'down' })
    assert.equal((await server(one)).inFlight, 1)
    await until('nobody can be waiting for it', (seen) => seen.inFlight === 0, one)
    assert.ok(performance.now() - before >= removalMs(QUICK) + DRAIN_MS)
    await assert.rejects(router.admit(KEY, one.id), { code: 'router_refused' })
    await router.drain(KEY, one.id)
    assert.equal(world.told.length, 1, 'it is told once')
  })

  it('an instance whose checks go on passing never counts as idle, and who asked is told', async () => {
    const one = await admitted()
    world.onShutDown(async () => {
      throw new Error('/shutdown was answered with 404')
    })
    await assert.rejects(router.drain(KEY, one.id), /was asked to shut down and did not: .*404/)
    const end = performance.now() + 3 * (removalMs(QUICK) + DRAIN_MS)
    await world.until('long after', async () => {
      assert.equal((await server(one)).inFlight, 1)
      return performance.now() > end
    })
  })

  it('one failed check takes nobody out, as many as the balancer’s fall do, and it comes back as slowly as it came', async () => {
    const one = await admitted()
    one.healthy(false)
    await until('it is down', (seen) => seen.health === 'down', one)
    assert.match((await server(one)).check, /HTTP 503/)
    const before = performance.now()
    one.healthy(true)
    await until('it is up', (seen) => seen.health === 'up', one)
    assert.ok(performance.now() - before >= admissionMs(QUICK))
  })

  it('what was under way goes on after a restart of the control plane', async () => {
    const [in1, going, booting] = [await admitted(), await admitted(), await world.instance()]
    booting.healthy(false)
    await assign(booting)
    await router.drain(KEY, going.id)
    router.close()
    const next = await world.restarted()
    const first = await views(next)
    assert.deepEqual(first.get(in1.id), { admin: 'ready', everywhere: true, health: 'up' })
    assert.deepEqual(first.get(going.id), { admin: 'drain', everywhere: true, health: 'down' })
    assert.deepEqual(first.get(booting.id), { admin: 'drain', everywhere: true, health: 'checking' })
    assert.equal((await serverOf(next, going)).inFlight, 1)
    await world.until('the drained one is idle', async () => (await serverOf(next, going)).inFlight === 0)
    booting.healthy(true)
    await world.until('the other is in', async () => (await serverOf(next, booting)).health === 'up')
    assert.deepEqual(world.told, [going.id], 'it was not asked again')
  })

  it('an instance that the dying control plane may not have asked is asked by the next one', async () => {
    const one = await admitted()
    world.onShutDown(() => new Promise(() => undefined))
    void router.drain(KEY, one.id).catch(() => undefined)
    await world.until('it is being asked', async () => world.told.length === 1)
    router.close()
    world.onShutDown(async (instance) => instance?.healthy(false))
    const next = await world.restarted()
    await world.until('it is idle', async () => (await serverOf(next, one)).inFlight === 0)
    assert.deepEqual(world.told, [one.id, one.id])
  })

  it('nothing is left of an app that is gone', async () => {
    const one = await admitted()
    await router.removeApp(KEY.appId)
    assert.equal(await router.observe(KEY), null)
    assert.equal(router.holds(KEY, one.id), false)
  })

  async function assign({ id, address }: TestInstance): Promise<void> {
    const about = { name: 'web.1', release: 1, checkPath: '/health', host: 'app-1.test' }
    await router.assign(KEY, { instance: id, address, ...about })
  }

  async function admitted(): Promise<TestInstance> {
    const one = await world.instance()
    await assign(one)
    await until('it is in', (seen) => seen.health === 'up', one)
    await router.admit(KEY, one.id)
    return one
  }

  function server(one: TestInstance): Promise<RouterServer> {
    return serverOf(router, one)
  }

  function until(what: string, holds: (seen: RouterServer) => boolean, one: TestInstance): Promise<void> {
    return world.until(what, async () => holds(await server(one)))
  }
})

it('apps that can not be taken out by their checks are refused before anything is touched', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'tasuki-external-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const nobody = async () => assert.fail('nothing is to be touched')
  const router = await ExternalRouter.open({
    ...{ file: join(directory, 'external.json'), monotonic: () => 0, log: { warn: () => undefined } },
    ...{ rules: nobody, shutDown: nobody, condemn: nobody },
  })
  const prepare = (checkPath: string | null, preStop: { path: string } | null) =>
    router.prepare({ ...KEY, slots: 4, settings: { ...DEFAULT_SETTINGS, checkPath, preStop } })
  await assert.rejects(prepare('/health', null), { code: 'invalid_params', message: /pre_stop/ })
  await assert.rejects(prepare(null, { path: '/shutdown' }), {
    code: 'invalid_params',
    message: /healthchecks/,
  })
  assert.equal(await router.observe(KEY), null)
  await prepare('/health', { path: '/shutdown' })
  assert.equal((await router.observe(KEY))?.freeSlots, 4)
})

async function serverOf(router: ExternalRouter, one: TestInstance): Promise<RouterServer> {
  const found = (await router.observe(KEY))?.servers.find(({ instance }) => instance === one.id)
  assert.ok(found, `${one.id} has no server`)
  return found
}

async function views(router: ExternalRouter) {
  const servers = (await router.observe(KEY))?.servers ?? []
  return new Map(servers.map((one) => [one.instance, brief(one)]))
}

function brief({ admin, everywhere, health }: RouterServer) {
  return { admin, everywhere, health }
}
