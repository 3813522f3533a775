import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { freePorts } from '../../../test/harness/ports.ts'

/** Names the drain of a test. */
export const TOKEN = 'd.01234567-89ab-cdef-0123-456789abcdef'

/** Private key and certificate, PEM. */
interface Identity {
  readonly key: string
  readonly cert: string
}

/** Octet-counted frames in a run of bytes; `rest` is the beginning of one that has not come whole. Throws for what is none. */
function unframed(bytes: Buffer): { readonly frames: string[]; readonly rest: Buffer } {
  const frames: string[] = []
  let at = 0
  for (;;) {
    const space = bytes.indexOf(0x20, at)
    if (space === -1) break
    const count = bytes.toString('latin1', at, space)
    if (!/^[1-9]\d*$/.test(count)) throw new Error(`"${count}" is no length of a frame`)
    const end = space + 1 + Number(count)
    if (end > bytes.length) break
    frames.push(bytes.toString('utf8', space + 1, end))
    at = end
  }
  return { frames, rest: bytes.subarray(at) }
}

/** Text of the message in a frame of either dialect. */
export function messageOf(frame: string): string {
  return /^<\d+>1 \S+ \S+ \S+ \S+ - (?:- )?(.*)\n$/s.exec(frame)?.[1] ?? `not a frame: ${frame}`
}

/** A receiver of syslog over TCP or TLS on loopback, which can be slow, cut connections, go away and come back. */
export class SyslogReceiver {
  readonly frames: string[] = []
  connections = 0
  /** Reads nothing while true. */
  deaf = false
  /** Cuts the connection once this many bytes of it have come. */
  cutAfter: number | null = null
  readonly #identity: Identity | null
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  port = 0

  constructor(identity: Identity | null = null) {
    this.#identity = identity
  }

  /** On the port that it had before, if any. */
  async open(): Promise<this> {
    const take = (socket: Socket) => this.#take(socket)
    const server = this.#identity ? createTlsServer({ ...this.#identity }, take) : createTcpServer(take)
    this.port ||= (await freePorts(1))[0]!
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.#server = server
    return this
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const server = this.#server
    this.#server = null
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  /** Connections end in the proper way. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.end()
  }

  plug(): void {
    this.deaf = true
    for (const socket of this.#sockets) socket.pause()
  }

  hear(): void {
    this.deaf = false
    for (const socket of this.#sockets) socket.resume()
  }

  get messages(): string[] {
    return this.frames.map(messageOf)
  }

  #take(socket: Socket): void {
    this.connections += 1
    this.#sockets.add(socket)
    let rest = Buffer.alloc(0)
    let came = 0
    socket.on('error', () => undefined).on('close', () => this.#sockets.delete(socket))
    socket.on('data', (bytes: Buffer) => {
      came += bytes.length
      const cut = this.cutAfter !== null && came >= this.cutAfter
      const kept = cut ? bytes.subarray(0, bytes.length - (came - this.cutAfter!)) : bytes
      const { frames, rest: left } = unframed(Buffer.concat([rest, kept]))
      this.frames.push(...frames)
      rest = Buffer.from(left)
      if (!cut) return
      this.cutAfter = null
      socket.resetAndDestroy()
    })
    if (this.deaf) socket.pause()
  }
}

/** One request of an HTTPS drain. */
interface Delivery {
  readonly headers: IncomingHttpHeaders
  readonly url: string
  readonly frames: string[]
}

/** A receiver of `application/logplex-1` on loopback. */
export class HttpReceiver {
  readonly deliveries: Delivery[] = []
  /** Status of the next answers, in order; then 204. `cut`: the connection is ended without an answer. `hang`: no answer. */
  readonly answers: (number | 'cut' | 'hang')[] = []
  readonly #server: ReturnType<typeof createServer> | ReturnType<typeof createSecureServer>

  constructor(identity: Identity | null = null) {
    const listen: RequestListener = async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const { frames } = unframed(Buffer.concat(chunks))
      this.deliveries.push({ headers: request.headers, url: request.url ?? '', frames })
      const answer = this.answers.shift() ?? 204
      if (answer === 'cut') request.socket.destroy()
      else if (answer !== 'hang') response.writeHead(answer).end()
    }
    this.#server = identity ? createSecureServer({ ...identity }, listen) : createServer(listen)
  }

  async open(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return this
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get messages(): string[] {
    return this.deliveries.flatMap(({ frames }) => frames.map(messageOf))
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Resolves once it is so; the runner's limit ends what never is. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5))
}
