import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { AnswerReader } from './answer.ts'
import { Connection, LostRequest, type Target } from './connection.ts'
import { Pace } from './pace.ts'
import { Pool, Unsent } from './pool.ts'
import type { Identity, Tally } from './tally.ts'
import type { LossCause, Paths, RequestKind } from './types.ts'

const UPLOAD_PARTS = 16
/** Slow requests are many at a time by intent. */
const MOST_SLOW = 10_000

/** What all requests of a load have in common. */
export interface Setting {
  readonly target: Target
  readonly host: string
  readonly run: string
  readonly paths: Paths
  readonly slowMs: number
  readonly uploadBytes: number
  readonly uploadMs: number
  readonly timeoutMs: number
  readonly connections: number
  readonly tally: Tally
}

interface Message {
  readonly id: string
  readonly send: (socket: Socket) => void
  /** A detail when the answer is whole and yet wrong. */
  readonly wrong?: (answer: AnswerReader) => string | null
}

/** Sends the requests of one kind at their pace and tells the tally the outcome of each. */
export class Requests {
  readonly #kind: RequestKind
  readonly #setting: Setting
  readonly #make: (number: number) => Message
  readonly #pool: Pool
  readonly #pace: Pace
  readonly #running = new Set<Promise<void>>()
  #count = 0
  #unsent = 0
  #stopped = false

  constructor(kind: RequestKind, perSecond: number, setting: Setting) {
    this.#kind = kind
    this.#setting = setting
    this.#make = messages(kind, setting)
    const { target, timeoutMs, tally } = setting
    this.#pool = new Pool(target, kind === 'slow' ? MOST_SLOW : setting.connections, timeoutMs, {
      connected: () => tally.connected(),
      closedIdle: () => tally.closedIdle(),
    })
    this.#pace = new Pace(perSecond, () => this.#track(this.#due()))
  }

  /** Sends no more, waits for the outcome of what was sent, and returns how many were due but not sent. */
  async stop(): Promise<number> {
    this.#pace.stop()
    this.#stopped = true
    this.#pool.close()
    await Promise.all(this.#running)
    return this.#unsent
  }

  #track(run: Promise<void>): void {
    this.#running.add(run)
    void run.finally(() => this.#running.delete(run))
  }

  async #due(): Promise<void> {
    const at = performance.now()
    const connection = await this.#connect()
    if (connection) await this.#exchange(connection, at)
  }

  get #single(): boolean {
    return this.#kind === 'fresh' || this.#kind === 'upload'
  }

  async #connect(): Promise<Connection | null> {
    try {
      return await (this.#single ? this.#fresh() : this.#pool.take())
    } catch (error) {
      if (error instanceof Unsent) this.#unsent++
      else this.#refused(error)
      return null
    }
  }

  async #fresh(): Promise<Connection> {
    const { target, timeoutMs, tally } = this.#setting
    const connection = await Connection.open(target, timeoutMs, () => undefined)
    tally.connected()
    return connection
  }

  #refused(error: unknown): void {
    const { id } = this.#make(this.#count++)
    this.#setting.tally.sent(this.#kind)
    this.#lost(error, id)
  }

  async #exchange(connection: Connection, at: number): Promise<void> {
    const { tally, timeoutMs } = this.#setting
    const message = this.#make(this.#count++)
    tally.sent(this.#kind)
    try {
      const answer = await connection.exchange(message.send, timeoutMs)
      this.#answered(answer, message, at)
    } catch (error) {
      this.#lost(error, message.id)
    }
    this.#release(connection)
  }

  #release(connection: Connection): void {
    if (this.#single || this.#stopped) connection.close()
    if (!this.#single) this.#pool.give(connection)
  }

  #answered(answer: AnswerReader, message: Message, at: number): void {
    const { tally } = this.#setting
    const lost = lostStatus(answer.status)
    const wrong = message.wrong?.(answer) ?? null
    if (lost) tally.lost(this.#kind, lost, message.id, answer.body().toString('utf8', 0, 200))
    else if (wrong) tally.lost(this.#kind, 'corrupt', message.id, wrong)
    else tally.ok(this.#kind, answer.status, performance.now() - at, identityOf(answer))
  }

  #lost(error: unknown, id: string): void {
    if (!(error instanceof LostRequest)) throw error
    this.#setting.tally.lost(this.#kind, error.lost, id, error.message)
  }
}

/** The answers that a router makes when it has none from the app. */
export function lostStatus(status: number): LossCause | null {
  if (status === 502 || status === 503 || status === 504) return `http_${status}`
  return null
}

/** Who answered, by the JSON in the body; null for answers that do not say. */
export function identityOf(answer: AnswerReader): Identity | null {
  if (!answer.headers.get('content-type')?.startsWith('application/json')) return null
  const { instance, release } = JSON.parse(answer.body().toString()) as Partial<Identity>
  return instance === undefined ? null : { instance, release: String(release ?? '') }
}

function messages(kind: RequestKind, setting: Setting): (number: number) => Message {
  const { host, paths, run } = setting
  const plain = (line: string, body = '') => {
    const length = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`
    const text = `${line} HTTP/1.1\r\nhost: ${host}\r\nuser-agent: tasuki-load\r\n${length}\r\n${body}`
    return (socket: Socket) => void socket.write(text)
  }
  if (kind === 'get') return fixed(plain(`GET ${paths.get}`))
  if (kind === 'slow') return fixed(plain(`GET ${paths.slow}?ms=${setting.slowMs}`))
  if (kind === 'fresh') return fixed(plain(`GET ${paths.get}`))
  if (kind === 'upload') return uploads(setting)
  return (number) => {
    const id = `${run}-${number}`
    return { id, send: plain(`POST ${paths.post}`, JSON.stringify({ id })) }
  }
}

function fixed(send: (socket: Socket) => void): () => Message {
  const message = { id: '', send }
  return () => message
}

/** The same random body each time, sent in parts spread over the upload's time. */
function uploads(setting: Setting): () => Message {
  const body = randomBytes(setting.uploadBytes)
  const digest = createHash('sha256').update(body).digest('hex')
  const head =
    `POST ${setting.paths.upload} HTTP/1.1\r\nhost: ${setting.host}\r\nuser-agent: tasuki-load\r\n` +
    `content-type: application/octet-stream\r\ncontent-length: ${body.length}\r\n\r\n`
  return () => ({
    id: '',
    send: (socket) => sendSlowly(socket, head, body, setting.uploadMs),
    wrong: (answer) => wrongDigest(answer, digest),
  })
}

function sendSlowly(socket: Socket, head: string, body: Buffer, ms: number): void {
  const part = Math.ceil(body.length / UPLOAD_PARTS)
  let sent = 0
  socket.write(head)
  const next = () => {
    if (socket.destroyed || socket.writableEnded) return
    socket.write(body.subarray(sent, sent + part))
    sent += part
    if (sent < body.length) setTimeout(next, ms / UPLOAD_PARTS)
  }
  next()
}

function wrongDigest(answer: AnswerReader, digest: string): string | null {
  if (answer.status !== 200 || answer.body().includes(digest)) return null
  return `the digest is not ${digest}: ${answer.body().toString('utf8', 0, 200)}`
}
