import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Address } from '../../domain/instance.ts'
import type { BackendKey } from '../../rollout/ports.ts'
import { type ChildApp, childApp } from './testing/child-app.ts'
import { type Answer, keepingConnection, visit } from './testing/visitor.ts'
import { HaproxyWorld, KEY } from './testing/world.ts'

describe('an instance’s fault', () => {
  let world: HaproxyWorld
  const apps: ChildApp[] = []

  beforeEach(async () => {
    world = await HaproxyWorld.open()
    await world.prepare()
  })
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()))
    await world.close()
  })

  it('costs no GET when it is killed under load, and it is out at once', async () => {
    const [first] = await Promise.all([start('web-1', null), start('web-2', null), start('web-3', '/health')])
    const answers: number[] = []
    let going = true
    const visitors = Array.from({ length: 8 }, async (_, number) => {
      const agent = number % 2 ? keepingConnection() : undefined
      while (going) answers.push((await visit(world.http, { agent })).status)
      agent?.destroy()
    })
    await world.until('there is load', async () => answers.length > 100)
    first!.child.kill('SIGKILL')
    const killedAt = performance.now()
    await world.until('it is out', async () => (await world.server(first!)).health === 'down')
    const outAfter = performance.now() - killedAt
    await world.until('there is more load', async () => answers.length > 1000)
    going = false
    await Promise.all(visitors)
    assert.deepEqual([...new Set(answers)], [200])
    assert.ok(outAfter < 3000, `out after ${outAfter} ms`)
  })

  it('costs a GET nothing when it breaks off, and no POST is ever sent twice', async () => {
    const seen: string[] = []
    const breaking = await world.app((request) => {
      seen.push(`${request.method}`)
      request.socket.destroy()
    })
    await world.serve(breaking)
    await world.serve(await world.instance())
    const gets = await Promise.all(Array.from({ length: 10 }, () => visit(world.http)))
    assert.deepEqual([...new Set(gets.map(({ status }) => status))], [200])
    assert.ok(seen.includes('GET'))
    const posts = Array.from({ length: 10 }, () => visit(world.http, { method: 'POST', body: 'once' }))
    const fates = await Promise.allSettled(posts)
    const served = fates.filter((fate) => fate.status === 'fulfilled' && fate.value.status === 200).length
    assert.equal(served + seen.filter((method) => method === 'POST').length, 10)
    assert.ok(served < 10)
  })

  it('of being busy for 3 s with a full accept queue does not take it out', async () => {
    const other = { appId: 'app-2', type: 'web' }
    await world.prepare(4, other)
    await Promise.all([
      staysThrough(await start('web-1', null, 4), KEY),
      staysThrough(await start('web-2', '/health', 4, other), other),
    ])
  })

  /** Blocks the only instance of an app, sends new connections all the time, and looks. */
  async function staysThrough(app: ChildApp, key: BackendKey): Promise<void> {
    const host = `${key.appId}.test`
    const blocked = visit(world.http, { host, path: '/block/3000' })
    const visits: Promise<Answer>[] = []
    let queueWasFull = false
    let answered = false
    const seen = blocked.then(() => {
      answered = true
    })
    while (!answered) {
      // Many until the queue is full, however slow this process is.
      for (let more = queueWasFull ? 1 : 10; more > 0; more -= 1) {
        const visiting = visit(world.http, { host })
        visiting.catch(() => null)
        visits.push(visiting)
      }
      queueWasFull ||= visits.length > 20 && !(await connects(app.address, 50))
      await staysUp()
      await pause(30)
    }
    await seen
    assert.ok(queueWasFull, 'the accept queue was full')
    let left = visits.length
    for (const each of visits) void each.then(() => (left -= 1))
    while (left > 0) {
      await staysUp()
      await pause(30)
    }
    async function staysUp(): Promise<void> {
      const { health, check } = await world.server(app, key)
      assert.equal(health, 'up', check)
    }
    const statuses = (await Promise.all([blocked, ...visits])).map(({ status }) => status)
    assert.deepEqual([...new Set(statuses)], [200])
  }

  async function start(id: string, checkPath: string | null, backlog = 511, key = KEY): Promise<ChildApp> {
    const app = await childApp(id, { backlog })
    apps.push(app)
    return world.serve(app, checkPath, key)
  }
})

/** Whether a connect succeeds in that time. */
async function connects({ host, port }: Address, ms: number): Promise<boolean> {
  const socket = connect(port, host)
  socket.on('error', () => socket.destroy())
  const connected = new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true)))
  const first = await Promise.race([connected, pause(ms).then(() => false)])
  socket.destroy()
  return first
}
