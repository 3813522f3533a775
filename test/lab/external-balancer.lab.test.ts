import assert from 'node:assert/strict'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import type { Subject } from '../e2e/subject.ts'
import { ordersDoneOnce, tell } from '../e2e/under-load.ts'
import { Balancer } from '../harness/balancer.ts'
import { until } from '../harness/index.ts'
import { freePorts } from '../harness/ports.ts'
import { startLoad } from '../load/index.ts'
import { LabFleet } from './fleet.ts'
import { Lab } from './lab.ts'

/** Outside of what instances are given otherwise. */
const PORTS = ['8000', '8001']
const RATES = { get: 60, post: 20, fresh: 10, slow: 1 }
/** Short, and longer than any request of the load. */
const SETTINGS = { drain_seconds: 2, bake_seconds: 1, stream_seconds: 1 }
const SLOW_MS = 300

describe('behind a balancer that is not ours, on two hosts', { skip: Lab.whyNot() ?? false }, () => {
  let fleet: LabFleet
  let balancer: Balancer
  let subject: Subject

  before(async () => {
    fleet = await LabFleet.start({ hosts: 2 })
    subject = await fleet.subject({
      behaviour: { BEHAVIOUR: 'steps-aside,exit-at-once' },
      settings: SETTINGS,
    })
    const checks = ['--interval', '0.25', '--timeout', '1', '--margin', '0.25', '--rise', '3', '--fall', '2']
    await subject.app.must(['router:external', '--ports', PORTS.join(','), ...checks])
    const printed = (await subject.app.must(['router', '--haproxy'])).stdout.trimEnd().split('\n')
    const [port] = await freePorts(1)
    balancer = await Balancer.start({ directory: fleet.server.directory, port: port!, backend: printed })
    await until('both to be in', async () => (await inRotation()).length === 2)
  })
  afterEach((t) => fleet.tell(t as TestContext))
  after(async () => {
    await balancer?.stop()
    await fleet?.close()
  })

  /** Addresses of the servers that the balancer's own checks have in. */
  async function inRotation(): Promise<string[]> {
    const states = await balancer.states()
    return [...states].filter(([, isIn]) => isIn).map(([address]) => address)
  }

  /** Fails unless every request through the balancer got its answer, and every order was carried out once. */
  async function losesNothing(t: TestContext, work: () => Promise<unknown>): Promise<void> {
    const load = await startLoad({ url: balancer.url, host: subject.app.host, rates: RATES, slowMs: SLOW_MS })
    try {
      await work()
    } finally {
      await load.stop()
    }
    const report = await load.ended
    tell(t, report)
    assert.deepEqual(report.byCause, {}, `lost:\n${JSON.stringify(report.losses.slice(0, 20), null, 1)}`)
    const bad = Object.keys(report.byStatus).filter((status) => Number(status) >= 400)
    assert.deepEqual(bad, [])
    await ordersDoneOnce(subject, report)
    assert.equal((await subject.app.settled())?.status, 'succeeded')
    await fleet.whole(subject, 2)
    assert.equal((await inRotation()).length, 2, 'two serve, and no more')
  }

  test('it is told of each port of both hosts, and the app is there', async () => {
    const { targets } = await fleet.server.get(`/tasuki/apps/${subject.app.name}/router`)
    const addresses = targets.map((one: { address: string; port: number }) => `${one.address}:${one.port}`)
    const known = fleet.lab.hosts.flatMap((host) => PORTS.map((port) => `${fleet.lab.address(host)}:${port}`))
    assert.deepEqual(addresses, known)
    assert.deepEqual([...(await balancer.states()).keys()], known)
  })

  test('a deploy in which the control plane is killed, a rollback and a restart', async (t) => {
    // The endpoint of the new release is at the port of visitors, that of the old one at its own.
    const behaviour = { BEHAVIOUR: 'steps-aside,public-shutdown,exit-at-once' }
    const source = await subject.source(behaviour, { pre_stop: { path: '/shutdown', port: 'public' } })
    const { length } = await subject.app.rollouts()
    await losesNothing(t, async () => {
      await subject.app.must(['deploy', source, '--detach'])
      await until('an old one to be told to go', async () => (await rotations()).includes('draining'))
      await fleet.server.kill()
      await fleet.server.restart()
      assert.equal((await subject.app.settled())?.status, 'succeeded')
      assert.equal((await subject.app.rollouts()).length, length + 1, 'one rollout, which went on')
      await subject.app.must(['rollback'])
      await subject.app.must(['ps:restart'])
    })
  })

  async function rotations(): Promise<string[]> {
    const dynos = await fleet.server.get(`/apps/${subject.app.name}/dynos`)
    return dynos.map((dyno: { tasuki: { rotation: string } }) => dyno.tasuki.rotation)
  }
})
