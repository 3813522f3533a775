import type { AddressInfo } from 'node:net'
import { createServer, type Server, type Socket } from 'node:net'

/** What a raw server does with one request: `head` is its text, `number` counts the requests of the connection. */
export type Behaviour = (socket: Socket, head: string, number: number) => void

export interface BadServer {
  readonly url: string
  close(): Promise<void>
}

/** A server on raw sockets that can misbehave as no HTTP library would let it. Requests with bodies: length only. */
export async function badServer(behave: Behaviour): Promise<BadServer> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    serve(socket, behave)
  })
  await listen(server)
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
}

function serve(socket: Socket, behave: Behaviour): void {
  let buffer = Buffer.alloc(0)
  let number = 0
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk])
    for (let size = wholeRequest(buffer); size > 0; size = wholeRequest(buffer)) {
      const head = buffer.toString('latin1', 0, size)
      buffer = buffer.subarray(size)
      behave(socket, head, number++)
    }
  })
}

function wholeRequest(buffer: Buffer): number {
  const end = buffer.indexOf('\r\n\r\n')
  if (end < 0) return 0
  const length = /content-length: (\d+)/i.exec(buffer.toString('latin1', 0, end))?.[1] ?? '0'
  const size = end + 4 + Number(length)
  return buffer.length >= size ? size : 0
}

/** A whole answer with that status and body. */
export function answer(status: number, body: string, more = ''): string {
  return `HTTP/1.1 ${status} Any\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`
}
