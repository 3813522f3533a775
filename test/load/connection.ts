import { connect, type Socket } from 'node:net'
import { AnswerReader } from './answer.ts'
import type { LossCause } from './types.ts'

/** A request that got no whole answer. */
export class LostRequest extends Error {
  readonly lost: LossCause

  constructor(lost: LossCause, detail: string) {
    super(detail)
    this.lost = lost
  }
}

export interface Target {
  readonly hostname: string
  readonly port: number
}

interface Exchange {
  readonly reader: AnswerReader
  readonly settle: (error: LostRequest | null) => void
  /** Settles as soon as the head is there: for streams. */
  readonly headOnly: boolean
}

/**
 * One connection, one request at a time, nothing repeated. Whatever ends it while a request waits is the outcome of
 * that request.
 */
export class Connection {
  readonly socket: Socket
  #exchange: Exchange | null = null
  /** How it ended; null while it is open. */
  #ended: LostRequest | null = null
  #onIdleClose: () => void

  private constructor(socket: Socket, onIdleClose: () => void) {
    this.socket = socket
    this.#onIdleClose = onIdleClose
    socket.setNoDelay(true)
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#end(new LostRequest('closed', 'the connection was closed')))
    socket.on('error', (error) => this.#end(new LostRequest('reset', error.message)))
    socket.on('close', () => this.#end(new LostRequest('closed', 'the connection was closed')))
  }

  /** Rejects with LostRequest `refused` or `timeout`. `onIdleClose`: the server closed it while no request waited. */
  static open(target: Target, limitMs: number, onIdleClose: () => void): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const socket = connect({ host: target.hostname, port: target.port })
    const limit = setTimeout(() => refuse('timeout', 'no connection within the limit'), limitMs)
    const refuse = (lost: LossCause, detail: string) => {
      clearTimeout(limit)
      socket.destroy()
      reject(new LostRequest(lost, detail))
    }
    const failed = (error: Error) => refuse('refused', error.message)
    socket.once('error', failed)
    socket.once('connect', () => {
      clearTimeout(limit)
      socket.off('error', failed)
      resolve(new Connection(socket, onIdleClose))
    })
    return promise
  }

  /** May another request be sent on it? */
  get usable(): boolean {
    return this.#ended === null && this.#exchange === null
  }

  /** Sends one request and resolves with its whole answer. Rejects with LostRequest. `send` writes the request. */
  exchange(send: (socket: Socket) => void, limitMs: number): Promise<AnswerReader> {
    return this.#start(new AnswerReader(), false, send, limitMs)
  }

  /**
   * Like `exchange`, but resolves with the head and then has nothing more to do with the socket: the caller must
   * listen to it at once. `onBody` gets what of the body the reader is given.
   */
  openStream(
    send: (socket: Socket) => void,
    limitMs: number,
    onBody?: (part: Buffer) => void,
  ): Promise<AnswerReader> {
    return this.#start(new AnswerReader(onBody), true, send, limitMs)
  }

  close(): void {
    this.#onIdleClose = () => undefined
    this.socket.destroy()
  }

  #start(
    reader: AnswerReader,
    headOnly: boolean,
    send: (socket: Socket) => void,
    limitMs: number,
  ): Promise<AnswerReader> {
    const { promise, resolve, reject } = Promise.withResolvers<AnswerReader>()
    const limit = setTimeout(() => this.#end(this.#late(reader, limitMs)), limitMs)
    const settle = (error: LostRequest | null) => {
      clearTimeout(limit)
      this.#exchange = null
      if (error === null) resolve(reader)
      else reject(error)
    }
    this.#exchange = { reader, settle, headOnly }
    if (this.#ended) settle(this.#ended)
    else send(this.socket)
    return promise
  }

  #late(reader: AnswerReader, limitMs: number): LostRequest {
    const seen = reader.started ? 'only a part of the answer' : 'no answer'
    return new LostRequest('timeout', `${seen} within ${limitMs} ms`)
  }

  #read(chunk: Buffer): void {
    const exchange = this.#exchange
    // An answer that nobody asked for makes the connection useless.
    if (!exchange) return void this.#end(new LostRequest('malformed', 'data without a request'))
    try {
      exchange.reader.push(chunk)
    } catch (error) {
      return void this.#end(new LostRequest('malformed', (error as Error).message))
    }
    if (exchange.headOnly ? exchange.reader.headed : exchange.reader.done) this.#answered(exchange)
  }

  #answered(exchange: Exchange): void {
    if (exchange.headOnly) this.#letGo()
    else if (!exchange.reader.keepAlive) this.#retire()
    exchange.settle(null)
  }

  #letGo(): void {
    for (const event of ['data', 'end', 'error', 'close']) this.socket.removeAllListeners(event)
  }

  /** The answer said that the connection ends here. */
  #retire(): void {
    this.#ended ??= new LostRequest('closed', 'the server said that it closes the connection')
    this.socket.end()
  }

  #end(why: LostRequest): void {
    if (this.#ended && !this.#exchange) return
    const before = this.#ended
    this.#ended ??= why
    this.socket.destroy()
    if (this.#exchange) this.#settleAtEnd(this.#exchange, why)
    else if (!before) this.#onIdleClose()
  }

  #settleAtEnd(exchange: Exchange, why: LostRequest): void {
    const { reader, settle } = exchange
    if (why.lost === 'closed' && reader.end()) settle(null)
    else if (reader.started && why.lost !== 'timeout' && why.lost !== 'malformed') {
      settle(new LostRequest('cut', `${why.message} after a part of the answer`))
    } else settle(why)
  }
}
