import assert from 'node:assert/strict'
import { after, afterEach, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { Subject } from '../e2e/subject.ts'
import { until } from '../harness/index.ts'
import { LabFleet } from './fleet.ts'
import { type HostName, Lab } from './lab.ts'
import { losesNothingIdempotent, MODEST } from './under-faults.ts'

/** How long a visitor waits for an answer. */
const PATIENCE_MS = 20_000

const ENDED = ['succeeded', 'returned', 'failed', 'superseded']

describe('machines fail under load', { skip: Lab.whyNot() ?? false }, () => {
  let fleet: LabFleet
  let subject: Subject

  before(async () => {
    fleet = await LabFleet.start({ hosts: 2 })
    subject = await fleet.subject({ behaviour: { BEHAVIOUR: 'exit-at-once' } })
  })
  afterEach((t) => fleet.tell(t as TestContext))
  after(() => fleet?.close())

  /** Nothing that may be repeated is lost in the fault, and afterwards all is as it should be. */
  function survives(title: string, fault: (host: HostName) => Promise<void>): void {
    test(title, async (t) => {
      await losesNothingIdempotent(t, subject, async () => {
        // Visitors come before the fault does.
        await pause(500)
        await fault('h2')
        await fleet.seen('h2', true)
        await fleet.whole(subject, 2)
      })
    })
  }

  survives('a host is cut off and comes back', async (host) => {
    await fleet.lab.cut(host)
    await fleet.seen(host, false)
    await outOfRotation(host)
    await fleet.lab.heal(host)
  })

  survives('a host is frozen for a moment', async (host) => {
    await fleet.lab.pause(host)
    await pause(3_000)
    await fleet.lab.heal(host)
  })

  test('a host is frozen for longer than visitors wait', async (t) => {
    const report = await losesNothingIdempotent(
      t,
      subject,
      async () => {
        await pause(500)
        await fleet.lab.pause('h2')
        await pause(PATIENCE_MS + 5_000)
        await fleet.lab.heal('h2')
        await fleet.seen('h2', true)
        await fleet.whole(subject, 2)
      },
      { ...MODEST, timeoutMs: PATIENCE_MS },
    )
    assert.deepEqual(report.streams.closed, {}, 'streams go on with the host')
  })

  survives('a host loses its power and is switched on again', async (host) => {
    await fleet.lab.kill(host)
    await fleet.seen(host, false)
    await fleet.lab.start(host)
  })

  survives('Docker is restarted', async (host) => {
    await fleet.lab.crash(host, 'dockerd')
    await until('Docker to answer', () => fleet.lab.docker(host, 'ps').then(Boolean, () => false))
  })

  survives('the SSH connections are cut', async (host) => {
    await fleet.lab.cutSsh(host)
  })

  test('a deploy while a host is cut off ends in one outcome, and no second copy is left behind', async (t) => {
    await losesNothingIdempotent(t, subject, async () => {
      await fleet.lab.cut('h2')
      const ran = await subject.deploy()
      t.diagnostic(`the deploy ended with ${ran.code}: ${ran.stderr.trim().split('\n')[0]}`)
      const rollout = await subject.app.settled()
      assert.ok(ENDED.includes(rollout!.status), rollout!.status)
      await fleet.lab.heal('h2')
      await fleet.seen('h2', true)
      await fleet.whole(subject, 2)
    })
  })

  test('a deploy in which SSH to every host is cut again and again', async (t) => {
    await losesNothingIdempotent(t, subject, async () => {
      const phases = new Set<string>()
      const deploy = subject.deploy()
      let cuts = 0
      let under = true
      const over = deploy.finally(() => {
        under = false
      })
      // With each new phase, so that each is met.
      while (under) {
        const phase = (await subject.app.rollouts())[0]?.phase ?? 'none'
        if (!phases.has(phase)) {
          phases.add(phase)
          await Promise.all(fleet.lab.hosts.map((host) => fleet.lab.cutSsh(host)))
          cuts += 1
        }
        await pause(20)
      }
      const ran = await over
      t.diagnostic(
        `${cuts} cuts, in ${[...phases].join(', ')}; the deploy ended with ${ran.code}: ${ran.stderr}`,
      )
      const rollout = await subject.app.settled()
      assert.ok(ENDED.includes(rollout!.status), rollout!.status)
      await fleet.whole(subject, 2)
    })
  })

  test('the control plane is killed in a deploy over hosts, and the next one ends it', async (t) => {
    await losesNothingIdempotent(t, subject, async () => {
      const source = await subject.source()
      const deploy = subject.app.cli(['deploy', source])
      await until('the deploy to hand over', async () => {
        const [rollout] = await subject.app.rollouts()
        return rollout?.status === 'running'
      })
      await fleet.server.kill()
      await fleet.server.restart()
      await deploy
      const rollout = await subject.app.settled()
      assert.equal(rollout?.status, 'succeeded')
      await fleet.whole(subject, 2)
    })
  })

  /** Waits until the router sends nothing to the instance there. */
  async function outOfRotation(host: HostName): Promise<void> {
    await until(`the instance on ${host} to be out of rotation`, async () => {
      const dynos = await subject.app.server.get(`/apps/${subject.app.name}/dynos`)
      const there = dynos.filter((dyno: { tasuki: { host: string } }) => dyno.tasuki.host === host)
      return there.every((dyno: { tasuki: { health: string } }) => dyno.tasuki.health !== 'up')
    })
  }
})
