import assert from 'node:assert/strict'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import { change } from '../e2e/changes.ts'
import { Random } from '../e2e/random.ts'
import type { Subject } from '../e2e/subject.ts'
import { losesNothing } from '../e2e/under-load.ts'
import { until } from '../harness/index.ts'
import { LabFleet } from './fleet.ts'
import { type HostName, Lab } from './lab.ts'
import { MODEST } from './under-faults.ts'

describe('hand-overs between machines lose nothing', { skip: Lab.whyNot() ?? false }, () => {
  let fleet: LabFleet
  let subject: Subject

  before(async () => {
    fleet = await LabFleet.start({ hosts: 2 })
    subject = await fleet.subject({ behaviour: { BEHAVIOUR: 'exit-at-once' } })
  })
  afterEach((t) => fleet.tell(t as TestContext))
  after(() => fleet?.close())

  const on = async (host: HostName) =>
    (await fleet.containers(host)).filter(({ app }) => app === subject.app.name).length
  const spread = async () => ({ h1: await on('h1'), h2: await on('h2') })

  test('instances are spread over the hosts', async () => {
    await fleet.whole(subject, 2)
    assert.deepEqual(await spread(), { h1: 1, h2: 1 })
  })

  test('deploy, rollback, config change and restart', async (t) => {
    await losesNothing(t, subject, MODEST, () =>
      change(subject, ['deploy', 'rollback', 'config', 'restart'], new Random()),
    )
    await fleet.whole(subject, 2)
    assert.deepEqual(await spread(), { h1: 1, h2: 1 })
  })

  test('scaling up and down', async (t) => {
    await losesNothing(t, subject, MODEST, () => change(subject, ['scale to 4', 'scale to 2'], new Random()))
    await fleet.whole(subject, 2)
  })

  test('out, replace, back in: one host after the other, without a single instance more', async (t) => {
    await losesNothing(t, subject, MODEST, () =>
      subject.mustDeploy({}, { strategy: 'rolling', surge: 0, max_unavailable: 1 }),
    )
    await fleet.whole(subject, 2)
  })

  test('a host is drained while another joins, and comes back', async (t) => {
    await losesNothing(t, subject, MODEST, async () => {
      await fleet.lab.grow(3)
      await fleet.add('h3')
      await subject.app.server.cli(['hosts:drain', 'h1']).then(succeeded)
      assert.equal(await on('h1'), 0)
      await subject.mustDeploy()
      assert.deepEqual([await on('h1'), await on('h2'), await on('h3')], [0, 1, 1])
      await subject.app.server.cli(['hosts:resume', 'h1']).then(succeeded)
    })
    await fleet.whole(subject, 2)
  })

  test('from processes on this machine to the hosts and back', async (t) => {
    await losesNothing(t, subject, MODEST, async () => {
      await subject.app.must(['place', '--local'])
      await subject.app.settled()
      await until('nothing to be left on the hosts', async () => (await on('h1')) + (await on('h2')) === 0)
      await subject.app.must(['place', '--label', 'apps'])
      await subject.app.settled()
    })
    await fleet.whole(subject, 2)
  })
})

function succeeded({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): void {
  assert.equal(code, 0, stdout + stderr)
}
