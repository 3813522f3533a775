import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { processOfInstance, routerProcesses, signal, TestServer, until } from '../harness/index.ts'
import type { LoadReport } from '../load/index.ts'
import { type CrashPoint, crashAt, crashPoints } from './crash.ts'
import { Random } from './random.ts'
import { watchedDeploy } from './receipts.ts'
import { Subject } from './subject.ts'
import { FULL, LIGHT, losesNothing, ordersDoneOnce, tell, underLoad } from './under-load.ts'

/** How many of the points at which a control plane can die one run tries; the soak tries all. */
const POINTS = 3

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

  test('of HAProxy: it comes back by itself with all apps, and the outage is known', async (t) => {
    const subject = await Subject.create(server, { name: 'routed' })
    const report = await underLoad(subject, LIGHT, async () => {
      await killRouter(server)
      await until('the app to answer again', () => answers(subject))
    })
    tell(t, report)
    tellOutage(t, report)
    const { router } = await server.get('/tasuki/server')
    assert.equal(router.outages.length, 1)
    t.diagnostic(`outage known to the control plane: ${router.outages[0].ms} ms`)
    await losesNothing(t, subject, LIGHT, () => subject.mustDeploy())
  })

  test('of HAProxy while the control plane is down: it comes back all the same', async (t) => {
    const subject = await Subject.create(server, { name: 'orphaned' })
    await server.kill()
    const report = await underLoad(subject, LIGHT, async () => {
      await killRouter(server)
      await until('the app to answer again', () => answers(subject))
    })
    tell(t, report)
    tellOutage(t, report)
    await server.restart()
    await losesNothing(t, subject, LIGHT, () => subject.mustDeploy())
  })

  test('of HAProxy in a rollout: the rollout succeeds, and the receipt has the outage', async (t) => {
    const subject = await Subject.create(server, { name: 'rolled' })
    const meanwhile = async () => {
      await killRouter(server)
      await until('the app to answer again', () => answers(subject))
    }
    const { receipt, report } = await watchedDeploy(subject, LIGHT, { meanwhile })
    tell(t, report)
    assert.equal(receipt.outcome, 'succeeded')
    assert.equal(receipt.traffic.outages.length, 1)
    assert.equal(receipt.traffic.complete, false)
    t.diagnostic(
      `outage on the receipt: ${receipt.traffic.outages[0]!.ms} ms · ${receipt.traffic.gaps.join(' · ')}`,
    )
  })
})

/** All of it at once: master and workers. Resolves when they are gone. */
async function killRouter(server: TestServer): Promise<void> {
  const pids = routerProcesses(server.directory)
  assert.ok(pids.length >= 2)
  for (const pid of pids) signal(pid, 'SIGKILL')
  await until(
    'HAProxy to be gone',
    () => !routerProcesses(server.directory).some((pid) => pids.includes(pid)),
  )
}

function tellOutage(t: TestContext, report: LoadReport): void {
  const times = report.losses.map((loss) => loss.at)
  t.diagnostic(`outage seen by the client: ${Math.max(...times) - Math.min(...times)} ms`)
}

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
