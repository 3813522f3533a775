import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { LostRequest } from './connection.ts'
import { CLOSE, encodeFrame, type Frame, FrameReader, PING, PONG, TEXT } from './frames.ts'
import type { Setting } from './requests.ts'
import type { OpenStream, StreamOpener } from './streams.ts'

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** WebSockets that send numbers, and expect each back, in order. */
export function websockets(setting: Setting, messageMs: number): StreamOpener {
  const key = randomBytes(16).toString('base64')
  const head =
    `GET ${setting.paths.websocket} HTTP/1.1\r\nhost: ${setting.host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
    `sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`
  return {
    kind: 'websocket',
    status: 101,
    open: (connection) => connection.openStream((socket) => void socket.write(head), setting.timeoutMs),
    run: (connection, answer) => {
      const echo = new Echo(connection.socket, messageMs, () => setting.tally.message())
      const expected = createHash('sha1').update(`${key}${GUID}`).digest('base64')
      if (answer.headers.get('sec-websocket-accept') !== expected) echo.fail('the handshake has a wrong key')
      echo.read(answer.rest())
      return echo
    },
  }
}

class Echo implements OpenStream {
  readonly ended: Promise<string | null>
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #timer: NodeJS.Timeout
  readonly #onEcho: () => void
  readonly #resolve: (how: string | null) => void
  readonly #reject: (why: LostRequest) => void
  #sent = 0
  #echoed = 0

  constructor(socket: Socket, messageMs: number, onEcho: () => void) {
    const { promise, resolve, reject } = Promise.withResolvers<string | null>()
    this.ended = promise
    this.#resolve = (how) => this.#finish(() => resolve(how))
    this.#reject = (why) => this.#finish(() => reject(why))
    this.#socket = socket
    this.#onEcho = onEcho
    this.#timer = setInterval(() => this.#send(TEXT, Buffer.from(String(this.#sent++))), messageMs)
    socket.on('data', (chunk) => this.read(chunk))
    socket.on('error', () => this.#resolve('none'))
    socket.on('close', () => this.#resolve('none'))
  }

  close(): void {
    this.#send(CLOSE, codeOf(1000))
    this.#resolve(null)
  }

  fail(detail: string): void {
    this.#reject(new LostRequest('malformed', detail))
  }

  read(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) this.#got(frame)
    } catch (error) {
      this.fail((error as Error).message)
    }
  }

  #got(frame: Frame): void {
    if (frame.opcode === CLOSE) this.#closed(frame)
    else if (frame.opcode === PING) this.#send(PONG, frame.payload)
    else if (frame.opcode === TEXT) this.#echo(frame.payload.toString())
  }

  #echo(text: string): void {
    const expected = String(this.#echoed++)
    if (text === expected) this.#onEcho()
    else this.#reject(new LostRequest('corrupt', `echo ${JSON.stringify(text)} instead of "${expected}"`))
  }

  #closed(frame: Frame): void {
    const code = frame.payload.length >= 2 ? String(frame.payload.readUInt16BE(0)) : '1005'
    this.#send(CLOSE, frame.payload.subarray(0, 2))
    this.#resolve(code)
  }

  #send(opcode: number, payload: Buffer): void {
    if (!this.#socket.destroyed) this.#socket.write(encodeFrame(opcode, payload))
  }

  #finish(settle: () => void): void {
    clearInterval(this.#timer)
    this.#socket.destroySoon()
    settle()
  }
}

function codeOf(code: number): Buffer {
  const payload = Buffer.alloc(2)
  payload.writeUInt16BE(code)
  return payload
}
