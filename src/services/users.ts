import type { User } from '../store/users.ts'
import type { ServiceDeps } from './context.ts'
import { stableId } from './stable-id.ts'

/** Who may come in: the admin who is always there, and those whom an admin has added. */
export class UserService {
  readonly #deps: ServiceDeps

  constructor(deps: ServiceDeps) {
    this.#deps = deps
  }

  /** Makes sure of the built-in admin, who goes by that address from now on. */
  async start(email: string): Promise<void> {
    const at = Date.now()
    await this.#deps.store.transaction(async (tables) => {
      const present = await tables.users.builtIn()
      if (!present) return tables.users.insert(newUser(email, { admin: true, builtIn: true }, at))
      if (present.email === email) return
      await tables.users.change(present.id, { id: userId(email), email }, at)
      await tables.apps.changeOwner(present.email, email)
      await tables.pipelines.changeOwner(present.email, email)
      await tables.tokens.moveUser(present.email, email)
    })
  }
}

/** The id of whoever goes by that e-mail address. */
export function userId(email: string): string {
  return stableId('user', email)
}

function newUser(email: string, flags: Pick<User, 'admin' | 'builtIn'>, at: number): User {
  return { id: userId(email), email, name: null, password: null, ...flags, createdAt: at, updatedAt: at }
}
