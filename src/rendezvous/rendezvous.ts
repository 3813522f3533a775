import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { asTasukiError } from '../domain/errors.ts'
import type { Services } from '../services/index.ts'
import type { AttachedRun } from '../services/ports.ts'
import { EndOfInput } from './end-of-input.ts'
import { firstLine } from './first-line.ts'
import { WholeMarker } from './whole-marker.ts'

const SECRET = /^([0-9a-f-]{36})\.([\w-]{43})$/
const SECRET_LIMITS = { most: 200, ms: 10_000 }
/** A connection on which nothing is said either way is closed after an hour. */
const IDLE_MS = 3_600_000
/** A connection that is silent for so long is asked whether it is still there. */
const ALIVE_MS = 30_000

export interface RendezvousOptions {
  /** Default one hour. */
  readonly idleMs?: number
}

/**
 * What `heroku run` connects to: it sends a line with the secret of the run's address, gets `rendezvous` in a piece of its
 * own, which it throws away, and then shares the run's input and output. When the connection ends before the run, the
 * run is hung up.
 */
export class Rendezvous {
  readonly #services: Pick<Services, 'runs' | 'secrets'>
  readonly #idleMs: number

  constructor(services: Pick<Services, 'runs' | 'secrets'>, options: RendezvousOptions = {}) {
    this.#services = services
    this.#idleMs = options.idleMs ?? IDLE_MS
  }

  /** Serves a connection to its end. Whoever has no valid secret is let go without a word. */
  serve(socket: Socket): void {
    socket.on('error', () => socket.destroy())
    socket.setNoDelay(true)
    socket.setKeepAlive(true, ALIVE_MS)
    this.#meet(socket).catch(() => socket.destroy())
  }

  async #meet(socket: Socket): Promise<void> {
    const id = this.#runOf(await firstLine(socket, SECRET_LIMITS))
    if (id === null) return void socket.destroy()
    const client = inPieces(socket)
    try {
      const run = await this.#services.runs.attach(id)
      this.#untilGone(socket, id)
      client.write('rendezvous\r\n')
      connect(socket, client, run)
    } catch (error) {
      const { message, next } = asTasukiError(error)
      client.write('rendezvous\r\n')
      client.end(`Error: ${message}\r\n${next}\r\n`)
    }
  }

  /** The run whose secret that is; null when it is none. */
  #runOf(line: string | null): string | null {
    const [, id, secret] = SECRET.exec(line ?? '') ?? []
    return id && secret && this.#services.secrets.holds('run', id, secret) ? id : null
  }

  #untilGone(socket: Socket, id: string): void {
    const hangUp = () => void this.#services.runs.hangUp(id)
    if (socket.destroyed) hangUp()
    else socket.once('close', hangUp)
    socket.setTimeout(this.#idleMs, () => socket.destroy())
  }
}

function connect(socket: Socket, client: Writable, run: AttachedRun): void {
  const shown = new WholeMarker()
  run.output.pipe(shown).pipe(client)
  // When the client has gone, the program may clear up, and writes into nothing.
  socket.once('close', () => {
    run.output.unpipe(shown)
    run.output.resume()
  })
  const input = run.tty ? socket : socket.pipe(new EndOfInput())
  input.pipe(run.input)
  run.input.once('close', () => {
    input.unpipe(run.input)
    input.resume()
  })
}

/** The socket as something in which each piece that is written is sent by itself, and none is joined with the next. */
function inPieces(socket: Socket): Writable {
  return new Writable({
    write: (chunk, _encoding, done) => void socket.write(chunk, () => done()),
    final: (done) => void socket.end(() => done()),
  })
}
