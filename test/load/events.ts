import type { AnswerReader } from './answer.ts'
import { type Connection, LostRequest } from './connection.ts'
import type { Setting } from './requests.ts'
import type { OpenStream, StreamOpener } from './streams.ts'

/** Event streams (`text/event-stream`). Where events carry an `id`, these must go up by one. */
export function eventStreams(setting: Setting): StreamOpener {
  const head = `GET ${setting.paths.events} HTTP/1.1\r\nhost: ${setting.host}\r\naccept: text/event-stream\r\n\r\n`
  // The first part of the body may come with the head, before the stream is handed over.
  const bodies = new WeakMap<Connection, Lines>()
  return {
    kind: 'events',
    status: 200,
    open: (connection) => {
      const lines = new Lines(() => setting.tally.message())
      bodies.set(connection, lines)
      const send = () => void connection.socket.write(head)
      return connection.openStream(send, setting.timeoutMs, (part) => lines.push(part))
    },
    run: (connection, answer) => follow(connection, answer, bodies.get(connection)!),
  }
}

function follow(connection: Connection, answer: AnswerReader, lines: Lines): OpenStream {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>()
  const { socket } = connection
  const end = (how: string | null) => {
    resolve(how)
    socket.destroy()
  }
  const check = () => {
    if (lines.wrong) reject(new LostRequest('corrupt', lines.wrong))
    if (answer.done) end('end')
  }
  socket.on('data', (chunk) => {
    try {
      answer.push(chunk)
    } catch (error) {
      reject(new LostRequest('malformed', (error as Error).message))
    }
    check()
  })
  socket.on('error', () => end('cut'))
  socket.on('close', () => end(answer.end() ? 'end' : 'cut'))
  check()
  return { ended: promise, close: () => end(null) }
}

/** Counts the events of a stream and sees that none is missing. */
class Lines {
  wrong: string | null = null
  #text = ''
  #lastId: number | null = null
  readonly #onEvent: () => void

  constructor(onEvent: () => void) {
    this.#onEvent = onEvent
  }

  push(part: Buffer): void {
    const lines = (this.#text + part.toString()).split('\n')
    this.#text = lines.pop() ?? ''
    for (const line of lines) this.#line(line)
  }

  #line(line: string): void {
    if (line.startsWith('data:')) this.#onEvent()
    if (!line.startsWith('id:')) return
    const id = Number(line.slice(3))
    if (this.#lastId !== null && id !== this.#lastId + 1)
      this.wrong = `event ${id} came after ${this.#lastId}`
    this.#lastId = id
  }
}
