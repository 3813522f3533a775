import { randomBytes } from 'node:crypto'
import { TasukiError } from '../domain/errors.ts'
import type { AuthorizationService } from './authorizations.ts'
import type { ServiceDeps } from './context.ts'
import { sameSecret } from './secrets.ts'
import type { Caller } from './tokens.ts'

const KEPT_MS = 10 * 60_000
const MOST_KEPT = 1000
const MOST_OF_ADDRESS = 20
const LOGIN_SECONDS = 30 * 86_400

/** A command line that waits for its user to log in with a browser. */
export interface WaitingLogin {
  readonly id: string
  /** What it says of itself. */
  readonly description: string
  /** Where it is. */
  readonly address: string
}

interface Waiting extends WaitingLogin {
  readonly token: string
  readonly since: number
  readonly decided: Promise<Decision>
  readonly decide: (decision: Decision) => void
}

type Decision = Pick<Caller, 'email'> | 'refused'

/** Logs a command line in through a browser: the user shows the password to a page of ours only. */
export class BrowserLoginService {
  readonly #deps: ServiceDeps
  readonly #authorizations: AuthorizationService
  readonly #waiting = new Map<string, Waiting>()

  constructor(deps: ServiceDeps, authorizations: AuthorizationService) {
    this.#deps = deps
    this.#authorizations = authorizations
  }

  /** `id` is the secret of the page, `token` that of the command line. Throws `rate_limit`. */
  begin(description: string, address: string): { readonly id: string; readonly token: string } {
    this.#forgetOld()
    const ofAddress = [...this.#waiting.values()].filter((one) => one.address === address).length
    if (ofAddress >= MOST_OF_ADDRESS || this.#waiting.size >= MOST_KEPT)
      throw new TasukiError('rate_limit', 'Too many logins are waiting.', {
        next: 'Try again in ten minutes.',
      })
    const [id, token] = [secret(), secret()]
    const { promise: decided, resolve: decide } = Promise.withResolvers<Decision>()
    this.#waiting.set(id, { id, token, description, address, since: this.#now, decided, decide })
    return { id, token }
  }

  /** Throws `not_found` when it is over. */
  find(id: string): WaitingLogin {
    this.#forgetOld()
    return this.#find(id)
  }

  /** The user lets the command line in (`caller`), or does not. */
  decide(id: string, decision: Decision): void {
    this.#find(id).decide(decision)
  }

  /**
   * Waits until the user has decided, at most until `signal` is aborted: null then. The token that was made is given out
   * once. Throws `not_found` for an unknown id, or another's token.
   */
  async result(
    id: string,
    token: string,
    signal: AbortSignal,
  ): Promise<{ token: string } | 'refused' | null> {
    this.#forgetOld()
    const waiting = this.#waiting.get(id)
    if (!waiting || !sameSecret(waiting.token, token)) throw over()
    const decision = await Promise.race([waiting.decided, aborted(signal)])
    if (decision === null || !this.#waiting.delete(id)) return null
    if (decision === 'refused') return 'refused'
    const { description } = waiting
    const wish = { description, expiresInSeconds: LOGIN_SECONDS, login: true }
    return { token: (await this.#authorizations.create(decision, wish)).token }
  }

  get #now(): number {
    return (this.#deps.now ?? Date.now)()
  }

  #find(id: string): Waiting {
    const found = this.#waiting.get(id)
    if (found) return found
    throw over()
  }

  #forgetOld(): void {
    for (const [id, { since }] of this.#waiting) {
      if (this.#now - since < KEPT_MS) return
      this.#waiting.delete(id)
    }
  }
}

function secret(): string {
  return randomBytes(32).toString('base64url')
}

function aborted(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
}

function over(): TasukiError {
  return new TasukiError('not_found', 'This login is over, or never was.', {
    next: 'Run the login again.',
    details: { resource: 'login' },
  })
}
