import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { Address } from '../domain/instance.ts'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import type { BackendKey, BackendView, Router, RouterServer } from '../rollout/ports.ts'

/** An instance as a router's checks see it. */
export interface TestInstance {
  readonly id: string
  readonly address: Address
  /** Whether it passes its checks from now on. */
  healthy(passes: boolean): void
}

/** A router in a world of its own. */
export interface RouterWorld {
  readonly router: Router
  /** A new instance that passes its checks. */
  instance(): Promise<TestInstance>
  /** Waits until the condition holds, in the world's own time; rejects naming `what` when it never does. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>
  close(): Promise<void>
}

const KEY: BackendKey = { appId: 'app-1', type: 'web' }
const OTHER: BackendKey = { appId: 'app-2', type: 'web' }
const SLOTS = 4

/**
 * What every router promises to the engine; `open` makes a world for each test. Where a balancer takes instances in and
 * out `byItself`, by its checks, nobody can hold back one that passes, nor let one in again that has been told to go.
 */
export function routerContract(
  name: string,
  open: () => Promise<RouterWorld>,
  { byItself = false }: { readonly byItself?: boolean } = {},
): void {
  describe(`${name} keeps the contract of a router`, () => {
    let world: RouterWorld
    let router: Router

    beforeEach(async () => {
      world = await open()
      router = world.router
    })
    afterEach(() => world.close())

    it('knows no backend before it is prepared', async () => {
      assert.equal(await router.observe(KEY), null)
    })

    it('makes the slots that are asked for, and keeps what is in them when more are', async () => {
      await prepare(SLOTS)
      assert.ok((await view()).freeSlots >= SLOTS)
      const one = await admitted()
      await prepare(SLOTS)
      await prepare(3 * SLOTS)
      const after = await view()
      assert.ok(after.freeSlots >= 3 * SLOTS - 1)
      assert.deepEqual(brief(after), [{ instance: one.id, admin: 'ready', health: 'up' }])
    })

    it('checks an assigned instance until it is up', async () => {
      await prepare()
      const free = (await view()).freeSlots
      const one = await assigned()
      const first = await server(one)
      assert.notEqual(first.admin, 'ready')
      assert.deepEqual(first.address, one.address)
      assert.equal((await view()).freeSlots, free - 1)
      await health(one, 'up')
      const up = await server(one)
      assert.equal(up.passedOnce, true)
      assert.deepEqual([up.inFlight, up.streams], [0, 0])
    })

    it('gives an assigned instance no requests', { skip: byItself }, async () => {
      await prepare()
      const one = await assigned()
      await health(one, 'up')
      assert.notEqual((await server(one)).admin, 'ready')
    })

    it('does nothing when an instance is assigned again', async () => {
      await prepare()
      const one = await assigned()
      await health(one, 'up')
      // What its checks say goes on, and may be anything for a moment on a busy machine.
      const lasting = async () => {
        const { servers, ...rest } = await view()
        return { ...rest, servers: servers.map(({ health: _health, check: _check, ...server }) => server) }
      }
      const before = await lasting()
      assert.equal(before.servers[0]?.passedOnce, true)
      await assign(one)
      assert.deepEqual(await lasting(), before)
    })

    it('refuses to admit what has not passed its checks', async () => {
      await prepare()
      const one = await world.instance()
      one.healthy(false)
      await assign(one)
      await world.until('a check has failed', async () => (await server(one)).check !== '')
      await assert.rejects(router.admit(KEY, one.id, 100), { code: 'router_refused' })
      const seen = await server(one)
      assert.deepEqual([seen.health, seen.passedOnce], ['checking', false])
      assert.notEqual(seen.admin, 'ready')
    })

    it('admits what has passed, and again without a change', async () => {
      await prepare()
      const one = await admitted()
      assert.deepEqual(brief(await view()), [{ instance: one.id, admin: 'ready', health: 'up' }])
      await router.admit(KEY, one.id, 50)
      assert.deepEqual(brief(await view()), [{ instance: one.id, admin: 'ready', health: 'up' }])
    })

    it('keeps a drained instance warm, and admits it again at once', { skip: byItself }, async () => {
      await prepare()
      const one = await admitted()
      await router.drain(KEY, one.id)
      await router.drain(KEY, one.id)
      assert.deepEqual(brief(await view()), [{ instance: one.id, admin: 'drain', health: 'up' }])
      await router.admit(KEY, one.id, 100)
      assert.deepEqual(brief(await view()), [{ instance: one.id, admin: 'ready', health: 'up' }])
    })

    it('checks a parked instance anew when it is assigned again', async () => {
      await prepare()
      const one = await admitted()
      await router.drain(KEY, one.id)
      await router.park(KEY, one.id)
      assert.equal((await server(one)).admin, 'maint')
      await assert.rejects(router.admit(KEY, one.id, 100), { code: 'router_refused' })
      await assign(one)
      await health(one, 'up')
      await router.admit(KEY, one.id, 100)
      assert.equal((await server(one)).admin, 'ready')
    })

    it('sees an admitted instance fail and come back', async () => {
      await prepare()
      const one = await admitted()
      one.healthy(false)
      await health(one, 'down')
      assert.notEqual((await server(one)).check, '')
      assert.equal((await server(one)).passedOnce, true)
      one.healthy(true)
      await health(one, 'up')
    })

    it('empties a slot, and finds nothing to do the second time', async () => {
      await prepare()
      const free = (await view()).freeSlots
      const one = await admitted()
      await router.drain(KEY, one.id)
      await router.park(KEY, one.id)
      await router.closeStreams(KEY, one.id)
      await router.free(KEY, one.id)
      await router.free(KEY, one.id)
      assert.deepEqual(await view(), { ...(await view()), servers: [], freeSlots: free })
      await router.free(OTHER, one.id)
    })

    it('counts passes from zero in a slot that is used again', async () => {
      await prepare()
      for (let round = 0; round < 3; round += 1) {
        const one = await admitted()
        await router.free(KEY, one.id)
      }
      const ill = await world.instance()
      ill.healthy(false)
      await assign(ill)
      assert.equal((await server(ill)).passedOnce, false)
      await world.until('a check has failed', async () => (await server(ill)).check !== '')
      assert.equal((await server(ill)).health, 'checking')
    })

    it('refuses one instance more than there are slots', async () => {
      await prepare()
      const { freeSlots } = await view()
      for (let index = 0; index < freeSlots; index += 1) await assigned()
      assert.equal((await view()).freeSlots, 0)
      await assert.rejects(assigned(), { code: 'router_refused' })
    })

    it('refuses instances for a backend that was never prepared', async () => {
      await assert.rejects(assigned(), { code: 'router_refused' })
    })

    it('keeps backends apart', async () => {
      await prepare()
      await router.prepare({ ...OTHER, slots: SLOTS, settings: DEFAULT_SETTINGS })
      const one = await admitted()
      assert.deepEqual((await router.observe(OTHER))?.servers, [])
      assert.equal((await view()).servers[0]?.instance, one.id)
    })

    it('says the same boot as long as it is not started anew', async () => {
      await prepare()
      const { boot } = await view()
      await prepare(5 * SLOTS)
      assert.equal((await view()).boot, boot)
    })

    async function prepare(slots = SLOTS): Promise<void> {
      await router.prepare({ ...KEY, slots, settings: DEFAULT_SETTINGS })
    }

    async function view(): Promise<BackendView> {
      const seen = await router.observe(KEY)
      assert.ok(seen)
      return seen
    }

    async function server(instance: TestInstance): Promise<RouterServer> {
      const found = (await view()).servers.find((each) => each.instance === instance.id)
      assert.ok(found, `${instance.id} has no server`)
      return found
    }

    async function assign({ id, address }: TestInstance): Promise<void> {
      await router.assign(KEY, {
        ...{ instance: id, name: 'web.1', release: 1, address },
        ...{ checkPath: '/health', host: 'app-1.test' },
      })
    }

    async function assigned(): Promise<TestInstance> {
      const instance = await world.instance()
      await assign(instance)
      return instance
    }

    async function admitted(): Promise<TestInstance> {
      const instance = await assigned()
      await health(instance, 'up')
      await router.admit(KEY, instance.id, 100)
      return instance
    }

    function health(instance: TestInstance, wanted: RouterServer['health']): Promise<void> {
      return world.until(
        `${instance.id} is ${wanted}`,
        async () => (await server(instance)).health === wanted,
      )
    }
  })
}

function brief({ servers }: BackendView) {
  return servers.map(({ instance, admin, health }) => ({ instance, admin, health }))
}
