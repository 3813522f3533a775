import { TasukiError } from '../domain/errors.ts'
import { isScope, SCOPES } from '../domain/scopes.ts'
import type { Token } from '../store/tokens.ts'
import type { ServiceDeps } from './context.ts'
import { type Caller, makeToken, tokenRow, traces } from './tokens.ts'

const MOST_DESCRIPTION = 200
/** Ten years. */
const MOST_SECONDS = 10 * 365 * 86_400
/** Of one user; whoever needs more has forgotten to revoke some. */
const MOST_TOKENS = 1000

/** A token that has just been made: the only time that it is seen. */
export interface FreshToken {
  readonly row: Token
  readonly token: string
}

/** Tokens as their users see them: made, listed, renewed, revoked. */
export class AuthorizationService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  get #now(): number {
    return (this.#deps.now ?? Date.now)()
  }

  /** Throws `invalid_params`. `login`: it is to end with a logout. */
  async create(
    caller: Pick<Caller, 'email'>,
    wish: {
      readonly description?: string | null
      readonly scopes?: readonly string[] | null
      readonly expiresInSeconds?: number | null
      readonly login?: boolean
    },
  ): Promise<FreshToken> {
    const token = makeToken()
    const now = this.#now
    const row = tokenRow(
      token,
      {
        user: caller.email,
        kind: wish.login ? 'login' : 'authorization',
        description: described(wish.description || 'Long-lived user authorization'),
        scopes: checkedScopes(wish.scopes).join(' '),
        expiresAt: expiry(wish.expiresInSeconds ?? null, now),
      },
      now,
    )
    await this.#deps.store.transaction(async ({ tokens }) => {
      if ((await tokens.ofUser(caller.email)).length >= MOST_TOKENS)
        throw new TasukiError('invalid_params', `There are ${MOST_TOKENS} authorizations already.`, {
          next: 'Revoke some with `tasuki authorizations:revoke`.',
        })
      await tokens.insert(row)
    })
    return { row, token }
  }

  /** The caller's own that have not expired, newest first. */
  async list(caller: Caller): Promise<Token[]> {
    const now = this.#now
    const all = await this.#deps.store.tables.tokens.ofUser(caller.email)
    return all.filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
  }

  /** Whole seconds until it expires; null: it never does. */
  secondsLeft({ expiresAt }: Token): number | null {
    return expiresAt === null ? null : Math.max(0, Math.round((expiresAt - this.#now) / 1000))
  }

  /** One of the caller's own; `~` is that of the token which the call came with. Throws `not_found`. */
  async get(caller: Caller, id: string): Promise<Token> {
    const found = (await this.list(caller)).find((one) => one.id === (id === '~' ? caller.token : id))
    if (found) return found
    throw new TasukiError('not_found', 'There is no such authorization.', {
      next: '`tasuki authorizations` lists yours.',
      details: { resource: 'authorization' },
    })
  }

  async describe(token: Token, description: string): Promise<Token> {
    await this.#deps.store.tables.tokens.change(
      token.id,
      { description: described(description) },
      token.updatedAt,
    )
    return (await this.#deps.store.tables.tokens.byId(token.id))!
  }

  /** Another token in its place, for as long as the old one was to last; the old one is worth nothing any more. */
  async regenerate(old: Token): Promise<FreshToken> {
    refuseFile(old)
    const token = makeToken()
    const now = this.#now
    const expiresAt = old.expiresAt === null ? null : now + (old.expiresAt - old.updatedAt)
    await this.#deps.store.tables.tokens.change(old.id, { ...traces(token), expiresAt }, now)
    return { row: (await this.#deps.store.tables.tokens.byId(old.id))!, token }
  }

  /** It is worth nothing any more. */
  async revoke(token: Token): Promise<void> {
    refuseFile(token)
    await this.#deps.store.tables.tokens.deleteById(token.id)
  }

  /** Ends what a login began: the token that the call came with. Throws `not_found` when it came from no login. */
  async endSession(caller: Caller): Promise<Token> {
    const token = await this.#deps.store.tables.tokens.byId(caller.token)
    if (token?.kind !== 'login')
      throw new TasukiError('not_found', 'This token is from no login.', {
        next: 'Revoke it with `tasuki authorizations:revoke`.',
        details: { resource: 'session' },
      })
    await this.revoke(token)
    return token
  }

  /** Forgets what has expired. */
  async collect(): Promise<void> {
    await this.#deps.store.tables.tokens.deleteExpired(this.#now)
  }
}

function refuseFile(token: Token): void {
  if (token.kind !== 'file') return
  throw new TasukiError('forbidden', 'The token in DATA/token is revoked on the machine of the server.', {
    next: 'Remove DATA/token and restart the server: it makes another one.',
  })
}

function described(text: string): string {
  if (text.length <= MOST_DESCRIPTION && !/\p{Cc}/u.test(text)) return text
  throw new TasukiError(
    'invalid_params',
    `A description has at most ${MOST_DESCRIPTION} printable characters.`,
  )
}

function checkedScopes(words: readonly string[] | null | undefined): readonly string[] {
  if (!words || words.length === 0) return ['global']
  const wrong = words.find((word) => !isScope(word))
  if (wrong === undefined) return [...new Set(words)]
  throw new TasukiError('invalid_params', `"${wrong.slice(0, 40)}" is no scope.`, {
    next: `Use ${SCOPES.join(', ')}.`,
  })
}

function expiry(seconds: number | null, now: number): number | null {
  if (seconds === null) return null
  if (Number.isInteger(seconds) && seconds > 0 && seconds <= MOST_SECONDS) return now + seconds * 1000
  throw new TasukiError('invalid_params', `expires_in is from 1 to ${MOST_SECONDS} seconds.`)
}
