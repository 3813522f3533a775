import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { DEFAULT_SETTINGS } from '../../domain/settings.ts'
import { visit } from './testing/visitor.ts'
import { HaproxyWorld, HOST, KEY } from './testing/world.ts'

const SHORT_HOLD = { ...DEFAULT_SETTINGS, holdSeconds: 0.05 }
const LONG_MS = 20_000

describe('visitors of an app that sleeps', () => {
  let world: HaproxyWorld
  let rings: string[]
  beforeEach(async () => {
    world = await HaproxyWorld.open()
    await world.router.prepare({ ...KEY, slots: 4, settings: SHORT_HOLD })
    await world.router.setHosts(KEY.appId, [HOST])
    rings = []
    world.router.onVisitor((appId) => rings.push(appId))
  })
  afterEach(() => world.close())

  it('wait for longer than those of others, are told of, and are served once an instance is admitted', async () => {
    await world.router.waitFor(KEY.appId, LONG_MS)
    const stream = visit(world.http, { headers: { accept: 'text/event-stream' } })
    const answers = Promise.all([stream, ...Array.from({ length: 200 }, visited)])
    await rung()
    await world.serve(await world.instance())
    assert.deepEqual(
      [...new Set((await answers).map(({ status, body }) => `${status} ${body}`))],
      ['200 hello'],
    )
    assert.deepEqual([...new Set(rings)], [KEY.appId])
  })

  it('are turned away like those of others once it is said to be awake', async () => {
    await world.router.waitFor(KEY.appId, LONG_MS)
    await world.router.waitFor(KEY.appId, null)
    assert.equal((await visited()).status, 503)
    assert.deepEqual(rings, [])
  })

  it('are turned away when it takes longer than it may', async () => {
    await world.router.waitFor(KEY.appId, 100)
    assert.equal((await visited()).status, 503)
    await rung()
  })

  it('wait while no control plane runs, and ring for the next one', async () => {
    await world.router.waitFor(KEY.appId, LONG_MS)
    await world.router.close()
    const answer = visited()
    await world.replaceRouter()
    world.router.onVisitor((appId) => rings.push(appId))
    await rung()
    assert.deepEqual(world.router.waiters(), [KEY.appId])
    await world.serve(await world.instance())
    assert.equal((await answer).status, 200)
  })

  it('wait in the very moment in which its last instance is drained', async () => {
    const app = await world.serve(await world.instance())
    await world.router.waitFor(KEY.appId, LONG_MS)
    let draining = true
    const visitors = Array.from({ length: 8 }, async () => {
      const seen: number[] = []
      while (draining) seen.push((await visited()).status)
      return seen
    })
    await world.router.drain(KEY, app.id)
    await rung()
    await world.router.admit(KEY, app.id, 100)
    draining = false
    assert.deepEqual([...new Set((await Promise.all(visitors)).flat())], [200])
  })

  it('are forgotten with their app', async () => {
    await world.router.waitFor(KEY.appId, LONG_MS)
    await world.router.removeApp(KEY.appId)
    assert.deepEqual(world.router.waiters(), [])
  })

  function visited() {
    return visit(world.http)
  }

  async function rung(): Promise<void> {
    await world.until('somebody rings', async () => rings.length > 0)
  }
})
