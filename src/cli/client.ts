import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { TasukiError } from '../domain/errors.ts'
import { errorOfAnswer, notReached } from './client-errors.ts'
import { serverEvents } from './events.ts'

export interface ClientOptions {
  /** Base of the API, e.g. `http://127.0.0.1:5999`. */
  readonly url: string
  readonly token: string | null
  /** Instead of a token, where a password is taken. */
  readonly login?: { readonly email: string; readonly password: string }
  /** ms for which a call that may be repeated is tried again while the server can not be reached. Default 1,000. */
  readonly patienceMs?: number
}

/** An event of a server's event stream. */
export interface StreamEvent {
  readonly event: string
  readonly data: string
  /** By which the stream can be resumed behind it; '' when it has none. */
  readonly id: string
}

interface WholeAnswer {
  readonly body: unknown
  /** The range of the next page of a list; undefined on the last. */
  readonly nextRange: string | undefined
}

interface CallOptions {
  readonly body?: unknown
  readonly signal?: AbortSignal
  readonly limitMs?: number | null
  readonly headers?: Readonly<Record<string, string>>
}

const ACCEPT = 'application/vnd.heroku+json; version=3'
const REPEATABLE = new Set(['GET', 'PUT', 'DELETE'])
const CALL_LIMIT_MS = 60_000
const PAUSE_MS = 200

/** Calls the API. Every method throws TasukiError: what the server answered, or `unreachable`. */
export class ApiClient {
  readonly url: string
  readonly #authorization: string | null
  readonly #options: ClientOptions
  readonly #patienceMs: number

  constructor({ url, token, login, patienceMs = 1000 }: ClientOptions) {
    this.url = url.replace(/\/+$/, '')
    this.#options = { url, token, login }
    this.#authorization = login ? basic(login) : token === null ? null : `Bearer ${token}`
    this.#patienceMs = patienceMs
  }

  /** The same client, that waits that long for a server which is being restarted. */
  patient(patienceMs: number): ApiClient {
    return new ApiClient({ ...this.#options, patienceMs })
  }

  get<T>(path: string, options?: CallOptions): Promise<T> {
    return this.#json('GET', path, options)
  }

  /** All of a list that comes in pages; with `newest` (a number), that many from its other end by `field`. */
  async list<T>(path: string, newest?: { readonly field: string; readonly count: number }): Promise<T[]> {
    const all: T[] = []
    let range = newest && `${newest.field} ..; order=desc,max=${newest.count}`
    do {
      const headers: Record<string, string> = range === undefined ? {} : { range }
      const { body, nextRange } = await this.#call('GET', path, { headers })
      all.push(...(body as T[]))
      range = nextRange
    } while (range !== undefined && newest === undefined)
    return all
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#json('POST', path, { body })
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#json('PATCH', path, { body })
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#json('PUT', path, { body })
  }

  delete<T>(path: string, body?: unknown): Promise<T> {
    return this.#json('DELETE', path, { body })
  }

  /** Puts the bytes that `open` yields, counted by `onProgress`. `open` is called again when it has to be repeated. */
  async upload(
    url: string,
    open: () => Promise<ReadableStream<Uint8Array>>,
    onProgress: (sent: number) => void,
  ) {
    await this.#repeated('PUT', async () => {
      const body = (await open()).pipeThrough(counter(onProgress))
      return this.#send('PUT', url, { limitMs: null, headers: { 'content-type': 'application/gzip' } }, body)
    })
  }

  /** The chunks of a text that is still being written, to its end. `from`: bytes to leave out. */
  async *text(url: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const response = await this.#repeated('GET', () => this.#send('GET', url, { signal, limitMs: null }))
    yield* readable(response)
  }

