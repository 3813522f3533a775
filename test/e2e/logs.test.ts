import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { messageOf, SyslogReceiver } from '../../src/observe/drains/testing.ts'
import { sourceFrom, TestApp, TestServer, until } from '../harness/index.ts'

const TALKER = join(import.meta.dirname, '..', 'apps', 'talker')
const LINE = /line (\d+) (\d+\.?\d*) /

describe('the log of an app on a real server', () => {
  let server: TestServer
  let app: TestApp
  before(async () => {
    server = await TestServer.start()
    app = await TestApp.create(server, { name: 'talker' })
    await app.mustDeploy(await sourceFrom(server, TALKER, {}))
  })
  after(() => server.close())

  /** The whole log, without times. */
  const lines = async () => {
    const { stdout } = await app.must(['logs', '-n', '1500'])
    return stdout.split('\n').map((line) => line.replace(/^\S+ /, ''))
  }
  const talk = (from: number, count: number, rate: number) =>
    app.visit(`/talk?from=${from}&lines=${count}&rate=${rate}&secret=1`)

  test('tells what was done, what became of the instances, what they wrote, and each request', async () => {
    await talk(1, 1, 100)
    const all = await until('the line of the request', async () => {
      const now = await lines()
      return now.some((line) => line.startsWith('tasuki[router]')) && now.some((line) => LINE.test(line))
        ? now
        : null
    })
    const expected = [
      /^app\[api\]: Deploy \S+ by /,
      /^app\[api\]: Release v\d+ created by /,
      /^tasuki\[web\.1\]: Starting process with command `node server\.mjs`$/,
      /^tasuki\[web\.1\]: State changed from starting to up$/,
    ]
    assert.deepEqual(
      expected.map((one) => all.findIndex((line) => one.test(line))),
      expected.map((one) => all.findIndex((line) => one.test(line))).toSorted((a, b) => a - b),
    )
    for (const one of expected)
      assert.ok(
        all.some((line) => one.test(line)),
        `${one}\n${all.join('\n')}`,
      )
    assert.ok(all.some((line) => /^app\[web\.1\]: line 1 /.test(line)))
    const request = all.find((line) => line.startsWith('tasuki[router]: at=info'))!
    assert.match(
      request,
      /method=GET path="\/talk" host=talker\.test\S* request_id=\S+ fwd="127\.0\.0\.1" dyno=web\.1/,
    )
    assert.match(request, /connect=\d+ms service=\d+ms status=200 bytes=\d+ protocol=http$/)
    assert.ok(!all.some((line) => line.includes('secret')))
  })

  test('reaches one who follows, each line once and in order', async () => {
    const { body } = await server.call('POST', '/apps/talker/log-sessions', {
      tail: true,
      lines: 0,
      source: 'app',
    })
    const ended = new AbortController()
    const response = await fetch(body.logplex_url, { signal: ended.signal })
    await talk(1, 40, 400)
    let seen = ''
    const numbers = () => [...seen.matchAll(new RegExp(LINE, 'g'))].map(([, number]) => Number(number))
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      seen += chunk
      if (numbers().length >= 40) break
    }
    ended.abort()
    assert.deepEqual(
      numbers(),
      Array.from({ length: 40 }, (_, index) => index + 1),
    )
  })

  test('goes through to a drain at 5,000 lines a second, also over a control plane that is killed', async () => {
    const receiver = await new SyslogReceiver().open()
    try {
      const url = `syslog://127.0.0.1:${receiver.port}`
      await app.must(['drains:add', url])
      await talk(1, 15_000, 5_000)
      const heard = new Set<number>()
      const hear = () => {
        for (const frame of receiver.frames.splice(0))
          heard.add(Number(LINE.exec(messageOf(frame))?.[1] ?? 0))
        return heard
      }
      await until('some lines', () => hear().size > 3_000 || null)
      await server.kill('SIGKILL')
      await app.visit('/while-away')
      await server.restart()
      await until('all lines', () => hear().size > 15_000 || null, 60_000).catch(async (error: Error) => {
        const [drain] = await server.get('/apps/talker/log-drains')
        const missing = Array.from({ length: 15_000 }, (_, at) => at + 1).filter((one) => !heard.has(one))
        throw new Error(
          `${error.message}; ${missing.length} are missing, ${missing[0]} to ${missing.at(-1)}; ` +
            `of the platform: ${heard.has(0)}; ${JSON.stringify(drain.tasuki)}`,
        )
      })
      heard.delete(0)
      assert.equal(heard.size, 15_000)
      const [drain] = await server.get('/apps/talker/log-drains')
      assert.deepEqual([drain.tasuki.dropped, drain.tasuki.failing], [0, null])
      await app.must(['drains:remove', url])
      await until('the request while it was away to be told', async () => {
        const { stdout } = await app.must(['logs', '-n', '1500', '--dyno', 'router'])
        return stdout.includes('path="/while-away"')
      })
    } finally {
      await receiver.close()
    }
  })
})
