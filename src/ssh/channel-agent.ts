import { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { inspect } from 'node:util'

/** Free connections that are kept for the next call. */
const KEPT = 8

export interface ChannelSource {
  /** Opens a channel to a Unix socket on the host. */
  channel(socketPath: string): Promise<Duplex>
  /** Told of each request. */
  counted(): void
}

type Done = (error: Error | null, stream?: Duplex) => void

/** An agent for HTTP over a Unix socket of a host: each of its connections is a channel of the one SSH connection. */
export class ChannelAgent extends Agent {
  readonly #source: ChannelSource
  readonly #socketPath: string

  constructor(source: ChannelSource, socketPath: string) {
    super({ keepAlive: true, maxFreeSockets: KEPT })
    this.#source = source
    this.#socketPath = socketPath
  }

  addRequest(request: ClientRequest, ...more: unknown[]): void {
    this.#source.counted()
    request.once('response', (answer) => failUnlessWhole(request, answer))
    const agent = Object.getPrototypeOf(ChannelAgent.prototype) as Record<
      'addRequest',
      typeof this.addRequest
    >
    agent.addRequest.call(this, request, ...more)
  }

  override createConnection(_options: object, done: Done): undefined {
    this.#source.channel(this.#socketPath).then(
      (channel) => done(null, likeSocket(channel)),
      (error: Error) => done(error),
    )
  }

  /** An idle one is read from, for nothing but its end: it must not be used again after that. */
  override keepSocketAlive(channel: Duplex): boolean {
    const agent = Object.getPrototypeOf(ChannelAgent.prototype) as Record<
      'keepSocketAlive',
      (of: Duplex) => boolean
    >
    const kept = agent.keepSocketAlive.call(this, channel)
    channel.resume()
    return kept
  }

  /** docker-modem shows every request's options to its debug log, whole, whether that is on or not. */
  [inspect.custom](): string {
    return 'ChannelAgent'
  }
}

/** docker-modem waits for an answer's end, which one that breaks off does not have; it listens to the request's errors. */
function failUnlessWhole(request: ClientRequest, answer: IncomingMessage): void {
  answer.once('close', () => {
    if (answer.complete || request.listenerCount('error') === 0) return
    const error = new Error('socket hang up in the middle of an answer')
    request.emit('error', Object.assign(error, { code: 'ECONNRESET' }))
  })
}

/** What `http` calls on a socket and a channel does not have. Time limits are the caller's. */
function likeSocket(channel: Duplex): Duplex {
  const same = () => channel
  for (const name of ['setKeepAlive', 'setNoDelay', 'setTimeout', 'ref', 'unref'])
    Object.assign(channel, { [name]: same })
  // One that is not writable any more is not used again.
  channel.once('end', () => channel.destroy())
  return Object.assign(channel, { destroySoon: () => channel.end() })
}