  /** The events of one connection, behind that with the id `after` if given, until the server or the network ends it. */
  async *events(path: string, signal?: AbortSignal, after = ''): AsyncGenerator<StreamEvent> {
    const headers = { accept: 'text/event-stream', ...(after === '' ? {} : { 'last-event-id': after }) }
    const response = await this.#repeated('GET', () =>
      this.#send('GET', path, { headers, signal, limitMs: null }),
    )
    yield* serverEvents(readable(response))
  }

  /**
   * The events of a stream up to and with the one that `isLast`, over as many connections as it takes. Each connection
   * tells all from the start again: `onConnection` is called before its first event.
   * Throws when there was no event for the client's patience.
   */
  async *allEvents(
    path: string,
    isLast: (event: StreamEvent) => boolean,
    onConnection: () => void,
  ): AsyncGenerator<StreamEvent> {
    let brokenSince: number | null = null
    for (;;) {
      onConnection()
      try {
        for await (const event of this.events(path)) {
          brokenSince = null
          yield event
          if (isLast(event)) return
        }
      } catch (error) {
        if (!broken(error)) throw error
      }
      brokenSince ??= Date.now()
      if (Date.now() - brokenSince > this.#patienceMs) throw notReached(this.url, null)
      await pause(PAUSE_MS)
    }
  }

  /**
   * The whole address of a path of the API, or of a URL that it gave. Where the server does not know that it is reached
   * over TLS, we do.
   */
  resolve(path: string): URL {
    const base = new URL(this.url)
    const url = new URL(path.startsWith('/') ? `${this.url}${path}` : path)
    if (url.host === base.host) url.protocol = base.protocol
    return url
  }

  /** Headers that prove who is asking; none for another server than ours. */
  authorization(url: URL): Record<string, string> {
    const ours = url.host === new URL(this.url).host
    return ours && this.#authorization !== null ? { authorization: this.#authorization } : {}
  }

  async #json<T>(method: string, path: string, options?: CallOptions): Promise<T> {
    return (await this.#call(method, path, options)).body as T
  }

  /** One id for all attempts of a call, by which the server knows one that it has answered already. */
  #call(method: string, path: string, options: CallOptions = {}): Promise<WholeAnswer> {
    const headers = { 'request-id': randomUUID(), ...options.headers }
    return this.#repeated(method, async () => {
      const response = await this.#send(method, path, { ...options, headers })
      const body = parsed(await textOf(response), this.url)
      return { body, nextRange: response.headers.get('next-range') ?? undefined }
    })
  }

  /** A call is made again when it has not reached the server at all, or may be made twice without harm. */
  async #repeated<T>(method: string, send: () => Promise<T>): Promise<T> {
    const until = Date.now() + this.#patienceMs
    for (;;) {
      try {
        return await send()
      } catch (error) {
        const again = refused(error) || (REPEATABLE.has(method) && broken(error))
        if (!again || Date.now() >= until) throw error
        await pause(PAUSE_MS)
      }
    }
  }

  async #send(
    method: string,
    path: string,
    { body, headers, signal, limitMs = CALL_LIMIT_MS }: CallOptions,
    stream?: ReadableStream<Uint8Array>,
  ): Promise<Response> {
    const url = this.resolve(path)
    const signals = [signal, limitMs === null ? undefined : AbortSignal.timeout(limitMs)]
    const init: RequestInit & { duplex: 'half' } = {
      method,
      headers: {
        accept: ACCEPT,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
        ...this.authorization(url),
      },
      body: stream ?? (body === undefined ? null : JSON.stringify(body)),
      signal: AbortSignal.any(signals.filter((one) => one !== undefined)),
      duplex: 'half',
    }
    const response = await fetch(url, init).catch((error: unknown) => {
      throw signal?.aborted ? error : notReached(this.url, error)
    })
    if (!response.ok) throw errorOfAnswer(response.status, await textOf(response))
    return response
  }
}

function basic({ email, password }: { email: string; password: string }): string {
  return `Basic ${Buffer.from(`${email}:${password}`).toString('base64')}`
}

/** The body; a connection that breaks meanwhile is one that broke. */
async function textOf(response: Response): Promise<string> {
  return await response.text().catch((error: unknown) => {
    throw notReached(new URL(response.url).origin, error)
  })
}

function parsed(text: string, url: string): unknown {
  try {
    return text === '' ? null : JSON.parse(text)
  } catch (cause) {
    throw new TasukiError('unreachable', `What answers at ${url} is not Tasuki.`, {
      cause,
      next: 'Set TASUKI_URL to the address that `tasuki server --api` listens on.',
    })
  }
}

async function* readable(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body === null) return
  try {
    for await (const chunk of response.body) yield chunk as Uint8Array
  } catch (error) {
    throw notReached(new URL(response.url).origin, error)
  }
}

function counter(onProgress: (sent: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let sent = 0
  return new TransformStream({
    transform(chunk, controller) {
      sent += chunk.byteLength
      onProgress(sent)
      controller.enqueue(chunk)
    },
  })
}

function broken(error: unknown): boolean {
  return error instanceof TasukiError && error.code === 'unreachable'
}

/** Whether the connection was refused, so that the server can not have seen the call. */
function refused(error: unknown): boolean {
  return broken(error) && (error as TasukiError).details.refused === true
}
