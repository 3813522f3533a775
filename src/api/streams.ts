import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { Api } from './types.ts'

/** So that nothing on the way takes a silent stream for a dead one. */
const HEARTBEAT_MS = 15_000

export type Source<T> = (signal: AbortSignal) => AsyncIterable<T>

/** Answers that go on: they end with their source, with their reader, or with the server. */
export class Streams {
  readonly #stopped = new AbortController()

  constructor(api: Api) {
    api.addHook('preClose', () => this.#stopped.abort())
  }

  /** Plain text, chunk by chunk. */
  text(reply: FastifyReply, source: Source<string | Buffer>): FastifyReply {
    reply.type('text/plain; charset=utf-8')
    return this.#send(reply, source)
  }

  /** Server-sent events. */
  events(reply: FastifyReply, source: Source<ServerEvent>): FastifyReply {
    reply.type('text/event-stream; charset=utf-8')
    return this.#send(reply, (signal) => withHeartbeat(source(signal), signal))
  }

  #send(reply: FastifyReply, source: Source<string | Buffer>): FastifyReply {
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, this.#stopped.signal])
    reply.header('cache-control', 'no-store').header('x-accel-buffering', 'no')
    // Else a client waits seconds for more on a connection on which nothing comes any more.
    reply.header('connection', 'close')
    return reply.send(Readable.from(source(signal), { objectMode: false }))
  }
}

export interface ServerEvent {
  readonly event?: string
  readonly id?: string
  readonly data: string
}

function textOf({ event, id, data }: ServerEvent): string {
  const head = `${event === undefined ? '' : `event: ${event}\n`}${id === undefined ? '' : `id: ${id}\n`}`
  return `${head}${data
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')}\n`
}

async function* withHeartbeat(
  events: AsyncIterable<ServerEvent>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const iterator = events[Symbol.asyncIterator]()
  let wake: (turn: 'beat') => void = () => undefined
  const beating = setInterval(() => wake('beat'), HEARTBEAT_MS).unref()
  const onAbort = () => wake('beat')
  signal.addEventListener('abort', onAbort)
  try {
    yield ':\n\n'
    let next = iterator.next()
    while (!signal.aborted) {
      // By hand: a race of promises would keep something of each event until the next beat.
      const turn = await new Promise<IteratorResult<ServerEvent> | 'beat'>((resolve, reject) => {
        wake = resolve
        next.then(resolve, reject)
      })
      if (turn === 'beat') yield ':\n\n'
      else if (turn.done) return
      else {
        yield textOf(turn.value)
        next = iterator.next()
      }
    }
    await iterator.return?.()
  } finally {
    clearInterval(beating)
    signal.removeEventListener('abort', onAbort)
  }
}
