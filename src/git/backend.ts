import { type ChildProcess, spawn } from 'node:child_process'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { TasukiError } from '../domain/errors.ts'
import { ANSWERS_FD, WORDS_FD } from './hook.ts'

const MOST_HEAD = 16 * 1024
const HEAD_END = '\r\n\r\n'
const MOST_COMPLAINT = 2000

/** One exchange with a Git client, to be answered by Git itself. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Below the root of the repositories, e.g. `/ID.git/info/refs`. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  readonly user: string
  /** How Git serves: root and settings. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether Git runs the hook of a push. */
  readonly pushing: boolean
  /** What was read of the request already. */
  readonly beginning?: Buffer
}

/**
 * `git http-backend` as a CGI program: what comes and goes is passed on as it does, never held as a whole. A client that
 * goes away ends what only serves it (clone, fetch, an upload that is not whole), but not a push that has arrived.
 */
export class Backend {
  readonly #exchange: Exchange
  readonly #child: ChildProcess
  #complaint = ''

  /** Throws `setup_missing` from `finished` when there is no Git. */
  constructor(exchange: Exchange) {
    this.#exchange = exchange
    const channels = exchange.pushing ? (['pipe', 'pipe'] as const) : []
    this.#child = spawn('git', ['http-backend'], {
      env: { ...exchange.environment, ...cgi(exchange) },
      stdio: ['pipe', 'pipe', 'pipe', ...channels],
    })
    if (exchange.pushing) this.words.resume()
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#complaint = (this.#complaint + text).slice(-MOST_COMPLAINT)
    })
  }

  /** The way to the hook and back: Git's questions and our answers. */
  get answers(): Duplex {
    return this.#child.stdio[ANSWERS_FD] as unknown as Duplex
  }

  /** What is written here the person who pushes gets to read. */
  get words(): Duplex {
    return this.#child.stdio[WORDS_FD] as unknown as Duplex
  }

  /** What Git complained about, for the log. */
  get complaint(): string {
    return this.#complaint.trim()
  }

  /** Passes everything on to its end. Throws before anything was answered, or not at all; resolves to Git's status. */
  async serve(): Promise<number> {
    const { request, response, pushing, beginning } = this.#exchange
    const child = this.#child
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', (cause) => reject(noGit(cause)))
      child.once('close', (code, signal) => resolve(code ?? (signal ? 128 : 1)))
    })
    ended.catch(() => undefined)
    // Git may stop reading early; its answer says why.
    child.stdin!.on('error', () => request.resume())
    if (beginning && beginning.length > 0) child.stdin!.write(beginning)
    if (request.readableEnded) child.stdin!.end()
    else request.pipe(child.stdin!)
    const breakOff = () => void (request.complete || child.stdin!.destroy())
    request.once('close', breakOff)
    if (request.destroyed) breakOff()
    response.once('close', () => {
      child.stdout!.unpipe(response)
      child.stdout!.resume()
      if (!pushing && !response.writableFinished) child.kill()
    })
    await this.#answer(ended)
    return await ended
  }

  /** Reads what Git says of its answer, then lets the rest through. */
  async #answer(ended: Promise<number>): Promise<void> {
    const out = this.#child.stdout!
    let head = Buffer.alloc(0)
    const read = new Promise<void>((resolve) => {
      const take = (chunk: Buffer) => {
        head = Buffer.concat([head, chunk])
        if (head.indexOf(HEAD_END) < 0 && head.length < MOST_HEAD) return
        out.off('data', take).pause()
        resolve()
      }
      out.on('data', take)
      out.once('end', resolve)
    })
    await Promise.race([read, ended.then(() => read)])
    const end = head.indexOf(HEAD_END)
    if (end < 0)
      throw new TasukiError('internal', `Git gave no answer: ${this.complaint || 'it said nothing.'}`)
    this.#passOn(head.toString('latin1', 0, end), head.subarray(end + HEAD_END.length))
  }

  #passOn(head: string, first: Buffer): void {
    const { response } = this.#exchange
    const out = this.#child.stdout!
    const fields = head.split('\r\n').map((line) => /^([^:]+): ?(.*)$/.exec(line)?.slice(1) ?? ['', ''])
    const status = fields.find(([name]) => name?.toLowerCase() === 'status')?.[1]
    const others = fields.filter(([name]) => name !== '' && name?.toLowerCase() !== 'status')
    if (response.destroyed) return void out.resume()
    response.writeHead(Number.parseInt(status ?? '200', 10), Object.fromEntries(others))
    response.write(first)
    out.pipe(response)
  }
}

function cgi({ request, path, query, user }: Exchange): Record<string, string> {
  const { headers } = request
  const given = (name: string) => String(headers[name] ?? '')
  return {
    PATH_INFO: path,
    QUERY_STRING: query,
    REQUEST_METHOD: request.method ?? 'GET',
    CONTENT_TYPE: given('content-type'),
    // Told the length, Git waits for ever, and busily, for what a broken connection has left out.
    CONTENT_LENGTH: '',
    HTTP_CONTENT_ENCODING: given('content-encoding'),
    GIT_PROTOCOL: given('git-protocol'),
    REMOTE_USER: user,
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: 'HTTP/1.1',
  }
}

function noGit(cause: Error): TasukiError {
  return new TasukiError('setup_missing', 'Git could not be started on the server.', {
    cause,
    next: 'Install git on the server (`npm run setup` does).',
  })
}
