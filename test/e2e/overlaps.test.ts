import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { TestServer } from '../harness/index.ts'
import { inTheMiddle } from './overlaps.ts'
import { reloadUnder } from './reloads.ts'
import { Subject } from './subject.ts'
import { LIGHT, losesNothing } from './under-load.ts'

describe('what overlaps with a rollout loses nothing', () => {
  let server: TestServer
  before(async () => {
    server = await TestServer.start()
  })
  after(() => server.close())

  test('the journal is deleted while the control plane is dead: the rollout still ends as it should', async (t) => {
    const subject = await Subject.create(server, { name: 'forgetful' })
    const source = await subject.source()
    await losesNothing(t, subject, LIGHT, async () => {
      await subject.app.must(['deploy', source, '--detach'])
      await inTheMiddle(subject)
      await server.kill()
      const database = new DatabaseSync(join(server.data, 'state.db'))
      const { changes } = database.prepare('DELETE FROM journal').run()
      database.close()
      assert.ok(changes > 0)
      await server.restart()
      assert.equal((await subject.app.settled())?.status, 'succeeded')
    })
    const dynos = await subject.app.dynos()
    assert.equal(dynos.length, 2)
  })

  test('reloads for other apps, with uploads and WebSockets open', async (t) => {
    await reloadUnder(t, server, 3)
  })
})
