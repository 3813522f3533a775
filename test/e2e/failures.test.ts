import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { TestServer, until } from '../harness/index.ts'
import { type Behaviour, Subject } from './subject.ts'
import { LIGHT, losesNothing, underLoad } from './under-load.ts'

/** Exit codes of the table of errors. */
const BUILD_FAILED = 6
const ROLLOUT_FAILED = 7

describe('a release that fails leaves the one before serving, whole', () => {
  let server: TestServer
  let subject: Subject
  let version: number
  before(async () => {
    server = await TestServer.start()
    subject = await Subject.create(server, { behaviour: { BEHAVIOUR: 'exit-at-once' } })
    version = (await subject.app.dynos())[0]!.release.version
  })
  after(() => server.close())

  interface Failing {
    readonly behaviour?: Behaviour
    readonly settings?: Readonly<Record<string, unknown>>
    readonly outcome: 'failed' | 'returned'
    /** What the message has to tell. */
    readonly says: readonly RegExp[]
  }

  function fails(title: string, { behaviour, settings, outcome, says }: Failing) {
    test(`${title}: ${outcome}`, async (t) => {
      const before = server.processes().length
      // A crash costs the POSTs and uploads in flight, which nobody may repeat.
      const load = { ...LIGHT, rates: { ...LIGHT.rates, post: 0, upload: 0 } }
      let told = ''
      await losesNothing(t, subject, load, async () => {
        const ran = await subject.deploy(behaviour, settings)
        told = ran.stdout + ran.stderr
        assert.equal(ran.code, ROLLOUT_FAILED, told)
        await servesWhole()
      })
      for (const pattern of says) assert.match(told, pattern)
      const rollout = await subject.app.settled()
      assert.equal(rollout?.status, outcome)
      await until('nothing to be left over', () => server.processes().length === before)
    })
  }

  /** Both instances of the release before, and no others. */
  async function servesWhole(): Promise<void> {
    await until('the release before alone', async () => {
      const dynos = await subject.app.dynos()
      return (
        dynos.length === 2 && dynos.every((dyno) => dyno.state === 'up' && dyno.release.version === version)
      )
    })
  }

  fails('it crashes at boot', {
    behaviour: { BEHAVIOUR: 'crash-at-boot' },
    outcome: 'failed',
    says: [/web\.\d/, /1/, /crashing at boot/],
  })
  fails('it never listens', {
    behaviour: { BEHAVIOUR: 'never-listen' },
    settings: { boot_seconds: 2 },
    outcome: 'failed',
    says: [/web\.\d/, /boot|ready|listen/i],
  })
  fails('it listens and never passes its check', {
    behaviour: { BEHAVIOUR: 'never-healthy' },
    settings: { boot_seconds: 2 },
    outcome: 'failed',
    says: [/web\.\d/, /503/, /\/health/],
  })
  fails('it needs longer than the boot limit', {
    behaviour: { BEHAVIOUR: 'slow-boot', BOOT_MS: 6_000 },
    settings: { boot_seconds: 2 },
    outcome: 'failed',
    says: [/2 s|boot/],
  })
  fails('it passes and crashes in the bake', {
    // One of the two, some checks after its boot: what it had in flight is repeated on the other.
    behaviour: { BEHAVIOUR: '$(test $DYNO = web.2 && echo crash-later)', CRASH_MS: 2_500 },
    settings: { bake_seconds: 8, check_seconds: 0.2 },
    outcome: 'returned',
    says: [/web\.2/],
  })

  test('its release phase fails', async (t) => {
    await losesNothing(t, subject, LIGHT, async () => {
      const release = `console.log('the table is locked'); process.exit(9)`
      const ran = await subject.deploy({}, {}, { 'release.js': release })
      assert.equal(ran.code, ROLLOUT_FAILED, ran.stderr)
      assert.match(ran.stdout + ran.stderr, /the table is locked/)
      assert.match(ran.stdout + ran.stderr, /\b9\b/)
      await servesWhole()
    })
  })

  test('its build fails', async (t) => {
    await losesNothing(t, subject, LIGHT, async () => {
      const manifest = { name: 'x', version: '1.0.0', scripts: { build: 'echo no such brick; exit 4' } }
      const ran = await subject.deploy({}, {}, { 'package.json': JSON.stringify(manifest) })
      assert.equal(ran.code, BUILD_FAILED, ran.stdout + ran.stderr)
      assert.match(ran.stdout + ran.stderr, /no such brick/)
      await servesWhole()
    })
  })
})

test('more 5xx than before in the bake: the release before takes over again by itself', async (t) => {
  const server = await TestServer.start()
  t.after(() => server.close())
  const subject = await Subject.create(server)
  const [first] = await subject.app.dynos()
  const report = await underLoad(subject, LIGHT, async () => {
    const ran = await subject.deploy({ BEHAVIOUR: '500s' }, { bake_seconds: 10 })
    assert.equal(ran.code, ROLLOUT_FAILED, ran.stderr)
    assert.match(ran.stdout + ran.stderr, /5xx|server error|500/i)
  })
  assert.equal(report.lost, 0)
  assert.equal((await subject.app.settled())?.status, 'returned')
  const dynos = await subject.app.dynos()
  assert.ok(dynos.every((dyno) => dyno.release.version === first!.release.version))
})
