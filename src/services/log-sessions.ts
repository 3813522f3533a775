import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { ServiceDeps } from './context.ts'
import { pastAndComing } from './log-lines.ts'
import type { Secrets } from './secrets.ts'

/** How long the address of a session can be opened, ms. */
const OPEN_MS = 5 * 60_000
const MOST_LINES = 1500
const DEFAULT_LINES = 100

/** Which lines to show, and whether to go on. */
export interface LogWish {
  readonly lines?: number
  readonly tail?: boolean
  readonly dyno?: string
  readonly source?: string
}

interface Session extends LogWish {
  readonly app: string
  /** UTC ms. */
  readonly until: number
}

/** Looks into an app's log, by an address that needs no token and can be opened for a few minutes. */
export class LogSessionService {
  readonly #deps: ServiceDeps
  readonly #secrets: Secrets

  constructor(deps: ServiceDeps, secrets: Secrets) {
    this.#deps = deps
    this.#secrets = secrets
  }

  /** The path of the session's address: what was asked for, and a secret that vouches for it. */
  create(app: App, wish: LogWish): string {
    const { lines = DEFAULT_LINES } = wish
    const session: Session = {
      ...wish,
      lines: Math.min(lines, MOST_LINES),
      app: app.id,
      until: Date.now() + OPEN_MS,
    }
    const id = Buffer.from(JSON.stringify(session)).toString('base64url')
    return `/streams/logs/${id}/${this.#secrets.make('log-session', id)}`
  }

  /** The lines of that session; goes on until `signal` when it was to. Throws `not_found`. */
  open(id: string, secret: string): (signal: AbortSignal) => AsyncIterable<string> {
    this.#secrets.check('log-session', id, secret)
    const session = JSON.parse(Buffer.from(id, 'base64url').toString()) as Session
    if (session.until < Date.now())
      throw new TasukiError('not_found', 'This log session has expired.', { next: 'Ask for another.' })
    return (signal) => this.#lines(session, signal)
  }

  async *#lines(session: Session, signal: AbortSignal): AsyncGenerator<string> {
    const { app: appId, lines = DEFAULT_LINES, tail = false, dyno, source } = session
    const query = { ...(dyno === undefined ? {} : { dyno }), ...(source === undefined ? {} : { source }) }
    const { logs } = this.#deps
    if (tail) yield* pastAndComing({ logs, appId, query, lines }, signal)
    else yield* await logs.last(appId, lines, query)
  }
}
