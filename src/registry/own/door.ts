import { createHash, timingSafeEqual } from 'node:crypto'
import { request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { TasukiError } from '../../domain/errors.ts'
import type { Login } from '../../domain/registry.ts'

/** Who may do what. */
export interface DoorKeys {
  readonly push: Login
  readonly pull: Login
}

export interface DoorOptions {
  readonly socket: string
  readonly keys: DoorKeys
  readonly certificate: { readonly cert: string; readonly key: string }
  /** Why nobody is let in for now; null: they are. */
  readonly closed: () => string | null
}

const READING = ['GET', 'HEAD']
const SILENCE_MS = 60_000
const CHALLENGE = { 'www-authenticate': 'Basic realm="tasuki"' }
const JSON_ANSWER = {
  'content-type': 'application/json',
  'docker-distribution-api-version': 'registry/2.0',
}
/** Headers that are between two ends of one connection. */
const HOP = [
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-authorization',
  'te',
  'trailer',
]

/**
 * What stands before the registry: TLS, and two logins, of which one only reads. What it lets through goes on to the registry's
 * socket as it comes.
 */
export class Door {
  readonly #server: Server
  readonly #options: DoorOptions

  private constructor(options: DoorOptions) {
    this.#options = options
    this.#server = createServer(options.certificate, (request, response) => this.#take(request, response))
    // A layer may take long; one of which nothing comes does not.
    this.#server.requestTimeout = 0
    this.#server.timeout = SILENCE_MS
  }

  /** Throws `setup_missing` when it can not listen there. */
  static open(options: DoorOptions, at: { readonly host: string; readonly port: number }): Promise<Door> {
    const door = new Door(options)
    const { promise, resolve, reject } = Promise.withResolvers<Door>()
    door.#server.once('error', (error) =>
      reject(
        new TasukiError(
          'setup_missing',
          `The registry can not listen on ${at.host}:${at.port}: ${error.message}.`,
          { next: 'Choose another --address.' },
        ),
      ),
    )
    door.#server.listen(at.port, at.host, () => resolve(door))
    return promise
  }

  renew(certificate: DoorOptions['certificate']): void {
    this.#server.setSecureContext(certificate)
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await promise
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const refusal = this.#refusal(request)
    if (refusal === null) this.#forward(request, response)
    else refuse(request, response, refusal)
  }

  #refusal(request: IncomingMessage): Refusal | null {
    const { keys, closed } = this.#options
    const who = loginOf(request)
    const pushes = isLogin(who, keys.push)
    if (!pushes && !isLogin(who, keys.pull))
      return { status: 401, code: 'UNAUTHORIZED', message: 'authentication required', header: CHALLENGE }
    if (!pushes && !READING.includes(request.method ?? ''))
      return { status: 403, code: 'DENIED', message: 'this login only reads' }
    const why = closed()
    return why === null
      ? null
      : { status: 503, code: 'UNAVAILABLE', message: why, header: { 'retry-after': '5' } }
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    const headers = without(request.headers, [...HOP, 'authorization'])
    const through = forward({
      socketPath: this.#options.socket,
      method: request.method,
      path: request.url,
      headers,
    })
    through.setTimeout(SILENCE_MS, () => through.destroy(new Error('silent')))
    through.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, without(answer.headers, HOP))
      answer.on('error', () => response.destroy())
      answer.pipe(response)
    })
    through.on('error', () => {
      if (response.headersSent) response.destroy()
      else
        refuse(request, response, {
          status: 503,
          code: 'UNAVAILABLE',
          message: 'the registry does not answer',
        })
    })
    response.on('close', () => through.destroy())
    request.pipe(through)
  }
}

interface Refusal {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly header?: Readonly<Record<string, string>>
}

function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, code, message, header }: Refusal,
): void {
  // What it wants to send is not read, so the connection can not be used again.
  const last = READING.includes(request.method ?? '') ? {} : { connection: 'close' }
  response.writeHead(status, { ...JSON_ANSWER, ...last, ...header })
  response.end(JSON.stringify({ errors: [{ code, message }] }))
}

function loginOf({ headers }: IncomingMessage): Login | null {
  const text = /^basic\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const [user, ...password] =
    text === undefined ? [] : Buffer.from(text, 'base64').toString('utf8').split(':')
  return user === undefined ? null : { user, password: password.join(':') }
}

function isLogin(given: Login | null, wanted: Login): boolean {
  if (given === null) return false
  return timingSafeEqual(hashOf(given), hashOf(wanted))
}

function hashOf({ user, password }: Login): Buffer {
  return createHash('sha256').update(`${user}\0${password}`).digest()
}

function without(
  headers: IncomingMessage['headers'],
  names: readonly string[],
): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(([name, value]) => value !== undefined && !names.includes(name))
  return Object.fromEntries(kept) as Record<string, string | string[]>
}
