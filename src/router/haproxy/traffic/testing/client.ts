import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** What a visitor on a raw socket saw of one request: an independent judge of the log. */
export type Seen =
  | { readonly kind: 'answer'; readonly status: number }
  /** The answer began and the connection ended before its end. */
  | { readonly kind: 'cut'; readonly status: number }
  /** The connection ended before any byte of an answer. */
  | { readonly kind: 'nothing' }

/** A visitor that never repeats anything. */
export class Visitor {
  readonly socket: Socket
  #got = ''
  #ended = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      if (this.#got.length < 65_536) this.#got += text
    })
    socket.on('error', () => undefined)
    socket.on('end', () => {
      this.#ended = true
    })
    socket.on('close', () => {
      this.#ended = true
    })
  }

  static async connect(port: number): Promise<Visitor> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new Visitor(socket)
  }

  send(text: string): void {
    this.socket.write(text)
  }

  /** Sends a request; what came before is forgotten. */
  begin(text: string): void {
    this.#got = ''
    this.send(text)
  }

  /** Sends a request and waits for what comes of it. */
  async ask(text: string): Promise<Seen> {
    this.begin(text)
    return this.outcome()
  }

  /** Waits until the answer is whole or the connection has ended; the bytes of an upgraded one count as its answer. */
  async outcome(): Promise<Seen> {
    const limit = Date.now() + 8000
    while (Date.now() < limit) {
      const seen = this.#seen()
      if (seen) return seen
      await pause(5)
    }
    throw new Error(`no outcome in 8 s: ${this.#got.slice(0, 200)}`)
  }

  /** Waits for the first bytes of an answer. */
  async begun(): Promise<void> {
    while (this.#got === '' && !this.#ended) await pause(5)
  }

  async ended(): Promise<void> {
    while (!this.#ended) await pause(5)
  }

  close(): void {
    this.socket.destroy()
  }

  #seen(): Seen | null {
    const text = this.#got.replace(/^HTTP\/1.1 100 Continue\r\n\r\n/, '')
    const head = text.indexOf('\r\n\r\n')
    if (head < 0) return this.#ended ? { kind: 'nothing' } : null
    const status = Number(text.slice(9, 12))
    if (whole(text, head + 4, status, this.#ended)) return { kind: 'answer', status }
    return this.#ended ? { kind: 'cut', status } : null
  }
}

function whole(text: string, body: number, status: number, ended: boolean): boolean {
  if (status === 101) return true
  const head = text.slice(0, body).toLowerCase()
  const length = /content-length: (\d+)/.exec(head)?.[1]
  if (length !== undefined) return text.length - body >= Number(length)
  if (head.includes('transfer-encoding: chunked')) return text.endsWith('0\r\n\r\n')
  return ended
}

export function request(
  path: string,
  options: { method?: string; headers?: string; body?: string } = {},
): string {
  const { method = 'GET', headers = '', body = '' } = options
  const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: shop.example\r\n${headers}${length}\r\n${body}`
}

export const UPGRADE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
export const EVENT_STREAM = 'Accept: text/event-stream\r\n'
