import { TasukiError } from '../domain/errors.ts'
import type { App } from '../store/apps.ts'
import type { ServiceDeps } from './context.ts'
import { pastAndComing } from './log-lines.ts'
import type { LogQuery, NumberedLine } from './ports.ts'
import type { Secrets } from './secrets.ts'

/** How long the address of a session can be opened, ms. */
const OPEN_MS = 5 * 60_000
const MOST_LINES = 1500
const DEFAULT_LINES = 100

/** Which lines to show, and whether to go on. */
export interface LogWish extends LogQuery {
  readonly lines?: number
  readonly tail?: boolean
}

interface Session {
  readonly query: LogQuery
  readonly lines: number
  readonly tail: boolean
  readonly app: string
  /** UTC ms. */
  readonly until: number
}

/** The lines of a session; with `after`, only those behind the line of that number, which the caller has seen. */
type SessionLines = (signal: AbortSignal, after?: number) => AsyncIterable<NumberedLine>

/** Looks into an app's log, by an address that needs no token and can be opened for a few minutes. */
export class LogSessionService {
  readonly #deps: ServiceDeps
  readonly #secrets: Secrets

  constructor(deps: ServiceDeps, secrets: Secrets) {
    this.#deps = deps
    this.#secrets = secrets
  }

  /** The path of the session's address: what was asked for, and a secret that vouches for it. */
  create(app: App, { lines = DEFAULT_LINES, tail = false, ...query }: LogWish): string {
    const session: Session = {
      query,
      tail,
      lines: Math.min(lines, MOST_LINES),
      app: app.id,
      until: Date.now() + OPEN_MS,
    }
    const id = Buffer.from(JSON.stringify(session)).toString('base64url')
    return `/streams/logs/${id}/${this.#secrets.make('log-session', id)}`
  }

  /** The lines of that session; goes on until the signal when it was to. Throws `not_found`, also for an app that is gone. */
  async open(id: string, secret: string): Promise<SessionLines> {
    this.#secrets.check('log-session', id, secret)
    const session = JSON.parse(Buffer.from(id, 'base64url').toString()) as Session
    if (session.until < Date.now())
      throw new TasukiError('not_found', 'This log session has expired.', { next: 'Ask for another.' })
    const app = await this.#deps.store.tables.apps.byId(session.app)
    if (!app || app.destroyedAt !== null) throw new TasukiError('not_found', 'This app is gone.')
    return (signal, after) => this.#lines(session, signal, after)
  }

  #lines(session: Session, signal: AbortSignal, after?: number): AsyncIterable<NumberedLine> {
    const { app: appId, lines, tail, query } = session
    const { logs } = this.#deps
    if (!tail) return this.#past(session, after)
    if (after === undefined) return pastAndComing({ logs, appId, query, lines }, signal)
    return logs.from(appId, after + 1, query, signal)
  }

  async *#past({ app, lines, query }: Session, after = 0): AsyncGenerator<NumberedLine> {
    const past = await this.#deps.logs.last(app, lines, query)
    yield* past.lines.filter(({ number }) => number > after)
  }
}
