import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'

/** An app on raw sockets that misbehaves on demand: the last part of the path says how. */
export interface TestApp {
  readonly port: number
  /** Paths of requests whose head has come. */
  readonly heads: ReadonlySet<string>
  /** Whole requests seen, by path. */
  readonly seen: ReadonlyMap<string, number>
  /** Lets the request of that path, which has begun to go wrong, go on. Nothing of that path waits: nothing happens. */
  go(path: string): void
  stop(): Promise<void>
}

type Act = (socket: Socket, wait: (then: () => unknown) => void) => unknown

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const BEGUN = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789'
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'
const UPGRADED =
  'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nhi'
const EVENTS =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'

const answerOk: Act = (socket) => socket.write(OK)

const ACTS: Record<string, Act> = {
  ok: answerOk,
  close: (socket) => socket.destroy(),
  reset: (socket) => socket.resetAndDestroy(),
  never: () => undefined,
  slow: (socket) => soon(300, () => socket.write(OK)),
  'slow-close': (socket) => soon(300, () => socket.destroy()),
  garbage: (socket) => socket.end('NONSENSE\r\n\r\n'),
  'half-head': (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Le'),
  later: (socket, wait) => wait(() => socket.write(OK)),
  'cut-length': (socket, wait) => begin(socket, BEGUN, wait, () => socket.destroy()),
  'cut-reset': (socket, wait) => begin(socket, BEGUN, wait, () => socket.resetAndDestroy()),
  'cut-chunked': (socket, wait) => begin(socket, CHUNKED, wait, () => socket.destroy()),
  'bad-chunk': (socket, wait) => begin(socket, CHUNKED, wait, () => socket.end('zz\r\n')),
  stall: (socket) => socket.write(BEGUN),
  interim: (socket, wait) => begin(socket, 'HTTP/1.1 100 Continue\r\n\r\n', wait, () => socket.destroy()),
  early: (socket) => socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno'),
  big: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 40000000\r\n\r\n')
    socket.write(Buffer.alloc(40_000_000))
  },
  ws: (socket) => socket.write(UPGRADED),
  'ws-end': (socket, wait) => begin(socket, UPGRADED, wait, () => socket.destroy()),
  'ws-reset': (socket, wait) => begin(socket, UPGRADED, wait, () => socket.resetAndDestroy()),
  events: (socket) => socket.write(EVENTS),
  'events-cut': (socket, wait) => begin(socket, EVENTS, wait, () => socket.destroy()),
  'events-end': (socket, wait) => begin(socket, EVENTS, wait, () => socket.write('0\r\n\r\n')),
}

export async function startApp(): Promise<TestApp> {
  const seen = new Map<string, number>()
  const heads = new Set<string>()
  const waiting = new Map<string, () => unknown>()
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    serve(socket, heads, (path) => {
      seen.set(path, (seen.get(path) ?? 0) + 1)
      act(socket, path, (then) => waiting.set(path, then))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    port: address.port,
    heads,
    seen,
    go: (path) => {
      waiting.get(path)?.()
      waiting.delete(path)
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Takes one request after the other; those that are answered early are not waited for. */
function serve(socket: Socket, heads: Set<string>, asked: (path: string) => void): void {
  let got = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    got += text
    for (;;) {
      const end = got.indexOf('\r\n\r\n') + 4
      if (end < 4) return
      const path = got.split(' ', 2)[1] ?? ''
      heads.add(path)
      const length = Number(/^content-length: (\d+)/im.exec(got)?.[1] ?? 0)
      if (got.length < end + length && !path.includes('early')) return
      got = got.slice(end + length)
      asked(path)
    }
  })
}

function act(socket: Socket, path: string, wait: Parameters<Act>[1]): void {
  const [name = ''] = (path.split('/').at(-1) ?? '').split('?')
  if (/^\d{3}$/.test(name)) socket.write(`HTTP/1.1 ${name} Said\r\nContent-Length: 2\r\n\r\nok`)
  else (ACTS[name] ?? answerOk)(socket, wait)
}

function begin(socket: Socket, text: string, wait: Parameters<Act>[1], then: () => unknown): void {
  socket.write(text)
  wait(then)
}

function soon(ms: number, run: () => unknown): void {
  setTimeout(run, ms)
}
