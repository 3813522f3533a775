import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { issue, makeAuthority } from '../../tls/issue.ts'
import { LogStore } from '../log-store.ts'
import { Drains } from './drains.ts'
import { HttpReceiver, messageOf, SyslogReceiver, until } from './testing.ts'

const TOKEN = 'd.01234567-89ab-cdef-0123-456789abcdef'
const ROTATION = { fileBytes: 20_000, files: 3, ageMs: 60_000 }
/** What a control plane finds in its log is for this app. */
const APP = 'a'

describe('a drain', () => {
  let directory: string
  let store: LogStore
  let drains: Drains
  let failures: unknown[]
  let closers: (() => Promise<void>)[]
  const log = { error: (details: object) => failures.push(details) }
  const open = (rotation?: typeof ROTATION) => {
    store = new LogStore({ directory: join(directory, 'apps'), rotation, log })
    drains = new Drains({ store, file: join(directory, 'drains.json'), log })
  }
  const close = async () => {
    await drains.stop()
    await store.close()
  }
  beforeEach(() => {
    failures = []
    closers = []
    directory = mkdtempSync(join(tmpdir(), 'tasuki-drains-'))
    open()
  })
  afterEach(async () => {
    await close()
    for (const closer of closers) await closer()
    rmSync(directory, { recursive: true, force: true })
    assert.deepEqual(failures, [])
  })
  const append = (text: string) =>
    store.append(APP, { at: Date.UTC(2026, 0, 1), source: 'app', dyno: 'web.1', text })
  const appendAll = async (from: number, to: number) => {
    for (let n = from; n <= to; n += 1) append(`line ${n}`)
    await store.flush(APP)
  }
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`)
  /** Opens a drain and waits until it stands in the log: what comes later is for it. */
  const drainTo = async (url: string, authority: string | null = null) => {
    drains.open({ id: 'one', appId: APP, url, token: TOKEN, authority })
    await store.reader(APP).position()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const syslog = async (receiver = new SyslogReceiver()) => {
    await receiver.open()
    closers.push(() => receiver.close())
    return receiver
  }
  const http = async (receiver = new HttpReceiver()) => {
    await receiver.open()
    closers.push(() => receiver.close())
    return receiver
  }
  const said = async () =>
    (await store.last(APP, 10_000, { source: 'tasuki' })).lines.map(({ line }) => line.replace(/^\S+ /, ''))
  const ofApp = (messages: readonly string[]) => messages.filter((message) => message.startsWith('line '))

  it('gets each line from then on over TCP, in RFC 5424, each with its length in bytes in front', async () => {
    const receiver = await syslog()
    await appendAll(1, 3)
    await drainTo(`syslog://127.0.0.1:${receiver.port}`)
    append('grüße ✓')
    store.append(APP, { at: Date.UTC(2026, 0, 1), source: 'tasuki', dyno: 'router', text: 'at=info' })
    store.append(APP, { at: Date.UTC(2026, 0, 1), source: 'tasuki', dyno: 'web.1', text: 'State changed' })
    await until(() => receiver.frames.length === 3)
    assert.deepEqual(receiver.frames, [
      `<190>1 2026-01-01T00:00:00.000003+00:00 ${TOKEN} app web.1 - - grüße ✓\n`,
      `<158>1 2026-01-01T00:00:00.000004+00:00 ${TOKEN} tasuki router - - at=info\n`,
      `<45>1 2026-01-01T00:00:00.000005+00:00 ${TOKEN} tasuki web.1 - - State changed\n`,
    ])
    assert.deepEqual(drains.state('one'), { sent: 3, dropped: 0, failing: null })
  })

  it('goes over TLS to a receiver whose certificate can be verified', async () => {
    const authority = await makeAuthority('Test', Date.now())
    const receiver = await syslog(new SyslogReceiver(await issue(authority, ['localhost'], Date.now())))
    await drainTo(`syslog+tls://localhost:${receiver.port}`, authority.cert)
    await appendAll(1, 500)
    await until(() => receiver.frames.length === 500)
    assert.deepEqual(receiver.messages, lines(1, 500))
  })

  it('sends nothing to a receiver that can not prove who it is, and says so (L14)', async () => {
    const authority = await makeAuthority('Test', Date.now())
    const receiver = await syslog(new SyslogReceiver(await issue(authority, ['localhost'], Date.now())))
    const secure = await http(new HttpReceiver(await issue(authority, ['elsewhere.example'], Date.now())))
    await drainTo(`syslog+tls://localhost:${receiver.port}`)
    drains.open({
      id: 'two',
      appId: APP,
      url: `https://localhost:${secure.port}/`,
      token: TOKEN,
      authority: authority.cert,
    })
    append('secret')
    await until(() => drains.state('one')!.failing !== null && drains.state('two')!.failing !== null)
    const notices = await said()
    assert.equal(
      notices.filter((line) => line.includes('Error L14 (certificate validation error)')).length,
      2,
    )
    assert.match(drains.state('two')!.failing!, /ERR_TLS_CERT_ALTNAME_INVALID/)
    assert.deepEqual([receiver.frames, secure.deliveries], [[], []])
  })

  it('gets application/logplex-1 over HTTPS, in batches, with the credentials of its address', async () => {
    const authority = await makeAuthority('Test', Date.now())
    const receiver = await http(new HttpReceiver(await issue(authority, ['localhost'], Date.now())))
    await drainTo(`https://me:pass%20word@localhost:${receiver.port}/in?key=1`, authority.cert)
    await appendAll(1, 2000)
    await until(() => receiver.messages.length === 2000)
    assert.deepEqual(receiver.messages, lines(1, 2000))
    assert.ok(receiver.deliveries.length < 20, `${receiver.deliveries.length} requests`)
    const [{ headers, url, frames }] = receiver.deliveries as [(typeof receiver.deliveries)[0]]
    assert.equal(url, '/in?key=1')
    assert.equal(headers['content-type'], 'application/logplex-1')
    assert.equal(headers['logplex-msg-count'], String(frames.length))
    assert.equal(headers['logplex-drain-token'], TOKEN)
    assert.equal(headers.authorization, `Basic ${Buffer.from('me:pass word').toString('base64')}`)
    assert.equal(frames[0], '<190>1 2026-01-01T00:00:00.000000+00:00 host app web.1 - line 1\n')
    const ids = receiver.deliveries.map((one) => one.headers['logplex-frame-id'])
    assert.equal(new Set(ids).size, ids.length)
  })

  it('sends a batch again, the same under the same id, until it is taken', async () => {
    const receiver = await http()
    receiver.answers.push(500, 'cut', 429)
    await drainTo(`http://127.0.0.1:${receiver.port}/`)
    append('line 1')
    await until(() => receiver.deliveries.length === 1)
    append('line 2')
    await until(() => receiver.messages.includes('line 2'))
    const first = receiver.deliveries.slice(0, 4)
    assert.equal(new Set(first.map(({ headers }) => headers['logplex-frame-id'])).size, 1)
    for (const { frames } of first) assert.deepEqual(frames.map(messageOf), ['line 1'])
    await until(() => receiver.messages.some((message) => message.includes('is reached again')))
    const notices = await said()
    assert.match(
      notices[0]!,
      /^tasuki\[drain\]: Error L13 \(local delivery error\): drain 'd\.\S+' can not be reached: it answered 500\./,
    )
    assert.match(notices[1]!, /is reached again after \d+ s$/)
    assert.equal(notices.length, 2)
  })

  it('leaves out a batch that its receiver will never take, and says how many lines that were', async () => {
    const receiver = await http()
    receiver.answers.push(413)
    await drainTo(`http://127.0.0.1:${receiver.port}/`)
    await appendAll(1, 3)
    await until(() => receiver.deliveries.length === 1)
    append('line 4')
    await until(() => receiver.messages.includes('line 4'))
    assert.match((await said())[0]!, /refused 3 messages: it answered 413\.$/)
    assert.equal(drains.state('one')!.dropped, 3)
  })

  it('gets all that came while its receiver was away, in order, as far as the log is kept', async () => {
    const receiver = await syslog()
    await receiver.close()
    await drainTo(`syslog://127.0.0.1:${receiver.port}`)
    await appendAll(1, 3000)
    await until(() => drains.state('one')!.failing === 'ECONNREFUSED')
    await receiver.open()
    await until(() => ofApp(receiver.messages).length === 3000)
    assert.deepEqual(ofApp(receiver.messages), lines(1, 3000))
    assert.equal((await said()).filter((line) => line.includes('Error L13')).length, 1)
  })

  it('says to its receiver and in the log exactly how many lines were gone before it came back (L10)', async () => {
    await close()
    open(ROTATION)
    const receiver = await syslog()
    await receiver.close()
    await drainTo(`syslog://127.0.0.1:${receiver.port}`)
    for (let n = 1; n <= 3000; n += 100) await appendAll(n, n + 99)
    await receiver.open()
    await until(() => receiver.messages.includes('line 3000'))
    const dropped = receiver.messages.flatMap(
      (message) =>
        /^Error L10 \(output buffer overflow\): (\d+) messages dropped since 20\S+\.$/.exec(message)?.[1] ??
        [],
    )
    assert.equal(dropped.length, 1)
    assert.match(
      receiver.frames.find((frame) => frame.includes('L10'))!,
      /^<172>1 \S+ d\.\S+ tasuki logs - - /,
    )
    // What it was being given when it went away, then the notice, then what the log still has.
    const at = receiver.messages.findIndex((message) => message.includes('L10'))
    const held = ofApp(receiver.messages.slice(0, at))
    const kept = ofApp(receiver.messages.slice(at))
    assert.deepEqual(held, lines(1, held.length))
    assert.deepEqual(kept, lines(3001 - kept.length, 3000))
    // The notice of the outage is one of the lines of the log too, wherever it stands.
    const outage = receiver.messages.filter((message) => message.startsWith('Error L13')).length
    assert.equal(Number(dropped[0]) + held.length + kept.length + outage, 3001)
    await until(() => drains.state('one')!.dropped === Number(dropped[0]))
    const inLog = (await said()).find((line) => line.includes('L10'))
    assert.match(inLog!, new RegExp(`drain '${TOKEN}' dropped ${dropped[0]} messages since 20`))
  })

  it('that is deaf holds nobody up, and gets everything once it hears', async () => {
    const receiver = await syslog()
    const other = await syslog()
    await drainTo(`syslog://127.0.0.1:${receiver.port}`)
    drains.open({
      id: 'b',
      appId: APP,
      url: `syslog://127.0.0.1:${other.port}`,
      token: TOKEN,
      authority: null,
    })
    append('line 0')
    await until(() => receiver.frames.length === 1 && other.frames.length === 1)
    receiver.plug()
    const text = 'x'.repeat(900)
    for (let n = 1; n <= 15_000; n += 1) {
      append(`line ${n} ${text}`)
      if (n % 1000 === 0) await store.flush(APP)
    }
    await until(() => other.frames.length === 15_001)
    assert.ok(receiver.frames.length < 15_001)
    receiver.hear()
    await until(() => receiver.frames.length === 15_001)
    assert.equal(receiver.messages.at(-1), `line 15000 ${text}`)
  })

  it('loses nothing when its connection is cut in the middle of a frame; the last moments may come twice', async () => {
    const receiver = await syslog()
    await drainTo(`syslog://127.0.0.1:${receiver.port}`)
    receiver.cutAfter = 10_001
    await appendAll(1, 2000)
    await until(() => receiver.connections >= 2 && receiver.messages.includes('line 2000'))
    await appendAll(2001, 2100)
    await until(() => receiver.messages.includes('line 2100'))
    const numbers = ofApp(receiver.messages).map((message) => Number(message.slice(5)))
    assert.deepEqual(
      [...new Set(numbers)],
      Array.from({ length: 2100 }, (_, n) => n + 1),
    )
    const repeats = numbers.filter((number, index) => index > 0 && number < numbers[index - 1]!)
    assert.ok(repeats.length <= 1, `${repeats.length} times back`)
  })

  it('makes progress also with a receiver that ends each connection at once', async () => {
    const receiver = await syslog()
    await drainTo(`syslog://127.0.0.1:${receiver.port}`)
    for (let n = 1; n <= 4; n += 1) {
      append(`line ${n}`)
      await until(() => receiver.messages.includes(`line ${n}`))
      receiver.hangUp()
    }
    const counts = lines(1, 4).map((line) => receiver.messages.filter((message) => message === line).length)
    assert.ok(
      counts.every((count) => count <= 2),
      String(counts),
    )
  })

  it('goes on after a restart of the control plane with the line where it stood', async () => {
    const receiver = await syslog()
    const url = `syslog://127.0.0.1:${receiver.port}`
    await drainTo(url)
    await appendAll(1, 100)
    await until(() => receiver.messages.length === 100)
    await close()
    open()
    await appendAll(101, 200)
    await drainTo(url)
    await until(() => receiver.messages.includes('line 200'))
    const fresh = receiver.messages.filter((message, index) => receiver.messages.indexOf(message) === index)
    assert.deepEqual(fresh, lines(1, 200))
  })

  it('goes on over HTTPS after a restart without a line twice', async () => {
    const receiver = await http()
    const url = `http://127.0.0.1:${receiver.port}/`
    await drainTo(url)
    await appendAll(1, 100)
    await until(() => drains.state('one')!.sent === 100)
    await close()
    open()
    await appendAll(101, 200)
    await drainTo(url)
    await until(() => receiver.messages.includes('line 200'))
    assert.deepEqual(receiver.messages, lines(1, 200))
  })

  it('gets nothing any more once it is closed, and begins anew if it is opened again', async () => {
    const receiver = await syslog()
    const url = `syslog://127.0.0.1:${receiver.port}`
    await drainTo(url)
    append('line 1')
    await until(() => receiver.messages.length === 1)
    await drains.close('one')
    await appendAll(2, 3)
    await drainTo(url)
    append('line 4')
    await until(() => receiver.messages.includes('line 4'))
    assert.deepEqual(receiver.messages, ['line 1', 'line 4'])
  })

  it('says nothing of its credentials when it fails', async () => {
    await drainTo('https://me:very-secret@127.0.0.1:1/path?key=very-secret')
    append('line 1')
    await until(() => drains.state('one')!.failing !== null)
    const all = JSON.stringify([await said(), drains.state('one')])
    assert.match(all, /ECONNREFUSED/)
    assert.ok(!all.includes('secret'))
  })
})
