import { PassThrough } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { AttachedRun } from '../services/ports.ts'

/** A program that is played: the test writes its output and reads its input. */
export class Program {
  readonly output = new PassThrough()
  readonly input = new PassThrough()
  readonly #exit = Promise.withResolvers<number>()
  readonly run: AttachedRun

  constructor(tty: boolean) {
    const { output, input } = this
    const nothing = () => undefined
    this.run = { tty, output, input, resize: nothing, signal: nothing, exited: this.#exit.promise }
  }

  end(code: number): void {
    this.#exit.resolve(code)
    this.output.end()
  }
}

/** A client that keeps what it receives piece by piece, as `heroku run` does. */
export class Client {
  readonly socket: TLSSocket
  readonly pieces: string[] = []
  readonly closed: Promise<unknown>
  #look = () => undefined as unknown

  constructor(socket: TLSSocket, first: string) {
    this.socket = socket
    socket.setEncoding('utf8')
    socket.on('error', () => undefined)
    socket.write(first)
    socket.on('data', (piece: string) => {
      this.pieces.push(piece)
      this.#look()
    })
    this.closed = new Promise((done) => socket.once('close', done))
  }

  write(piece: string): Promise<void> {
    return new Promise((done) => this.socket.write(Buffer.from(piece, 'latin1'), () => done()))
  }

  until(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => pattern.test(this.pieces.join('')) && resolve()
      this.#look()
    })
  }
}
