import assert from 'node:assert/strict'
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Clone } from '../../src/git/testing.ts'
import { TestApp, TestServer, until } from '../harness/index.ts'
import { type LoadReport, startLoad } from '../load/index.ts'

const EXAMPLE = join(import.meta.dirname, '../../examples/python-worker')

/** When the control plane is killed, as lines of the push tell it: each comes, whichever of its words is the first. */
const MOMENTS: readonly (readonly [string, RegExp])[] = [
  ['early: nothing may have been built yet', /remote: -----> Deploying/],
  [
    'late: what runs goes on without a control plane, and is taken up',
    / web\.\d v\d+ +(booting|checking|serving)/,
  ],
]

describe('a Python app with a release phase and a worker, pushed by Git', () => {
  let server: TestServer
  let app: TestApp
  let clone: Clone
  before(async () => {
    server = await TestServer.start()
    app = await TestApp.create(server, {
      name: 'pieces',
      config: { DATABASE: await sharedFile('pieces.db') },
    })
    clone = await repository()
  })
  after(() => server.close())

  /** A file that every release may write, whatever user it runs as. */
  async function sharedFile(name: string): Promise<string> {
    const folder = join(server.directory, 'shared')
    await mkdir(folder)
    await chmod(folder, 0o777)
    return join(folder, name)
  }

  /** A repository with the example in it, and the app as its remote. */
  async function repository(): Promise<Clone> {
    const directory = join(server.directory, 'clone')
    await cp(EXAMPLE, directory, { recursive: true })
    const settings = JSON.parse(await readFile(join(directory, 'app.json'), 'utf8'))
    settings.tasuki.bake_seconds = 0
    settings.formation.web.quantity = 2
    await writeFile(join(directory, 'app.json'), JSON.stringify(settings))
    const env = { TASUKI_URL: `http://${server.api}`, TASUKI_TOKEN: await server.token() }
    const made = new Clone(directory, { ...env, HOME: server.directory })
    await made.must('init', '-q', '-b', 'main')
    await server.cli(['git:remote', '-a', 'pieces'], { cwd: directory })
    return made
  }

  /** What a fresh clone would check out. */
  async function deployedCommit(): Promise<string | undefined> {
    return (await clone.must('ls-remote', 'tasuki', 'refs/heads/main')).split('\t')[0]
  }

  async function underLoad(work: () => Promise<void>): Promise<LoadReport> {
    const load = await startLoad({ url: server.url, host: app.host, rates: { get: 80, fresh: 20 } })
    try {
      await work()
    } finally {
      await load.stop()
    }
    return load.ended
  }

  function nothingLost(report: LoadReport): void {
    assert.deepEqual(report.byCause, {}, JSON.stringify(report.losses.slice(0, 10)))
    assert.deepEqual(Object.keys(report.byStatus), ['200'])
    assert.ok(report.ok > 50, `${report.ok} requests`)
  }

  test('the first push builds, migrates, starts web and worker, and Git asks for no password', async () => {
    const commit = await clone.commit({})
    const out = await clone.must('push', 'tasuki', 'main')
    assert.match(out, /remote: -----> Release phase\nremote: {8}release: schema 1 of 2/)
    assert.match(out, /remote: -----> v\d+ serves at http:\/\/pieces\.test:\d+\//)
    assert.equal(await deployedCommit(), commit)
    assert.equal(JSON.parse((await app.visit()).body).language, 'python')
    await until('the worker to work', async () => {
      const { stdout } = await app.must(['logs', '--dyno', 'worker'])
      return stdout.includes('piece 1 done')
    })
  })

  test('the second hands over without losing a request', async (t) => {
    await clone.commit({ 'note.txt': 'second' })
    const report = await underLoad(async () => {
      assert.match(await clone.must('push', 'tasuki', 'main'), /Handing over from v\d+ to v\d+ of pieces/)
    })
    nothingLost(report)
    assert.equal(Object.keys(report.byRelease).length, 2)
    t.diagnostic(`${report.sent} requests, ${report.lost} lost, p99 ${report.p99} ms`)
  })

  test('a failing release phase rejects the push, and the release before serves on', async () => {
    const [before, serving] = [await deployedCommit(), JSON.parse((await app.visit()).body).release]
    const release = await readFile(join(clone.directory, 'release.py'), 'utf8')
    await clone.commit({ 'release.py': 'print("the table is locked")\nraise SystemExit(9)\n' })
    const report = await underLoad(async () => {
      const { code, out } = await clone.git('push', 'tasuki', 'main')
      assert.equal(code, 1, out)
      assert.match(out, /remote: {8}the table is locked/)
      assert.match(out, /! \[remote rejected\] main -> main \(v\d+ failed, v\d+ serves on: .*\b9\b/)
    })
    nothingLost(report)
    assert.deepEqual(Object.keys(report.byRelease), [serving])
    assert.equal(await deployedCommit(), before)
    await clone.commit({ 'release.py': release })
  })

  test('a control plane killed in the middle leaves app and repository at one, and the next push works', async () => {
    for (const [note, moment] of MOMENTS) {
      const before = await deployedCommit()
      const commit = await clone.commit({ 'note.txt': note })
      const pushing = clone.follow('push', 'tasuki', 'main')
      await Promise.race([until(note, () => moment.test(pushing.said()), 60_000), pushing.ended])
      await server.kill('SIGKILL')
      const { code, out } = await pushing.ended
      await server.restart()
      await app.settled()
      const served = await servedCommit()
      // On a busy machine a push may have ended before the kill: then it has to be true.
      const possible = code === 0 ? [commit] : [before, commit]
      assert.ok(possible.includes(served ?? undefined), `${served} serves after:\n${out}`)
      await until('the ref to be where the app is', async () => (await deployedCommit()) === served)
      await clone.must('fetch', '-q', 'tasuki')
    }
    const next = await clone.commit({ 'note.txt': 'after it' })
    await clone.must('push', 'tasuki', 'main')
    assert.deepEqual([await deployedCommit(), await servedCommit()], [next, next])
  })

  async function servedCommit(): Promise<string | null> {
    const releases: { current: boolean; commit: string | null }[] = await server.get('/apps/pieces/releases')
    return releases.find(({ current }) => current)?.commit ?? null
  }

  test('its repository is gone with the app', async () => {
    const { id } = await server.get('/apps/pieces')
    const folder = join(server.data, 'repositories', `${id}.git`)
    assert.ok(await readFile(join(folder, 'HEAD'), 'utf8'))
    await app.destroy()
    await until('the repository to be gone', () =>
      readFile(join(folder, 'HEAD')).then(
        () => false,
        () => true,
      ),
    )
    assert.match((await clone.git('ls-remote', 'tasuki')).out, /not found/)
  })
})
