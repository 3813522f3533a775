import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { issue, makeAuthority } from '../../tls/issue.ts'
import { HttpReceiver, SyslogReceiver, TOKEN, until } from './testing.ts'
import { APP, DrainWorld, lines, ofApp } from './world.testing.ts'

const ROTATION = { fileBytes: 20_000, files: 3, ageMs: 60_000 }

describe('a drain', () => {
  let world: DrainWorld
  beforeEach(() => {
    world = new DrainWorld()
  })
  afterEach(() => world.end())

  it('gets each line from then on over TCP, in RFC 5424, each with its length in bytes in front', async () => {
    const receiver = await world.syslog()
    await world.appendAll(1, 3)
    await world.drainTo(`syslog://127.0.0.1:${receiver.port}`)
    world.append('grüße ✓')
    world.store.append(APP, { at: Date.UTC(2026, 0, 1), source: 'tasuki', dyno: 'router', text: 'at=info' })
    world.store.append(APP, {
      at: Date.UTC(2026, 0, 1),
      source: 'tasuki',
      dyno: 'web.1',
      text: 'State changed',
    })
    await until(() => receiver.frames.length === 3)
    assert.deepEqual(receiver.frames, [
      `<190>1 2026-01-01T00:00:00.000003+00:00 ${TOKEN} app web.1 - - grüße ✓\n`,
      `<158>1 2026-01-01T00:00:00.000004+00:00 ${TOKEN} tasuki router - - at=info\n`,
      `<45>1 2026-01-01T00:00:00.000005+00:00 ${TOKEN} tasuki web.1 - - State changed\n`,
    ])
    assert.deepEqual(world.drains.state('one'), { sent: 3, dropped: 0, failing: null })
  })

  it('leaves no line out when the control plane is killed right after it was added', async () => {
    const receiver = await world.syslog()
    await receiver.close()
    const url = `syslog://127.0.0.1:${receiver.port}`
    await world.appendAll(1, 3)
    await world.drainTo(url)
    await world.appendAll(4, 6)
    await world.openAfterDeath()
    await receiver.open()
    await world.drainTo(url)
    await until(() => ofApp(receiver.messages).length === 3)
    assert.deepEqual(ofApp(receiver.messages), lines(4, 6))
  })

  it('goes over TLS to a receiver whose certificate can be verified', async () => {
    const authority = await makeAuthority('Test', Date.now())
    const receiver = await world.syslog(new SyslogReceiver(await issue(authority, ['localhost'], Date.now())))
    await world.drainTo(`syslog+tls://localhost:${receiver.port}`, authority.cert)
    await world.appendAll(1, 500)
    await until(() => receiver.frames.length === 500)
    assert.deepEqual(receiver.messages, lines(1, 500))
  })

  it('sends nothing to a receiver that can not prove who it is, and says so (L14)', async () => {
    const authority = await makeAuthority('Test', Date.now())
    const receiver = await world.syslog(new SyslogReceiver(await issue(authority, ['localhost'], Date.now())))
    const secure = await world.http(
      new HttpReceiver(await issue(authority, ['elsewhere.example'], Date.now())),
    )
    await world.drainTo(`syslog+tls://localhost:${receiver.port}`)
    await world.drains.open({
      id: 'two',
      appId: APP,
      url: `https://localhost:${secure.port}/`,
      token: TOKEN,
      authority: authority.cert,
    })
    world.append('secret')
    await until(
      () => world.drains.state('one')!.failing !== null && world.drains.state('two')!.failing !== null,
    )
    const notices = await world.said()
    assert.equal(
      notices.filter((line) => line.includes('Error L14 (certificate validation error)')).length,
      2,
    )
    assert.match(world.drains.state('two')!.failing!, /ERR_TLS_CERT_ALTNAME_INVALID/)
    assert.deepEqual([receiver.frames, secure.deliveries], [[], []])
  })

  it('gets all that came while its receiver was away, in order, as far as the log is kept', async () => {
    const receiver = await world.syslog()
    await receiver.close()
    await world.drainTo(`syslog://127.0.0.1:${receiver.port}`)
    await world.appendAll(1, 3000)
    await until(() => world.drains.state('one')!.failing === 'ECONNREFUSED')
    await receiver.open()
    await until(() => ofApp(receiver.messages).length === 3000)
    assert.deepEqual(ofApp(receiver.messages), lines(1, 3000))
    assert.equal((await world.said()).filter((line) => line.includes('Error L13')).length, 1)
  })

  it('says to its receiver and in the log exactly how many lines were gone before it came back (L10)', async () => {
    await world.close()
    world.open(ROTATION)
    const receiver = await world.syslog()
    await receiver.close()
    await world.drainTo(`syslog://127.0.0.1:${receiver.port}`)
    for (let n = 1; n <= 3000; n += 100) await world.appendAll(n, n + 99)
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
    await until(() => world.drains.state('one')!.dropped === Number(dropped[0]))
    const inLog = (await world.said()).find((line) => line.includes('L10'))
    assert.match(inLog!, new RegExp(`drain '${TOKEN}' dropped ${dropped[0]} messages since 20`))
  })

  it('that is deaf holds nobody up, and gets everything once it hears', async () => {
    const receiver = await world.syslog()
    const other = await world.syslog()
    await world.drainTo(`syslog://127.0.0.1:${receiver.port}`)
    await world.drains.open({
      id: 'b',
      appId: APP,
      url: `syslog://127.0.0.1:${other.port}`,
      token: TOKEN,
      authority: null,
    })
    world.append('line 0')
    await until(() => receiver.frames.length === 1 && other.frames.length === 1)
    receiver.plug()
    const text = 'x'.repeat(900)
    for (let n = 1; n <= 15_000; n += 1) {
      world.append(`line ${n} ${text}`)
      if (n % 1000 === 0) await world.store.flush(APP)
    }
    await until(() => other.frames.length === 15_001)
    assert.ok(receiver.frames.length < 15_001)
    receiver.hear()
    await until(() => receiver.frames.length === 15_001)
    assert.equal(receiver.messages.at(-1), `line 15000 ${text}`)
  })

  it('loses nothing when its connection is cut in the middle of a frame; the last moments may come twice', async () => {
    const receiver = await world.syslog()
    await world.drainTo(`syslog://127.0.0.1:${receiver.port}`)
    receiver.cutAfter = 10_001
    await world.appendAll(1, 2000)
    await until(() => receiver.connections >= 2 && receiver.messages.includes('line 2000'))
    await world.appendAll(2001, 2100)
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
    const receiver = await world.syslog()
    await world.drainTo(`syslog://127.0.0.1:${receiver.port}`)
    for (let n = 1; n <= 4; n += 1) {
      world.append(`line ${n}`)
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
    const receiver = await world.syslog()
    const url = `syslog://127.0.0.1:${receiver.port}`
    await world.drainTo(url)
    await world.appendAll(1, 100)
    await until(() => receiver.messages.length === 100)
    await world.close()
    world.open()
    await world.appendAll(101, 200)
    await world.drainTo(url)
    await until(() => receiver.messages.includes('line 200'))
    const fresh = receiver.messages.filter((message, index) => receiver.messages.indexOf(message) === index)
    assert.deepEqual(fresh, lines(1, 200))
  })

  it('gets nothing any more once it is closed, and begins anew if it is opened again', async () => {
    const receiver = await world.syslog()
    const url = `syslog://127.0.0.1:${receiver.port}`
    await world.drainTo(url)
    world.append('line 1')
    await until(() => receiver.messages.length === 1)
    await world.drains.close('one')
    await world.appendAll(2, 3)
    await world.drainTo(url)
    world.append('line 4')
    await until(() => receiver.messages.includes('line 4'))
    assert.deepEqual(receiver.messages, ['line 1', 'line 4'])
  })

  it('says nothing of its credentials when it fails', async () => {
    await world.drainTo('https://me:very-secret@127.0.0.1:1/path?key=very-secret')
    world.append('line 1')
    await until(() => world.drains.state('one')!.failing !== null)
    const all = JSON.stringify([await world.said(), world.drains.state('one')])
    assert.match(all, /ECONNREFUSED/)
    assert.ok(!all.includes('secret'))
  })
})
