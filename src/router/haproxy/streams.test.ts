import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from 'node:http'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { opened, visit } from './testing/visitor.ts'
import { HaproxyWorld, HOST, KEY, type TestApp } from './testing/world.ts'

describe('streams', () => {
  let world: HaproxyWorld
  let app: TestApp
  beforeEach(async () => {
    world = await HaproxyWorld.open()
    await world.prepare()
    app = await world.app((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: 1\n\n')
    })
    app.server.on('upgrade', (message, socket: Duplex) => {
      const key = String(message.headers['sec-websocket-key'])
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      socket.pipe(socket)
    })
    await world.serve(app)
  })
  afterEach(() => world.close())

  it('are counted apart from plain requests', async () => {
    const events = await opened(world.http, { headers: { accept: 'text/event-stream' } })
    const socket = await upgraded()
    const { inFlight, streams } = await world.server(app)
    assert.deepEqual([inFlight, streams], [0, 2])
    socket.destroy()
    events.destroy()
    await world.until('both are gone', async () => (await world.server(app)).streams === 0)
  })

  it('go on while their instance is drained and parked, and are cut when that is asked', async () => {
    const socket = await upgraded()
    const others = await Promise.all(Array.from({ length: 12 }, upgraded))
    await world.router.drain(KEY, app.id)
    await world.router.park(KEY, app.id)
    assert.equal(await echoed(socket, 'still here'), 'still here')
    assert.equal((await world.server(app)).streams, 13)
    const ends = Promise.all([socket, ...others].map((each) => new Promise((end) => each.once('close', end))))
    await world.router.closeStreams(KEY, app.id)
    await ends
    assert.equal((await world.server(app)).streams, 0)
  })

  it('go to another instance once theirs is drained', async () => {
    await world.router.drain(KEY, app.id)
    const other = await world.serve(await world.instance())
    const answer = await visit(world.http, { headers: { accept: 'text/event-stream' } })
    assert.equal(answer.body, 'hello')
    assert.equal((await world.server(other)).health, 'up')
    assert.equal((await world.server(app)).streams, 0)
  })

  it('are not counted twice when a slot is emptied under them', async () => {
    const socket = await upgraded()
    const end = new Promise((done) => socket.once('close', done))
    await world.router.free(KEY, app.id)
    await end
    const next = await world.serve(await world.instance())
    assert.equal((await world.server(next)).streams, 0)
  })

  function upgraded(): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ host: world.http.host, port: world.http.port, agent: false },
        headers: {
          ...{ host: HOST, connection: 'Upgrade', upgrade: 'websocket' },
          ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
        },
      })
      outgoing.once('upgrade', (_, socket) => {
        socket.on('error', () => socket.destroy())
        resolve(socket)
      })
      outgoing.once('error', reject)
      outgoing.end()
    })
  }

  function echoed(socket: Duplex, text: string): Promise<string> {
    return new Promise((resolve) => {
      socket.once('data', (bytes: Buffer) => resolve(bytes.toString()))
      socket.write(text)
    })
  }
})
