import assert from 'node:assert/strict'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
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

  /** By the API, which begins a rollout; resolves when that has succeeded. */
  const handedOver = async (method: string, path: string, body: unknown) => {
    await fleet.must(method, path, body)
    const rollout = await subject.app.settled()
    assert.equal(rollout?.status, 'succeeded', JSON.stringify(rollout))
  }
  const place = (placement: { runtime: string; label?: string }) =>
    handedOver('PUT', `/tasuki/apps/${subject.app.name}/placement`, placement)

  test('instances are spread over the hosts', async () => {
    await fleet.whole(subject, 2)
    assert.deepEqual(await spread(), { h1: 1, h2: 1 })
  })

  test('deploy, rollback, config change and restart', async (t) => {
    const { name } = subject.app
    await losesNothing(t, subject, MODEST, async () => {
      await subject.mustDeploy()
      await handedOver('POST', `/tasuki/apps/${name}/rollback`, {})
      await handedOver('PATCH', `/apps/${name}/config-vars`, { GREETING: 'hello' })
      await handedOver('POST', `/tasuki/apps/${name}/restart`, {})
    })
    await fleet.whole(subject, 2)
    assert.deepEqual(await spread(), { h1: 1, h2: 1 })
  })

  test('scaling up and down', async (t) => {
    await losesNothing(t, subject, MODEST, async () => {
      await subject.app.scale({ web: 4 })
      await subject.app.scale({ web: 2 })
    })
    await fleet.whole(subject, 2)
  })

  test('out, replace, back in: one host after the other, without a single instance more', async (t) => {
    await losesNothing(t, subject, MODEST, () =>
      subject.mustDeploy({}, { strategy: 'rolling', surge: 0, max_unavailable: 1 }),
    )
    await fleet.whole(subject, 2)
  })

  test('a host whose label is taken away is left, one instance after the other', async (t) => {
    await losesNothing(t, subject, MODEST, async () => {
      await fleet.must('PATCH', '/tasuki/hosts/h2', { labels: [] })
      // Without surge the old one goes first: only with both on h1 has all moved.
      await until('both to be on h1', async () => (await on('h1')) === 2 && (await on('h2')) === 0)
      await fleet.must('PATCH', '/tasuki/hosts/h2', { labels: ['apps'] })
    })
    await fleet.whole(subject, 2)
    assert.deepEqual(await spread(), { h1: 2, h2: 0 }, 'what has moved stays where it is')
  })

  test('what serves comes to a host that joins before anything is started there', async () => {
    await fleet.lab.grow(3)
    await fleet.add('h3')
    const slugs = () => fleet.lab.docker('h3', 'images', '-q', 'tasuki/slug')
    await until('the image to be on h3', async () => (await slugs()) !== '', 60_000)
    assert.equal(await on('h3'), 0)
    await fleet.must('DELETE', '/tasuki/hosts/h3')
  })

  test('a host is drained while another joins, and comes back', async (t) => {
    await losesNothing(t, subject, MODEST, async () => {
      await fleet.lab.grow(3)
      await fleet.add('h3')
      const drained = await subject.app.server.cli(['hosts:drain', 'h1'])
      assert.equal(drained.code, 0, drained.stdout + drained.stderr)
      assert.equal(await on('h1'), 0)
      await subject.mustDeploy()
      assert.deepEqual([await on('h1'), await on('h2'), await on('h3')], [0, 1, 1])
      await fleet.must('POST', '/tasuki/hosts/h1/actions/resume')
    })
    await fleet.whole(subject, 2)
  })

  test('from processes on this machine to the hosts and back', async (t) => {
    await losesNothing(t, subject, MODEST, async () => {
      await place({ runtime: 'process' })
      await until('nothing to be left on the hosts', async () => (await on('h1')) + (await on('h2')) === 0)
      await place({ runtime: 'docker', label: 'apps' })
    })
    await fleet.whole(subject, 2)
  })
})
