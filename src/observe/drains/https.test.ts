import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { issue, makeAuthority } from '../../tls/issue.ts'
import { HttpReceiver, messageOf, TOKEN, until } from './testing.ts'
import { DrainWorld, lines } from './world.testing.ts'

describe('a drain over HTTPS', () => {
  let world: DrainWorld
  beforeEach(() => {
    world = new DrainWorld()
  })
  afterEach(() => world.end())

  it('gets application/logplex-1 over HTTPS, in batches, with the credentials of its address', async () => {
    const authority = await makeAuthority('Test', Date.now())
    const receiver = await world.http(new HttpReceiver(await issue(authority, ['localhost'], Date.now())))
    await world.drainTo(`https://me:pass%20word@localhost:${receiver.port}/in?key=1`, authority.cert)
    await world.appendAll(1, 2000)
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
    const receiver = await world.http()
    receiver.answers.push(500, 'cut', 429)
    await world.drainTo(`http://127.0.0.1:${receiver.port}/`)
    world.append('line 1')
    await until(() => receiver.deliveries.length === 1)
    world.append('line 2')
    await until(() => receiver.messages.includes('line 2'))
    const first = receiver.deliveries.slice(0, 4)
    assert.equal(new Set(first.map(({ headers }) => headers['logplex-frame-id'])).size, 1)
    for (const { frames } of first) assert.deepEqual(frames.map(messageOf), ['line 1'])
    await until(() => receiver.messages.some((message) => message.includes('is reached again')))
    const notices = await world.said()
    assert.match(
      notices[0]!,
      /^tasuki\[drain\]: Error L13 \(local delivery error\): drain 'd\.\S+' can not be reached: it answered 500\./,
    )
    assert.match(notices[1]!, /is reached again after \d+ s$/)
    assert.equal(notices.length, 2)
  })

  it('takes no notice of a receiver that closes connections which were idle', async () => {
    const receiver = await world.http()
    await world.drainTo(`http://127.0.0.1:${receiver.port}/`)
    world.append('line 1')
    await until(() => world.drains.state('one')!.sent === 1)
    receiver.answers.push('cut')
    world.append('line 2')
    await until(() => world.drains.state('one')!.sent === 2)
    assert.deepEqual(receiver.messages, ['line 1', 'line 2', 'line 2'])
    assert.deepEqual(await world.said(), [])
  })

  it('leaves out a batch that its receiver will never take, and says how many lines that were', async () => {
    const receiver = await world.http()
    receiver.answers.push(413)
    await world.drainTo(`http://127.0.0.1:${receiver.port}/`)
    await world.appendAll(1, 3)
    await until(() => receiver.deliveries.length === 1)
    world.append('line 4')
    await until(() => receiver.messages.includes('line 4'))
    assert.match((await world.said())[0]!, /refused 3 messages: it answered 413\.$/)
    assert.equal(world.drains.state('one')!.dropped, 3)
  })

  it('goes on over HTTPS after a restart without a line twice', async () => {
    const receiver = await world.http()
    const url = `http://127.0.0.1:${receiver.port}/`
    await world.drainTo(url)
    await world.appendAll(1, 100)
    await until(() => world.drains.state('one')!.sent === 100)
    await world.close()
    world.open()
    await world.appendAll(101, 200)
    await world.drainTo(url)
    await until(() => receiver.messages.includes('line 200'))
    assert.deepEqual(receiver.messages, lines(1, 200))
  })
})
