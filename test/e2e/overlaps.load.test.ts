import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TestServer, until } from '../harness/index.ts'
import { inTheMiddle } from './overlaps.ts'
import { Subject } from './subject.ts'
import { FULL, losesNothing } from './under-load.ts'

describe('what overlaps with a rollout loses nothing', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server.close())

  test('deploys that supersede each other: the newest serves in the end, alone', async (t) => {
    const subject = await Subject.create(server, { name: 'hasty', behaviour: { BEHAVIOUR: 'exit-at-once' } })
    const sources = await Promise.all([1, 2, 3].map(() => subject.source()))
    await losesNothing(t, subject, FULL, async () => {
      for (const source of sources) {
        await subject.app.must(['deploy', source, '--detach'])
        await inTheMiddle(subject)
      }
      await subject.app.settled()
    })
    const statuses = (await subject.app.rollouts()).map((rollout) => rollout.status)
    assert.deepEqual(statuses.slice(0, 3), ['succeeded', 'superseded', 'superseded'])
    const [newest] = await subject.app.rollouts()
    await until('the newest alone', async () => {
      const dynos = await subject.app.dynos()
      return dynos.length === 2 && dynos.every((dyno) => dyno.release.version === newest!.to)
    })
  })

  test('a rollback while a deploy runs', async (t) => {
    const subject = await Subject.create(server, { name: 'regretful' })
    await subject.mustDeploy()
    const source = await subject.source()
    await losesNothing(t, subject, FULL, async () => {
      await subject.app.must(['deploy', source, '--detach'])
      await inTheMiddle(subject)
      await subject.app.must(['rollback'])
    })
    const [rollback, deploy] = await subject.app.rollouts()
    assert.deepEqual([rollback!.status, deploy!.status], ['succeeded', 'superseded'])
  })
})
