import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { type WebSocket, WebSocketServer } from 'ws'
import { answer, type Behaviour, badServer } from './bad-server.ts'
import { Load } from './load.ts'
import type { LoadOptions, LoadReport, Snapshot } from './types.ts'

async function loadUntil(
  url: string,
  enough: (snapshot: Snapshot) => boolean,
  options: Partial<LoadOptions>,
): Promise<LoadReport> {
  const load = new Load({ url, host: 'app.test', messageMs: 5, ...options })
  for (let waited = 0; waited < 10_000 && !enough(load.snapshot()); waited += 5) await pause(5)
  return load.stop()
}

async function webSocketServer(t: TestContext, serve: (socket: WebSocket) => void): Promise<string> {
  const http = createServer()
  const server = new WebSocketServer({ server: http })
  server.on('connection', serve)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const client of server.clients) client.terminate()
    http.close()
  })
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

function closesWith(how: string, close: (socket: WebSocket) => void) {
  return async (t: TestContext) => {
    const url = await webSocketServer(t, (socket) => setTimeout(() => close(socket), 20))
    const report = await loadUntil(url, (now) => now.streamsClosed >= 3, { streams: { websocket: 2 } })
    assert.equal(report.lost, 0)
    assert.ok((report.streams.closed[how] ?? 0) >= 3, JSON.stringify(report.streams))
    assert.deepEqual(Object.keys(report.streams.closed), [how])
    // Each closed stream is followed by another, which is a request of its own.
    assert.equal(report.streams.opened, report.sent)
  }
}

test(
  'a WebSocket closed with 1001 is a closed stream, not a loss',
  closesWith('1001', (socket) => socket.close(1001)),
)
test(
  'a WebSocket closed with 1012 is told apart',
  closesWith('1012', (socket) => socket.close(1012)),
)
test(
  'a WebSocket that ends without a close frame is told apart',
  closesWith('none', (socket) => socket.terminate()),
)

test('echoes are counted while WebSockets stay open', async (t) => {
  let echoed = 0
  const url = await webSocketServer(t, (socket) =>
    socket.on('message', (data) => socket.send(String(data), () => (echoed += 1))),
  )
  const enough = ({ streamsOpen }: Snapshot) => streamsOpen === 3 && echoed >= 30
  const report = await loadUntil(url, enough, { streams: { websocket: 3 } })
  assert.equal(report.lost, 0)
  assert.equal(report.streams.opened, 3)
  assert.deepEqual(report.streams.closed, {})
  assert.ok(report.streams.messages >= 10)
})

test('an echo of something else is a loss', async (t) => {
  const url = await webSocketServer(t, (socket) => socket.on('message', () => socket.send('7000')))
  const report = await loadUntil(url, (now) => now.lost > 0, { streams: { websocket: 1 } })
  assert.ok((report.byCause.corrupt ?? 0) >= 1)
})

test('an answer of 503 instead of an upgrade is a loss', async (t) => {
  const server = await badServer((socket) => void socket.write(answer(503, '')))
  t.after(() => server.close())
  const report = await loadUntil(server.url, (now) => now.lost >= 2, { streams: { websocket: 1 } })
  assert.deepEqual(report.byCause, { http_503: report.sent })
})

function eventServer(end: (socket: Parameters<Behaviour>[0]) => void, ids = [1, 2, 3]): Behaviour {
  return (socket) => {
    const events = ids.map((id) => `id: ${id}\ndata: x\n\n`).join('')
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
    socket.write(`${head}${events.length.toString(16)}\r\n${events}\r\n`, () => end(socket))
  }
}

async function eventReport(t: TestContext, behave: Behaviour, enough: (now: Snapshot) => boolean) {
  const server = await badServer(behave)
  t.after(() => server.close())
  return loadUntil(server.url, enough, { streams: { events: 1 } })
}

test('an event stream that the server ends properly is a closed stream', async (t) => {
  const behave = eventServer((socket) => void socket.write('0\r\n\r\n'))
  const report = await eventReport(t, behave, (now) => now.streamsClosed >= 2)
  assert.equal(report.lost, 0)
  assert.deepEqual(Object.keys(report.streams.closed), ['end'])
  assert.ok(report.streams.messages >= 6)
})

test('an event stream that breaks off is told apart', async (t) => {
  const report = await eventReport(
    t,
    eventServer((socket) => void socket.destroySoon()),
    (now) => now.streamsClosed >= 2,
  )
  assert.equal(report.lost, 0)
  assert.deepEqual(Object.keys(report.streams.closed), ['cut'])
})

test('an event stream that leaves an event out is a loss', async (t) => {
  const behave = eventServer(() => undefined, [1, 3])
  const report = await eventReport(t, behave, (now) => now.lost >= 1)
  assert.ok((report.byCause.corrupt ?? 0) >= 1)
})
