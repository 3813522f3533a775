import { TasukiError } from '../domain/errors.ts'
import type { ServiceDeps } from './context.ts'
import { LoginThrottle } from './login-throttle.ts'
import type { Passwords } from './passwords.ts'
import type { Caller } from './tokens.ts'
import { emailOf } from './users.ts'

/** The id of the token of who has come in with a password: there is none. */
const NO_TOKEN = ''

/** Lets in by e-mail address and password, slowly where they are wrong. */
export class LoginService {
  readonly #deps: ServiceDeps
  readonly #passwords: Passwords
  readonly #throttle: LoginThrottle

  constructor(deps: ServiceDeps, passwords: Passwords) {
    this.#deps = deps
    this.#passwords = passwords
    this.#throttle = new LoginThrottle(deps.now ?? Date.now)
  }

  /**
   * Who that is. `address`: where they come from. Throws `unauthorized` in the same words and after the same time whether
   * there is such a user or not, `rate_limit` after too many wrong ones.
   */
  async check(email: string, password: string, address: string): Promise<Caller> {
    const account = email.trim().toLowerCase()
    this.#throttle.begin(account, address)
    const user = await this.#deps.store.tables.users.byEmail(account)
    if (!(await this.#passwords.matches(password, user?.password ?? null)) || !user) throw wrong()
    this.#throttle.succeeded(account, address)
    return { id: user.id, email: user.email, admin: user.admin, scopes: ['global'], token: NO_TOKEN }
  }

  /** Throws unless it is the caller's own password, or they have none yet. */
  async confirm(caller: Caller, password: string | undefined, address: string): Promise<void> {
    const user = await this.#deps.store.tables.users.byEmail(caller.email)
    if (user?.password === null) return
    if (password === undefined) throw new TasukiError('invalid_params', 'The present password is missing.')
    await this.check(emailOf(caller.email), password, address).catch((error: unknown) => {
      if (error instanceof TasukiError && error.code === 'unauthorized')
        throw new TasukiError('invalid_params', 'The present password is another one.')
      throw error
    })
  }
}

function wrong(): TasukiError {
  return new TasukiError('unauthorized', 'The e-mail address or the password is wrong.', {
    next: 'Try again, or ask the admin of the server for a new password.',
  })
}
