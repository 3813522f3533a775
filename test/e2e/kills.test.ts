import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { processOfInstance, signal, TestServer, until } from '../harness/index.ts'
import { type CrashPoint, crashAt, crashPoints } from './crash.ts'
import { Random } from './random.ts'
import { Subject } from './subject.ts'
import { FULL, LIGHT, losesNothing, ordersDoneOnce, tell, underLoad } from './under-load.ts'

/** How many of the points at which a control plane can die one run tries; the soak tries all. */
const POINTS = 5

describe('SIGKILL', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server.close())

  test('of an instance loses no request that could be repeated', async (t) => {
    const subject = await Subject.create(server, { name: 'killed', instances: 3 })
    const load = { ...FULL, rates: { ...FULL.rates, upload: 0 }, streams: {} }
    const report = await underLoad(subject, load, async () => {
      for (const name of ['web.1', 'web.2', 'web.3']) await killAndWait(subject, name)
    })
    tell(t, report)
    t.diagnostic(`lost POSTs: ${report.posts.lost.length} of ${report.posts.sent} in 3 kills`)
    assert.deepEqual(
      report.losses.filter((loss) => loss.kind !== 'post'),
      [],
    )
    await ordersDoneOnce(subject, report)
  })

  test('of HAProxy: it comes back by itself with all apps', async (t) => {
    const subject = await Subject.create(server, { name: 'routed' })
    const report = await underLoad(subject, LIGHT, async () => {
      const { router } = await server.get('/tasuki/server')
      signal(router.pid, 'SIGKILL')
      for (const worker of router.workers) signal(worker.pid ?? worker, 'SIGKILL')
      await until('the app to answer again', () => answers(subject))
    })
    tell(t, report)
    const outage = report.losses.map((loss) => loss.at)
    t.diagnostic(`outage seen by the client: ${Math.max(...outage) - Math.min(...outage)} ms`)
    const { router } = await server.get('/tasuki/server')
    assert.ok(router.outages >= 1 || router.outages.length >= 1, 'the outage is known')
  })

  test('of HAProxy while the control plane is down: it comes back all the same', async (t) => {
    const subject = await Subject.create(server, { name: 'orphaned' })
    const { router } = await server.get('/tasuki/server')
    await server.kill()
    signal(router.pid, 'SIGKILL')
    for (const worker of router.workers) signal(worker.pid ?? worker, 'SIGKILL')
    const from = performance.now()
    await until('the app to answer again', () => answers(subject))
    t.diagnostic(`back after ${Math.round(performance.now() - from)} ms without a control plane`)
    await server.restart()
    await losesNothing(t, subject, LIGHT, () => subject.mustDeploy())
  })
})

async function killAndWait(subject: Subject, name: string): Promise<void> {
  const { directory } = subject.server
  const pid = processOfInstance(directory, name)!
  signal(pid, 'SIGKILL')
  await until(`another ${name}`, async () => {
    const dynos = await subject.app.dynos()
    const now = processOfInstance(directory, name)
    return now !== null && now !== pid && dynos.length === 3 && dynos.every((dyno) => dyno.state === 'up')
  })
}

async function answers(subject: Subject): Promise<boolean> {
  return subject.app.visit().then(
    ({ status }) => status === 200,
    () => false,
  )
}

describe('SIGKILL of the control plane in a rollout', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server.close())

  const random = new Random()
  for (const point of random.sample(crashPoints(), POINTS)) crash(point)

  function crash(point: CrashPoint) {
    test(`${point.when} the effect of ${point.kind} (SEED=${random.seed})`, async (t) => {
      await crashAt(t, server, point)
    })
  }
})
