import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Balancer } from '../harness/balancer.ts'
import { TestServer, until } from '../harness/index.ts'
import { freePorts } from '../harness/ports.ts'
import { type LoadReport, startLoad } from '../load/index.ts'
import { Subject } from './subject.ts'
import { ordersDoneOnce, tell } from './under-load.ts'

/** On a busy machine an answer takes its time. */
const CHECKS = { intervalMs: 250, timeoutMs: 2000, rise: 3, fall: 2 }
const RATES = { get: 60, post: 20, fresh: 10, slow: 1 }
/** Short, and longer than any request of the load. */
const SETTINGS = { drain_seconds: 2, bake_seconds: 1, stream_seconds: 1 }

describe('behind a balancer that is not ours, and that nobody can ask', () => {
  let server: TestServer
  let balancer: Balancer
  let subject: Subject
  let ports: readonly number[]
  before(async () => {
    server = await TestServer.start()
    ports = await portsOfItsOwn(5)
    const behaviour = { BEHAVIOUR: 'steps-aside,exit-at-once' }
    subject = await Subject.create(server, { name: 'rented', behaviour, settings: SETTINGS })
  })
  after(async () => {
    await balancer?.stop()
    await server?.close()
  })

  function external(...more: readonly string[]): string[] {
    const { intervalMs, timeoutMs, rise, fall } = CHECKS
    const times = [
      '--interval',
      `${intervalMs / 1000}`,
      '--timeout',
      `${timeoutMs / 1000}`,
      '--margin',
      '0.25',
    ]
    return ['router:external', ...times, '--rise', `${rise}`, '--fall', `${fall}`, '--ports', ...more]
  }

  /** Fails unless every request through the balancer got its answer, and every order was carried out once. */
  async function losesNothing(t: TestContext, work: () => Promise<void>): Promise<LoadReport> {
    const load = await startLoad({ url: balancer.url, host: subject.app.host, rates: RATES, slowMs: 1000 })
    try {
      await work()
    } finally {
      await load.stop()
    }
    const report = await load.ended
    tell(t, report)
    assert.deepEqual(report.byCause, {}, `lost:\n${JSON.stringify(report.losses.slice(0, 20), null, 1)}`)
    assert.deepEqual(
      Object.keys(report.byStatus).filter((status) => Number(status) >= 400),
      [],
    )
    await ordersDoneOnce(subject, report)
    return report
  }

  async function portsInUse(): Promise<number[]> {
    const states = await balancer.states()
    return ports.filter((port) => states.get(`127.0.0.1:${port}`))
  }

  test('an app comes to it from our own router, at the ports that it knows', async () => {
    await subject.app.must([...external(ports.join(','))])
    const backend = (await subject.app.must(['router', '--haproxy'])).stdout.trimEnd().split('\n')
    const [port] = await freePorts(1)
    balancer = await Balancer.start({ directory: server.directory, port: port!, backend })
    await until('both to be in', async () => (await portsInUse()).length === 2)
    const { external: said } = await server.get('/tasuki/apps/rented/router')
    assert.deepEqual(said.ports, ports)
    const [newest] = await subject.app.rollouts()
    assert.equal(newest?.status, 'succeeded')
  })

  test('a deploy loses nothing, though the control plane is killed in its middle; its receipt saw no traffic', async (t) => {
    const source = await subject.source()
    const report = await losesNothing(t, async () => {
      await subject.app.must(['deploy', source, '--detach'])
      await until('an old one to be told to go', async () =>
        (await subject.app.dynos()).some((dyno) => (dyno as unknown as Told).tasuki.rotation === 'draining'),
      )
      await server.kill()
      await server.restart()
      const ended = await subject.app.settled()
      assert.equal(ended?.status, 'succeeded')
    })
    assert.equal(Object.keys(report.byRelease).length, 2)
    assert.equal((await portsInUse()).length, 2, 'two serve, and no more')
    assert.equal((await subject.app.dynos()).length, 2)
    const { stdout } = await subject.app.must(['receipt'])
    assert.match(stdout, /not seen/)
    assert.doesNotMatch(stdout, / 0 lost/)
  })

  test('a release whose checks fail while it comes in fails, and nothing is lost', async (t) => {
    await losesNothing(t, async () => {
      const broken = { BEHAVIOUR: 'steps-aside,unhealthy-later', UNHEALTHY_MS: 0 }
      const ran = await subject.deploy(broken, { boot_seconds: 3 })
      assert.equal(ran.code, 7, ran.stdout + ran.stderr)
    })
    assert.equal((await subject.app.rollouts())[0]?.status, 'failed')
    assert.equal((await portsInUse()).length, 2)
  })

  test('an app that can not step aside is refused before anything is touched', async () => {
    const before = await portsInUse()
    const ran = await subject.deploy({}, { pre_stop: null })
    assert.equal(ran.code, 7)
    assert.match(ran.stdout + ran.stderr, /pre_stop/)
    assert.deepEqual(await portsInUse(), before)
  })

  test('one after the other at a single port each, the way of two servers, loses nothing either', async (t) => {
    const two = await portsInUse()
    const { length } = await subject.app.rollouts()
    await subject.app.must(external(two.join(',')))
    assert.equal((await subject.app.rollouts()).length, length, 'all are there already: nobody moves')
    await losesNothing(t, () => subject.mustDeploy({}, { surge: 0, max_unavailable: 1 }))
    assert.deepEqual(await portsInUse(), two)
  })

  test('an app comes back to our own router', async () => {
    await subject.app.must(['router:own'])
    assert.equal((await subject.app.visit()).status, 200)
    await until('the balancer to have nobody', async () => (await portsInUse()).length === 0)
  })
})

/** Outside of what instances are given otherwise, and below what outgoing connections are. */
async function portsOfItsOwn(count: number): Promise<number[]> {
  const found: number[] = []
  for (let port = 30_000 + randomInt(2000); found.length < count; port += 1)
    if (await isFree(port)) found.push(port)
  return found
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

interface Told {
  readonly tasuki: { readonly rotation: string | null }
}
