import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { type Ran, run, TestServer } from '../harness/index.ts'
import { Subject } from './subject.ts'

/** Exit codes of the table of errors. */
const INVALID = 2
const NOT_FOUND = 4
const OTHER_SERVER = 9

describe('bad input is refused with what to do, and changes nothing', () => {
  let server: TestServer
  let subject: Subject
  before(async () => {
    server = await TestServer.start()
    subject = await Subject.create(server, { instances: 1 })
  })
  after(() => server.close())

  /** Everything a user could see of all apps. */
  async function state(): Promise<unknown> {
    const apps: { name: string; updated_at: string }[] = await server.get('/apps')
    const paths = ['config-vars', 'formation', 'releases']
    const details = apps.flatMap((app) => paths.map((path) => server.get(`/apps/${app.name}/${path}`)))
    const running = (await subject.app.dynos()).map((dyno) => [dyno.id, dyno.state])
    return [apps.map((app) => app.name), running, await Promise.all(details)]
  }

  function refused(title: string, code: number, says: RegExp, attempt: () => Promise<Ran>) {
    test(title, async () => {
      const earlier = await state()
      const ran = await attempt()
      assert.equal(ran.code, code, ran.stdout + ran.stderr)
      assert.match(ran.stderr, says)
      assert.deepEqual(await state(), earlier)
    })
  }

  const deployed = async (files: Readonly<Record<string, string>>) => subject.deploy({}, {}, files)

  refused('an app that does not exist', NOT_FOUND, /nowhere/, () => server.cli(['ps', '-a', 'nowhere']))
  for (const name of ['A', '-dash', 'two words', '../up', 'x'.repeat(31), 'ünï']) {
    refused(`the app name ${JSON.stringify(name)}`, INVALID, /3 to 30/, () =>
      server.cli(['create', '--', name]),
    )
  }
  refused('a name that is taken', INVALID, /another name/, () => server.cli(['create', 'subject']))
  refused('a config of more than 64 KiB', INVALID, /65536/, () =>
    subject.app.cli(['config:set', `BIG=${'x'.repeat(70_000)}`]),
  )
  refused('a config var with a bad name', INVALID, /config var/, () =>
    subject.app.cli(['config:set', 'A-B=1']),
  )
  refused('a config var that Tasuki sets itself', INVALID, /PORT/, () =>
    subject.app.cli(['config:set', 'PORT=1']),
  )
  refused('a size that does not exist', INVALID, /Standard-1X/, () =>
    subject.app.cli(['ps:scale', 'web=1:Huge']),
  )
  refused('a release that does not exist', NOT_FOUND, /v99/, () => subject.app.cli(['rollback', 'v99']))
  refused('a malformed Procfile', INVALID, /Procfile/, () =>
    deployed({ Procfile: 'this is no process type\n' }),
  )
  refused('a malformed app.json', INVALID, /app\.json/, () => deployed({ 'app.json': '{"tasuki": ' }))
  refused('a setting that does not exist', INVALID, /drain_secs/, () =>
    deployed({ 'app.json': JSON.stringify({ tasuki: { drain_secs: 3 } }) }),
  )
  refused('a setting out of its range', INVALID, /rise/, () =>
    deployed({ 'app.json': JSON.stringify({ tasuki: { rise: 0 } }) }),
  )
  refused('a source that does not exist', INVALID, /nothing-here/, () =>
    subject.app.cli(['deploy', join(server.directory, 'nothing-here')]),
  )
  refused('a symbolic link out of the source', INVALID, /link/i, async () => {
    const source = await subject.source()
    await symlink('/etc/passwd', join(source, 'passwd'))
    return subject.app.cli(['deploy', source])
  })
  refused('a tarball with a path outside of the source', INVALID, /outside|\.\./, async () => {
    const directory = join(server.directory, 'escaping')
    await mkdir(join(directory, 'in'), { recursive: true })
    await writeFile(join(directory, 'out.txt'), 'out')
    const tarball = join(server.directory, 'escaping.tgz')
    await run('tar', ['-czPf', tarball, '-C', join(directory, 'in'), '../out.txt'])
    return subject.app.cli(['deploy', tarball])
  })

  test('binary in a config var', async () => {
    const earlier = await state()
    const { status, body } = await server.call('PATCH', '/apps/subject/config-vars', { BIN: 'a\0b' })
    assert.equal(status, 422)
    assert.match(body.message, /binary/)
    assert.deepEqual(await state(), earlier)
  })

  test('a call without a token', async () => {
    const answer = await fetch(`http://${server.api}/apps`)
    assert.equal(answer.status, 401)
  })

  test('a second server on the same data', async () => {
    const flags = ['--data', server.data, '--http', '127.0.0.1:1', '--api', '127.0.0.1:2']
    const ran = await server.cli(['server', ...flags], { limitMs: 20_000 })
    assert.equal(ran.code, OTHER_SERVER, ran.stderr)
    assert.match(ran.stderr, /another|--data/i)
    assert.equal((await subject.app.visit()).status, 200)
  })
})
