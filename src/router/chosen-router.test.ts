import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { DEFAULT_SETTINGS } from '../domain/settings.ts'
import { ChosenRouter } from './chosen-router.ts'
import type { TestInstance } from './contract.ts'
import { type ExternalWorld, externalWorld } from './external/testing.ts'

const KEY = { appId: 'app-1', type: 'web' }

describe('an app whose router is changed', () => {
  let ours: ExternalWorld
  let external: ExternalWorld
  let chosen: 'ours' | 'external'
  let router: ChosenRouter

  // Any router will do as ours.
  beforeEach(async () => {
    ours = await externalWorld()
    external = await externalWorld()
    chosen = 'ours'
    router = new ChosenRouter(ours.router, external.router, async () => chosen === 'external')
    await prepare()
  })
  afterEach(async () => {
    await ours.close()
    await external.close()
  })

  it('has its old instances at the one and its new ones at the other, and sees both', async () => {
    const old = await admitted(ours, 'old')
    chosen = 'external'
    assert.equal((await router.observe(KEY))?.freeSlots, 0, 'the other has no room yet')
    await prepare()
    const fresh = await admitted(external, 'fresh')
    assert.deepEqual(
      [
        ours.router.holds(KEY, old.id),
        external.router.holds(KEY, fresh.id),
        external.router.holds(KEY, old.id),
      ],
      [true, true, false],
    )
    assert.deepEqual(await states(), { old: 'ready', fresh: 'ready' })
    assert.equal((await router.observe(KEY))?.freeSlots, 3)
    await router.drain(KEY, 'old')
    assert.deepEqual(await states(), { old: 'drain', fresh: 'ready' })
    assert.deepEqual([ours.condemned, external.condemned], [['old'], []])
    await router.park(KEY, 'old')
    await router.closeStreams(KEY, 'old')
    await router.free(KEY, 'old')
    assert.deepEqual(await states(), { fresh: 'ready' })
    await router.free(KEY, 'fresh')
    assert.deepEqual(await states(), {})
  })

  it('has an instance checked anew where it was, whatever is chosen by then', async () => {
    const one = await admitted(ours, 'one')
    await router.drain(KEY, one.id)
    await router.park(KEY, one.id)
    chosen = 'external'
    await prepare()
    await assign(one)
    assert.deepEqual([ours.router.holds(KEY, 'one'), external.router.holds(KEY, 'one')], [true, false])
  })

  it('does not exist before any of them has it', async () => {
    assert.equal(await router.observe({ appId: 'app-2', type: 'web' }), null)
  })

  function prepare(): Promise<void> {
    return router.prepare({ ...KEY, slots: 4, settings: DEFAULT_SETTINGS })
  }

  async function assign({ id, address }: TestInstance): Promise<void> {
    const about = { name: 'web.1', release: 1, checkPath: '/health', host: 'app-1.test' }
    await router.assign(KEY, { instance: id, address, ...about })
  }

  async function admitted(world: ExternalWorld, id: string): Promise<TestInstance> {
    const one = { ...(await world.instance()), id }
    await assign(one)
    await world.until(`${id} is up`, async () => (await healthOf(id)) === 'up')
    await router.admit(KEY, id, 100)
    return one
  }

  async function healthOf(id: string) {
    return (await router.observe(KEY))?.servers.find(({ instance }) => instance === id)?.health
  }

  async function states(): Promise<Record<string, string>> {
    const servers = (await router.observe(KEY))?.servers ?? []
    return Object.fromEntries(servers.map(({ instance, admin }) => [instance, admin]))
  }
})
