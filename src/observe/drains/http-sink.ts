import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { framesOf } from './frames.ts'
import { asDeliveryError, type Batch, DeliveryError, type Sink } from './sink.ts'
import { authorities } from './trust.ts'

export interface HttpSinkOptions {
  /** With credentials, if any. */
  readonly url: URL
  readonly token: string
  /** PEM of an authority to trust beside the well-known ones. */
  readonly authority: string | null
  /** ms from the begin of a request to the end of its answer. */
  readonly limitMs?: number
}

const LIMIT_MS = 20_000
/** Heroku's receivers expect this name here. */
const HOST = 'host'
/** Answers that say that this batch will never be taken. */
const NEVER = new Set([400, 405, 406, 411, 413, 414, 415, 422, 431])

/** `application/logplex-1` over HTTPS: each batch is a request, and counts once it was answered with 2xx. */
export class HttpSink implements Sink {
  readonly mostBytes = 256 * 1024
  readonly lingerMs = 250
  readonly unsureMs = 0
  readonly settled = true
  readonly #options: HttpSinkOptions
  readonly #agent: HttpAgent
  readonly #authorization: Record<string, string>
  readonly #tls: boolean

  constructor(options: HttpSinkOptions) {
    const { url, authority } = options
    this.#options = options
    this.#tls = url.protocol === 'https:'
    const keep = { keepAlive: true, maxSockets: 1 }
    this.#agent = this.#tls ? new HttpsAgent({ ...keep, ca: authorities(authority) }) : new HttpAgent(keep)
    this.#authorization = authorizationOf(url)
  }

  async deliver(batch: Batch, signal: AbortSignal): Promise<void> {
    const { limitMs = LIMIT_MS } = this.#options
    const limit = AbortSignal.timeout(limitMs)
    try {
      const both = AbortSignal.any([signal, limit])
      const status = await this.#post(batch, both).catch((error) => {
        // The receiver has just closed a connection that was idle: nothing is wrong with it.
        if (error instanceof Stale) return this.#post(batch, both)
        throw error
      })
      if (status >= 200 && status < 300) return
      throw new DeliveryError(NEVER.has(status) ? 'refused' : 'lost', `it answered ${status}`)
    } catch (error) {
      if (limit.aborted) throw new DeliveryError('lost', `no answer in ${limitMs / 1000} s`)
      throw asDeliveryError(error)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #post({ id, lines }: Batch, signal: AbortSignal): Promise<number> {
    const { url, token } = this.#options
    const body = framesOf(lines, 'logplex', HOST)
    const headers = {
      'Content-Type': 'application/logplex-1',
      'Content-Length': body.length,
      'Logplex-Msg-Count': lines.length,
      'Logplex-Frame-Id': id,
      'Logplex-Drain-Token': token,
      'User-Agent': 'Tasuki',
      ...this.#authorization,
    }
    const address = { hostname: hostOf(url), port: url.port, path: `${url.pathname}${url.search}` }
    const options = { ...address, method: 'POST', headers, agent: this.#agent, signal }
    return new Promise((resolve, reject) => {
      const request = (this.#tls ? requestHttps : requestHttp)(options, (response: IncomingMessage) => {
        response.once('end', () => resolve(response.statusCode ?? 0)).once('error', reject)
        response.resume()
      })
      request.once('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && error.code === 'ECONNRESET'
        reject(stale ? new Stale('ECONNRESET', { cause: error }) : error)
      })
      request.end(body)
    })
  }
}

/** A connection that was kept was closed by the receiver in the moment in which it was used again. */
class Stale extends Error {
  readonly code = 'ECONNRESET'
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function authorizationOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {}
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}
