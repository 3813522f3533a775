import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { framesOf } from './frames.ts'
import { asDeliveryError, type Batch, DeliveryError, type Sink } from './sink.ts'
import { authorities } from './trust.ts'

export interface SyslogOptions {
  readonly host: string
  readonly port: number
  readonly tls: boolean
  readonly token: string
  /** PEM of an authority to trust beside the well-known ones. */
  readonly authority: string | null
  /** Called when a connection that had been made is gone, by whomever. */
  readonly broken: () => void
  /** ms to connect, and ms in which a batch must be taken. */
  readonly connectMs?: number
  readonly stallMs?: number
}

const CONNECT_MS = 10_000
const STALL_MS = 30_000
const KEEP_ALIVE_MS = 60_000
/** The receiver says nothing of what it has: what it was given in the last moments before a break may not have arrived. */
const UNSURE_MS = 2_000

/** RFC 5424 over TCP or TLS, with octet counting. Connects when there is something to send. */
export class SyslogSink implements Sink {
  readonly mostBytes = 64 * 1024
  readonly lingerMs = 0
  readonly unsureMs = UNSURE_MS
  readonly #options: SyslogOptions
  #socket: Socket | null = null
  #connectedAt = 0

  constructor(options: SyslogOptions) {
    this.#options = options
  }

  get settled(): boolean {
    return this.#socket !== null && Date.now() - this.#connectedAt >= UNSURE_MS
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const socket = this.#socket ?? (await this.#connect(signal))
    const bytes = framesOf(batch.lines, 'syslog', this.#options.token)
    const { stallMs = STALL_MS } = this.#options
    await within(socket, stallMs, `it took nothing for ${stallMs / 1000} s`, signal, (done) => {
      socket.write(bytes, (error) => {
        if (!error) done()
      })
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { tls, connectMs = CONNECT_MS } = this.#options
    const socket = this.#open()
    // `close` follows, and says all that matters.
    socket.on('error', () => undefined)
    const patience = `no connection in ${connectMs / 1000} s`
    await within(socket, connectMs, patience, signal, (done) => {
      socket.once(tls ? 'secureConnect' : 'connect', done)
    })
    socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_MS)
    // Whatever it says is of no interest, but its end is only seen by who reads.
    socket.resume()
    socket.once('close', () => this.#gone(socket))
    this.#socket = socket
    this.#connectedAt = Date.now()
    return socket
  }

  #open(): Socket {
    const { host, port, tls, authority } = this.#options
    if (!tls) return connect({ host, port })
    const servername = isIP(host) ? undefined : host
    return connectTls({ host, port, servername, ca: authorities(authority) })
  }

  #gone(socket: Socket): void {
    if (this.#socket !== socket) return
    this.#socket = null
    this.#options.broken()
  }
}

/** Waits for `begin` to call back; rejects when the socket ends before, the time is over, or `signal` is aborted. Then it is destroyed. */
function within(
  socket: Socket,
  ms: number,
  patience: string,
  signal: AbortSignal,
  begin: (done: () => void) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (error: unknown) => {
    reject(asDeliveryError(error))
    socket.destroy()
  }
  const onClose = () => fail(new DeliveryError('lost', 'the connection was closed'))
  const onAbort = () => fail(new DeliveryError('lost', 'stopped'))
  const timer = setTimeout(() => fail(new DeliveryError('lost', patience)), ms)
  socket.once('error', fail).once('close', onClose)
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) onAbort()
  else begin(resolve)
  return promise.finally(() => {
    clearTimeout(timer)
    socket.off('close', onClose)
    signal.removeEventListener('abort', onAbort)
    socket.off('error', fail)
  })
}
