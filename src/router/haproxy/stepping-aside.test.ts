import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, before, describe, it } from 'node:test'
import { DEFAULT_SETTINGS } from '../../domain/settings.ts'
import { visit } from './testing/visitor.ts'
import { HaproxyWorld, KEY, type TestApp } from './testing/world.ts'

const VISITORS = 4

describe('an instance that steps aside by failing its checks, with nobody telling the router', () => {
  let world: HaproxyWorld
  before(async () => {
    world = await HaproxyWorld.open()
    const settings = { ...DEFAULT_SETTINGS, checkSeconds: 0.2, rise: 3, fall: 2 }
    await world.router.prepare({ ...KEY, slots: 4, settings })
    await world.router.setHosts(KEY.appId, [`${KEY.appId}.test`])
  })
  after(() => world.close())

  it('gets no new requests, finishes those that it has, and comes back when they pass again', async (t) => {
    const answered = new Map<string, number>()
    const slow = Promise.withResolvers<void>()
    const holding = new Set<string>()
    const app = async (name: string): Promise<TestApp> =>
      world.serve(
        await world.app(async (request, response) => {
          if (request.url === '/slow') {
            holding.add(name)
            await slow.promise
          } else answered.set(name, (answered.get(name) ?? 0) + 1)
          response.end(name)
        }),
      )
    const [one, other] = [await app('one'), await app('other')]
    const visits = visiting()
    t.after(() => visits.stop())
    await world.until('both answer', async () => answered.size === 2)

    const held: ReturnType<typeof visit>[] = []
    await world.until('both have one that lasts', async () => {
      if (holding.size < 2) held.push(visit(world.http, { path: '/slow' }))
      return holding.size === 2
    })
    one.healthy(false)
    await world.until('it is out', async () => (await world.server(one)).health === 'down')
    const [before, others] = [answered.get('one') ?? 0, answered.get('other') ?? 0]
    await world.until(
      'the other one has answered more',
      async () => (answered.get('other') ?? 0) > others + 50,
    )
    assert.equal(answered.get('one'), before, 'it gets nothing while it is out')
    slow.resolve()
    const bodies = (await Promise.all(held)).map(({ status, body }) => `${status} ${body}`)
    assert.deepEqual(new Set(bodies), new Set(['200 one', '200 other']), 'what it had is answered')

    one.healthy(true)
    await world.until('it answers again', async () => (answered.get('one') ?? 0) > before)
    assert.equal((await world.server(other)).health, 'up')
    assert.deepEqual(await visits.stop(), [], 'nothing was lost')
  })

  /** Visitors who ask again and again on connections that they keep; `stop` says what was not answered with 200. */
  function visiting() {
    const agent = new Agent({ keepAlive: true, maxSockets: VISITORS })
    const bad: string[] = []
    let going = true
    const loop = async () => {
      while (going) {
        const seen = await visit(world.http, { agent }).then(
          ({ status }) => `${status}`,
          (error: Error) => error.message,
        )
        if (seen !== '200') bad.push(seen)
      }
    }
    const loops = Array.from({ length: VISITORS }, loop)
    return {
      async stop(): Promise<string[]> {
        going = false
        await Promise.all(loops)
        agent.destroy()
        return bad
      },
    }
  }
})
