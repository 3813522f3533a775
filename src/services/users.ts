import { TasukiError } from '../domain/errors.ts'
import type { Tables } from '../store/tables.ts'
import type { User } from '../store/users.ts'
import type { ServiceDeps } from './context.ts'
import { checkPassword, makePassword, type Passwords } from './passwords.ts'
import { stableId } from './stable-id.ts'

const MOST_EMAIL = 254
const MOST_NAME = 200
const EMAIL = /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/

/** Who may come in: the admin who is always there, and those whom an admin has added. */
export class UserService {
  readonly #deps: ServiceDeps
  readonly #passwords: Passwords

  constructor(deps: ServiceDeps, passwords: Passwords) {
    this.#deps = deps
    this.#passwords = passwords
  }

  get #tables(): Tables {
    return this.#deps.store.tables
  }

  /** Makes sure of the built-in admin, who goes by that address from now on, with all that was theirs. */
  async start(email: string): Promise<void> {
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const present = await tables.users.builtIn()
      if (present?.email === email) return
      const namesake = await tables.users.byEmail(email)
      if (namesake) await tables.users.delete(namesake.id)
      await tables.tokens.deleteOfUser(email)
      if (!present) return tables.users.insert(newUser(email, { admin: true, builtIn: true }, at))
      await tables.users.change(present.id, { id: userId(email), email }, at)
      await tables.apps.changeOwner(present.email, email)
      await tables.pipelines.changeOwner(present.email, email)
      await tables.tokens.moveUser(present.email, email)
    })
  }

  /** By e-mail address. */
  list(): Promise<User[]> {
    return this.#tables.users.all()
  }

  /** By id or e-mail address. Throws `not_found`. */
  async find(idOrEmail: string): Promise<User> {
    const { users } = this.#tables
    const found = (await users.byEmail(idOrEmail.toLowerCase())) ?? (await users.byId(idOrEmail))
    if (found) return found
    throw new TasukiError('not_found', `There is no user "${idOrEmail.slice(0, 60)}".`, {
      next: 'Ask the admin of the server to add them: `tasuki users:add EMAIL`.',
      details: { resource: 'account' },
    })
  }

  /**
   * Lets somebody in from now on. Without a password one is made. It is told in `password`, this once.
   * Throws `name_taken`, `invalid_params`.
   */
  async add(wish: {
    readonly email: string
    readonly name?: string | null
    readonly password?: string | null
    readonly admin?: boolean
  }): Promise<{ user: User; password: string }> {
    const email = emailOf(wish.email)
    const password = wish.password ?? makePassword()
    checkPassword(password, email)
    const flags = { admin: wish.admin ?? false, builtIn: false }
    const user: User = {
      ...newUser(email, flags, Date.now()),
      name: checkedName(wish.name ?? null),
      password: await this.#passwords.hash(password),
    }
    await this.#deps.store.transaction(async ({ users }) => {
      if (await users.byEmail(email)) throw new TasukiError('name_taken', `There is a user ${email} already.`)
      await users.insert(user)
    })
    return { user, password }
  }

  /** Goes by another name. */
  async rename(user: User, name: string | null): Promise<User> {
    await this.#tables.users.change(user.id, { name: checkedName(name) }, Date.now())
    return this.find(user.id)
  }

  /**
   * Gives another password; without one it is made. All that was logged in with the old one is logged out, but the token
   * of id `except`. Returns the password. Throws `invalid_params`.
   */
  async setPassword(user: User, wish: string | null, except = ''): Promise<string> {
    const password = wish ?? makePassword()
    checkPassword(password, user.email)
    const hash = await this.#passwords.hash(password)
    await this.#deps.store.transaction(async ({ users, tokens }) => {
      await users.change(user.id, { password: hash }, Date.now())
      await tokens.deleteLogins(user.email, except)
    })
    return password
  }

  /**
   * Lets somebody in no longer: their tokens are worth nothing at once. What they own goes to `heir`.
   * Throws `conflict` when they own apps or pipelines and there is no heir, `forbidden` for the built-in admin.
   */
  async remove(user: User, heir: User | null): Promise<void> {
    if (user.builtIn)
      throw new TasukiError('forbidden', `${user.email} is the admin of this server and stays.`, {
        next: 'Nothing was changed.',
      })
    await this.#deps.store.transaction(async (tables) => {
      const { apps, pipelines, tokens, users } = tables
      const all = [...(await apps.all()), ...(await pipelines.all())]
      const own = all.filter((one) => one.owner === user.email).map((one) => one.name)
      if (own.length > 0 && (heir === null || heir.id === user.id)) throw stillOwns(user, own)
      if (heir) await inherit(tables, user, heir)
      await tokens.deleteOfUser(user.email)
      await users.delete(user.id)
    })
  }
}

/** The id of whoever goes by that e-mail address. */
function userId(email: string): string {
  return stableId('user', email)
}

/** An e-mail address as it is kept: in lower case. Throws `invalid_params` for what is none. */
export function emailOf(text: string): string {
  const email = text.trim().toLowerCase()
  if (email.length <= MOST_EMAIL && EMAIL.test(email)) return email
  throw new TasukiError('invalid_params', `"${text.slice(0, 60)}" is not an e-mail address.`)
}

function checkedName(name: string | null): string | null {
  const trimmed = name?.trim() ?? ''
  if (trimmed.length > MOST_NAME || /\p{Cc}/u.test(trimmed))
    throw new TasukiError('invalid_params', `A name has at most ${MOST_NAME} characters, all printable.`)
  return trimmed || null
}

function newUser(email: string, flags: Pick<User, 'admin' | 'builtIn'>, at: number): User {
  return { id: userId(email), email, name: null, password: null, ...flags, createdAt: at, updatedAt: at }
}

/** What one owned belongs to the other, who is no collaborator there any more. */
async function inherit({ apps, collaborators, pipelines }: Tables, from: User, to: User): Promise<void> {
  for (const app of await apps.all()) if (app.owner === from.email) await collaborators.delete(app.id, to.id)
  await apps.changeOwner(from.email, to.email)
  await pipelines.changeOwner(from.email, to.email)
}

function stillOwns(user: User, apps: readonly string[]): TasukiError {
  const some = apps.slice(0, 5).join(', ') + (apps.length > 5 ? ` and ${apps.length - 5} more` : '')
  return new TasukiError('conflict', `${user.email} still owns ${some}.`, {
    next: 'Say with --transfer-to who is to own them, or destroy them first.',
  })
}
