import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { it } from 'node:test'
import { isAlive, readRun } from './proc.ts'
import type { DyingPlan } from './testing/dying-control-plane.ts'
import { visit } from './testing/visitor.ts'
import { HaproxyWorld, KEY, type TestApp, until } from './testing/world.ts'

const PROGRAM = new URL('testing/dying-control-plane.ts', import.meta.url).pathname
/** Every so many effects of a hand-over the control plane is killed once; 1 takes them all. */
const STEP = Number(process.env.TASUKI_CRASH_STEP ?? 4)

it('a control plane that dies at any instant of a hand-over leaves a router that serves and can be gone on with', async () => {
  const world = await HaproxyWorld.open({ spareBackends: 1 })
  try {
    await world.prepare()
    let present = await named(world)
    await world.serve(present)
    const total = (await world.router.observe(KEY))!.freeSlots + 1
    let killed = 0
    for (let dieBefore = 1; ; dieBefore += STEP) {
      const next = await named(world)
      await world.router.close()
      const died = await runUntilItDies(world, present, next, dieBefore)
      const { body } = await visit(world.http)
      assert.ok([present.id, next.id].includes(body), `${body} answered after effect ${dieBefore}`)
      assert.equal(await world.replaceRouter(), 'adopted')
      const [stays, goes] = killed % 2 === 0 ? [next, present] : [present, next]
      await handOver(world, stays, goes)
      const view = await world.router.observe(KEY)
      assert.deepEqual(
        [view?.servers.map(({ instance, admin, health }) => [instance, admin, health]), view?.freeSlots],
        [[[stays.id, 'ready', 'up']], total - 1],
        `after effect ${dieBefore}`,
      )
      assert.equal((await visit(world.http)).body, stays.id)
      present = stays
      if (!died) break
      killed += 1
    }
    assert.ok(killed >= 20 / STEP, `killed ${killed} times`)
    await killHaproxy(world)
    assert.equal((await visit(world.http)).body, present.id)
  } finally {
    await world.close()
  }
})

/** An instance that answers with its own id. */
async function named(world: HaproxyWorld): Promise<TestApp> {
  const app: TestApp = await world.app((_, response) => response.end(app.id))
  return app
}

/** Whether it died before it was done. */
async function runUntilItDies(
  world: HaproxyWorld,
  present: TestApp,
  next: TestApp,
  dieBefore: number,
): Promise<boolean> {
  const { log: _, ...options } = world.options
  const plan: DyingPlan = { options, key: KEY, next: world.assignment(next), previous: present.id, dieBefore }
  const words = ['--disable-warning=ExperimentalWarning', PROGRAM, JSON.stringify(plan)]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  assert.ok(signal === 'SIGKILL' || code === 0, `ended with ${code ?? signal}`)
  return signal === 'SIGKILL'
}

/** What the engine does after a restart, whether it goes on or back: it looks, and asks for what is missing. */
async function handOver(world: HaproxyWorld, stays: TestApp, goes: TestApp): Promise<void> {
  const before = (await world.router.observe(KEY))!.servers
  const seen = before.find(({ instance }) => instance === stays.id)
  if (!seen || seen.admin === 'maint' || seen.health !== 'up') await world.serve(stays)
  else await world.router.admit(KEY, stays.id, 100)
  if (!before.some(({ instance }) => instance === goes.id)) return
  await world.router.drain(KEY, goes.id)
  assert.notEqual((await world.server(goes)).admin, 'ready')
  await world.router.park(KEY, goes.id)
  await world.router.free(KEY, goes.id)
}

async function killHaproxy(world: HaproxyWorld): Promise<void> {
  const run = join(world.options.directory, 'master.run')
  const master = readRun(run)!
  process.kill(master.pid, 'SIGKILL')
  await until('another one runs', () => readRun(run)?.pid !== master.pid && isAlive(readRun(run)))
  await until('it listens', async () => (await visit(world.http, { host: 'nobody.test' })).status === 404)
}
