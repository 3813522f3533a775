import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { DEFAULT_SETTINGS } from '../../domain/settings.ts'
import { type ChildApp, childApp } from './testing/child-app.ts'
import { type Answer, opened, type Visit, visit } from './testing/visitor.ts'
import { HaproxyWorld, HOST, KEY } from './testing/world.ts'

/** Checks that find out sooner; what is waited after that is the router's own. */
const QUICK = { ...DEFAULT_SETTINGS, checkSeconds: 0.5, checkTimeoutSeconds: 0.5 }

/** In which what waits would have been moved, if somebody else served. */
const LONG_ENOUGH_MS = 8_000

describe('an instance that is frozen', () => {
  let world: HaproxyWorld
  const apps: ChildApp[] = []

  beforeEach(async () => {
    world = await HaproxyWorld.open()
    await world.router.prepare({ ...KEY, slots: 4, settings: QUICK })
    await world.router.setHosts(KEY.appId, [HOST])
  })
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()))
    await world.close()
  })

  it('keeps nobody waiting whose request may be repeated, while no control plane runs; all else goes on', async () => {
    const frozen = await start('web-1')
    // So many that what HAProxy tells of them is longer than one of its buffers.
    const gets = Array.from({ length: 200 }, () => ({}))
    const repeatable = [{ method: 'PUT', body: 'twice' }, { method: 'DELETE' }, ...gets].map((asked) =>
      slow(asked),
    )
    const orders = [
      { method: 'POST', body: 'once' },
      { method: 'PUT', body: Buffer.alloc(100_000) },
    ].map((asked) => slow(asked))
    const begun = await Promise.all([
      opened(world.http, { path: '/begin/8000' }),
      opened(world.http, { path: '/begin/8000', headers: { accept: 'text/event-stream' } }),
    ])
    await inFlight(frozen, repeatable.length + 3, 1)
    frozen.child.kill('SIGSTOP')
    const healthy = await start('web-2')
    await world.router.close()
    const later = Array.from({ length: 20 }, () => visit(world.http))
    const answers = await Promise.all([...repeatable, ...later])
    assert.deepEqual(seenBy(answers), [String(healthy.child.pid)])
    frozen.child.kill('SIGCONT')
    const { pid } = frozen.child
    assert.deepEqual(seenBy(await Promise.all(orders)), [String(pid)])
    assert.deepEqual(await Promise.all(begun.map(text)), [`begun by ${pid}`, `begun by ${pid}`])
    assert.equal(await count(healthy), repeatable.length)
    await world.replaceRouter()
    await world.until('it serves again', async () => (await world.server(frozen)).health === 'up')
  })

  it('hands on what waits there once and no more, and only when somebody else serves', async () => {
    const first = await start('web-1')
    const moved = slow({})
    await inFlight(first, 1)
    first.child.kill('SIGSTOP')
    const second = await start('web-2')
    await inFlight(second, 1)
    await world.until('the first is out', async () => (await world.server(first)).health === 'down')
    const waiting = [slow({}), slow({})]
    await inFlight(second, 3)
    second.child.kill('SIGSTOP')
    await world.until('the second is out', async () => (await world.server(second)).health === 'down')
    await pause(LONG_ENOUGH_MS)
    await inFlight(second, 3)
    first.child.kill('SIGCONT')
    assert.deepEqual(seenBy(await Promise.all(waiting)), [String(first.child.pid)])
    await inFlight(second, 1)
    assert.equal(await count(first), 3)
    second.child.kill('SIGCONT')
    assert.equal((await moved).body, String(second.child.pid))
  })

  it('is another than one that is busy: whoever answers, however late, keeps what it is at', async () => {
    const busy = await start('web-1')
    const works = [2_500, 5_000, 7_500, 10_000].map((ms) => slow({}, ms))
    await inFlight(busy, works.length)
    const healthy = await start('web-2')
    await direct(busy, '/ill')
    await world.until('it is out', async () => (await world.server(busy)).health === 'down')
    assert.deepEqual(seenBy(await Promise.all(works)), [String(busy.child.pid)])
    assert.equal(await count(healthy), 0)
  })

  async function start(id: string): Promise<ChildApp> {
    const app = await childApp(id)
    apps.push(app)
    return world.serve(app)
  }

  function slow(asked: Visit, ms = 8_000): Promise<Answer> {
    return visit(world.http, { path: `/slow/${ms}`, ...asked })
  }

  async function inFlight(app: ChildApp, requests: number, streams = 0): Promise<void> {
    await world.until(`${app.id} has ${requests} in flight`, async () => {
      const seen = await world.server(app)
      return seen.inFlight === requests && seen.streams === streams
    })
  }
})

function seenBy(answers: readonly Answer[]): string[] {
  return [...new Set(answers.map(({ body }) => body))]
}

/** Past the router. */
async function direct({ address }: ChildApp, path: string): Promise<string> {
  const answer = await fetch(`http://${address.host}:${address.port}${path}`)
  return answer.text()
}

async function count(app: ChildApp): Promise<number> {
  return Number(await direct(app, '/count'))
}
