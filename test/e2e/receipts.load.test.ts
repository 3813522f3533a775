import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { processOfInstance, signal, TestServer } from '../harness/index.ts'
import { assertSameCounts, assertSameLosses, watchedDeploy } from './receipts.ts'
import { Subject } from './subject.ts'
import { FULL, ordersDoneOnce, tell } from './under-load.ts'

/** Orders take their time, so that some are in flight whenever an instance ends. */
const BUSY = { BEHAVIOUR: 'slow-boot,exit-at-once', ORDER_MS: 100 }

describe('the receipt and an independent client agree', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server.close())

  test('on every request when nothing is lost', async (t) => {
    const subject = await Subject.create(server, { name: 'agreed' })
    const watched = await watchedDeploy(subject, FULL)
    tell(t, watched.report)
    assert.equal(watched.report.lost, 0)
    assert.equal(watched.receipt.lost, 0)
    assertSameLosses(watched)
    assertSameCounts(watched)
  })

  test('on answers that are not HTTP', async (t) => {
    const subject = await Subject.create(server, { name: 'garbage' })
    const load = { rates: { get: 20, fresh: 100 }, paths: { get: '/garbage' } }
    const watched = await watchedDeploy(subject, load)
    tell(t, watched.report)
    assert.ok(watched.receipt.traffic.lost.bad_gateway! > 0)
    assertSameLosses(watched)
    assertSameCounts(watched)
  })

  test('on visitors for whom there was no instance', async (t) => {
    const settings = { hold_seconds: 0 }
    const subject = await Subject.create(server, {
      name: 'deserted',
      settings,
      behaviour: { BEHAVIOUR: 'slow-boot', BOOT_MS: 1_000 },
    })
    const release = `v${(await subject.app.dynos())[0]!.release.version}`
    const kill = async () => {
      for (const name of ['web.1', 'web.2'])
        signal(processOfInstance(server.directory, name, release)!, 'SIGKILL')
    }
    const watch = { behaviour: { BOOT_MS: 4_000 }, meanwhile: kill }
    const watched = await watchedDeploy(subject, { rates: { get: 100 } }, watch)
    tell(t, watched.report)
    assert.ok(watched.receipt.traffic.lost.no_instance! > 0)
    assertSameLosses(watched)
    assertSameCounts(watched)
  })
})

test('without draining requests are lost, and the receipt names each', async (t) => {
  const server = await TestServer.start({ env: { TASUKI_FAULT: 'no-drain' } })
  t.after(() => server.close())
  const subject = await Subject.create(server, { behaviour: BUSY })
  const load = { ...FULL, slowMs: 1_000, paths: { slow: '/drip' }, rates: { ...FULL.rates, slow: 20 } }
  const watched = await watchedDeploy(subject, load, { behaviour: BUSY, until: 'end' })
  tell(t, watched.report)
  t.diagnostic(JSON.stringify(watched.receipt.traffic.lost))
  assert.ok(watched.receipt.traffic.lost.no_response! > 0, 'POSTs in flight are lost')
  assert.ok(watched.receipt.traffic.lost.cut! > 0, 'answers that had begun are cut')
  assertSameLosses(watched)
  await ordersDoneOnce(subject, watched.report)
})

test('with draining the very same loses nothing', async (t) => {
  const server = await TestServer.start()
  t.after(() => server.close())
  const subject = await Subject.create(server, { behaviour: BUSY })
  const load = { ...FULL, slowMs: 1_000, paths: { slow: '/drip' }, rates: { ...FULL.rates, slow: 20 } }
  const watched = await watchedDeploy(subject, load, { behaviour: BUSY, until: 'end' })
  tell(t, watched.report)
  assert.equal(watched.report.lost, 0)
  assertSameLosses(watched)
  await ordersDoneOnce(subject, watched.report)
})
