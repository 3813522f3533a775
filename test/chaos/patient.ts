import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { Answer, TestServer } from '../harness/server.ts'

const LIMIT_MS = 90_000
const TRY_MS = 20_000
const PAUSE_MS = 100

/** The API of a control plane that is killed and frozen again and again: each call is made until it has an answer. */
export class PatientApi {
  readonly #server: TestServer
  readonly #signal: AbortSignal

  /** Calls reject once `signal` is aborted. */
  constructor(server: TestServer, signal: AbortSignal) {
    this.#server = server
    this.#signal = signal
  }

  /** Made again, with the same Request-Id, so that it is done once. Rejects when no answer comes within 90 s. */
  call(method: string, path: string, body?: unknown): Promise<Answer> {
    if (body === undefined) return this.#send(method, path, null, {})
    return this.#send(method, path, JSON.stringify(body), { 'content-type': 'application/json' })
  }

  /** The body of the answer; throws unless it is a 2xx. */
  // biome-ignore lint/suspicious/noExplicitAny: as `Answer`
  async must(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.call(method, path, body)
    if (answer.status < 300) return answer.body
    throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  }

  // biome-ignore lint/suspicious/noExplicitAny: as `Answer`
  get(path: string): Promise<any> {
    return this.must('GET', path)
  }

  /** PUT of bytes to an address that the API gave. Throws unless it is taken. */
  async upload(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { pathname, search } = new URL(url)
    const answer = await this.#send('PUT', pathname + search, bytes, {})
    if (answer.status >= 300) throw new Error(`PUT of a source: ${answer.status}`)
  }

  async #send(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer> | null,
    more: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const headers = {
      authorization: `Bearer ${await this.#server.token()}`,
      accept: 'application/vnd.heroku+json; version=3',
      'request-id': randomUUID(),
      ...more,
    }
    const end = performance.now() + LIMIT_MS
    for (;;) {
      this.#signal.throwIfAborted()
      try {
        return await this.#once(method, path, body, headers)
      } catch (error) {
        this.#signal.throwIfAborted()
        if (performance.now() > end) throw new Error(`${method} ${path}: no answer`, { cause: error })
        await pause(PAUSE_MS)
      }
    }
  }

  async #once(
    method: string,
    path: string,
    body: string | Uint8Array<ArrayBuffer> | null,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answer> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(TRY_MS)])
    const answer = await fetch(`http://${this.#server.api}${path}`, { method, headers, body, signal })
    const text = await answer.text()
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) }
  }
}
