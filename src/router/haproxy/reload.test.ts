import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import type { Agent } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MasterSocket } from './master.ts'
import { keepingConnection, visit } from './testing/visitor.ts'
import { HaproxyWorld, KEY, type TestApp } from './testing/world.ts'
import { Workers } from './workers.ts'

describe('a reload', () => {
  let world: HaproxyWorld
  let slots = 8
  let slow: { answer: () => void; arrived: Promise<void> }
  const agents: Agent[] = []

  beforeEach(async () => {
    slots = 8
    world = await HaproxyWorld.open({ mostOldWorkers: 2 })
    await world.prepare()
  })
  afterEach(async () => {
    for (const agent of agents.splice(0)) agent.destroy()
    await world.close()
  })

  it('leaves requests in flight with the old worker, and they are counted', async () => {
    const app = await slowApp()
    const answer = visit(world.http, { path: '/slow' })
    await slow.arrived
    await reload()
    assert.equal((await world.router.status()).workers, 2)
    assert.equal((await world.server(app)).inFlight, 1)
    await world.router.drain(KEY, app.id)
    assert.equal((await world.server(app)).inFlight, 1)
    slow.answer()
    assert.equal((await answer).body, 'slow')
    await world.until('it is counted no longer', async () => (await world.server(app)).inFlight === 0)
  })

  it('does not let the old worker send requests to what is drained, but to what has been admitted since', async () => {
    const app = await slowApp()
    const kept = keepingConnection()
    agents.push(kept)
    assert.equal((await visit(world.http, { agent: kept })).body, 'quick')
    const answer = visit(world.http, { path: '/slow' })
    await slow.arrived
    await reload()
    await world.serve(await world.instance())
    await world.router.drain(KEY, app.id)
    assert.equal((await world.server(app)).admin, 'drain')
    const [socket] = Object.values(kept.freeSockets)[0] ?? []
    assert.ok(socket && !socket.destroyed, 'the connection to the old worker is still there')
    assert.equal((await visit(world.http, { agent: kept })).body, 'hello')
    await world.router.park(KEY, app.id)
    assert.equal((await world.server(app)).admin, 'maint')
    slow.answer()
    assert.equal((await answer).body, 'slow')
  })

  it('goes on with checks that are under way', async () => {
    const app = await world.instance()
    await world.assign(app)
    await reload()
    await world.until('it is up', async () => (await world.server(app)).health === 'up')
    await world.router.admit(KEY, app.id, 100)
    assert.equal((await visit(world.http)).body, 'hello')
  })

  it('keeps a drained instance drained and warm', async () => {
    const app = await world.serve(await world.instance())
    await world.router.drain(KEY, app.id)
    await reload()
    const { admin, health } = await world.server(app)
    assert.deepEqual([admin, health], ['drain', 'up'])
    await world.router.admit(KEY, app.id, 100)
    assert.equal((await visit(world.http)).body, 'hello')
  })

  it('does not take an instance for healthy that was down', async () => {
    const app = await world.serve(await world.instance())
    app.healthy(false)
    await world.until('it is down', async () => (await world.server(app)).health === 'down')
    await reload()
    assert.equal((await world.server(app)).health, 'down')
    app.healthy(true)
    await world.until('it is up', async () => (await world.server(app)).health === 'up')
  })

  it('leaves an instance its credit: one failed check does not take it out', async () => {
    const app = await world.serve(await world.instance())
    await reload()
    const before = app.checks()
    app.failOnce()
    await world.until('a check has failed, and another one come', async () => app.checks() >= before + 2)
    assert.equal((await world.server(app)).health, 'up')
  })

  it('that HAProxy does not take changes nothing, and the next one works', async () => {
    const app = await world.serve(await world.instance())
    // Its slot is checked for the first time some while after it was admitted.
    await world.until('it has been checked', async () => (await world.server(app)).check !== '')
    const bad = join(world.options.directory, 'conf.d', '60-bad.cfg')
    await writeFile(bad, 'backend broken\n  nonsense\n')
    const before = await world.router.observe(KEY)
    await assert.rejects(reload(), { code: 'router_refused' })
    assert.deepEqual(await world.router.observe(KEY), before)
    assert.equal((await visit(world.http)).body, 'hello')
    await rm(bad)
    await reload()
    assert.notEqual((await world.router.observe(KEY))?.freeSlots, before?.freeSlots)
    assert.equal((await visit(world.http)).body, 'hello')
  })

  it('leaves no worker out: one that does not answer makes the outcome unknown', async () => {
    const app = await slowApp()
    const answer = visit(world.http, { path: '/slow' })
    await slow.arrived
    await reload()
    const old = await oldWorker()
    process.kill(old, 'SIGSTOP')
    await assert.rejects(world.router.observe(KEY), { code: 'router_unavailable' })
    process.kill(old, 'SIGCONT')
    assert.equal((await world.server(app)).inFlight, 1)
    slow.answer()
    await answer
  })

  it('ends the oldest workers when there are too many', async () => {
    await slowApp()
    for (let round = 0; round < 4; round += 1) {
      const cut = visit(world.http, { path: '/slow' }).catch(() => null)
      await slow.arrived
      await reload()
      void cut
    }
    await world.until('three are left', async () => (await world.router.status()).workers === 3)
  })

  it('loses no request', async () => {
    await Promise.all([1, 2].map(async () => world.serve(await world.instance())))
    let going = true
    let served = 0
    const visitors = Array.from({ length: 4 }, async (_, number) => {
      const agent = keepingConnection()
      agents.push(agent)
      while (going) {
        const answer = await visit(world.http, number % 2 ? { agent } : { method: 'POST', body: 'x', agent })
        assert.equal(answer.status, 200)
        served += 1
      }
    })
    for (let round = 0; round < 6; round += 1) await reload()
    going = false
    await Promise.all(visitors)
    assert.ok(served > 50, `${served} requests`)
  })

  it('serves several apps that were created at once', async () => {
    const keys = ['app-2', 'app-3', 'app-4', 'app-5'].map((appId) => ({ appId, type: 'web' }))
    await Promise.all(keys.map((key) => world.prepare(20, key)))
    for (const key of keys) {
      await world.serve(await world.instance(), '/health', key)
      assert.equal((await visit(world.http, { host: `${key.appId}.test` })).body, 'hello')
    }
  })

  async function oldWorker(): Promise<number> {
    const workers = new Workers(new MasterSocket(join(world.options.directory, 'master.sock')))
    return (await workers.list()).workers.find(({ newest }) => !newest)!.pid
  }

  /** More slots than there are can only come by a reload. */
  async function reload(): Promise<void> {
    slots += 1
    await world.prepare(slots)
  }

  async function slowApp(): Promise<TestApp> {
    const app = await world.app((request, response) => {
      if (request.url !== '/slow') return void response.end('quick')
      slow.answer = () => response.end('slow')
      arrive()
    })
    let arrive = expect()
    return world.serve(app)

    function expect(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      slow = { answer: () => undefined, arrived: promise }
      return () => {
        resolve()
        arrive = expectNext
      }
    }
    function expectNext(): void {
      arrive = expect()
      arrive()
    }
  }
})
