import type { Db } from './db.ts'

export interface UsersTable {
  id: string
  /** In lower case. */
  email: string
  name: string | null
  /** Salted hash with its parameters; null: no password lets this user in. */
  password: string | null
  admin: number
  builtIn: number
  createdAt: number
  updatedAt: number
}

/** Somebody who may come in. Times are UTC ms. */
export interface User extends Readonly<Omit<UsersTable, 'admin' | 'builtIn'>> {
  /** Sees and changes every app, and manages the users. */
  readonly admin: boolean
  /** The admin whose token lies in the data directory; can not be removed. */
  readonly builtIn: boolean
}

/** Who may come in, by their e-mail address in lower case. */
export interface Users {
  insert(user: User): Promise<void>
  byId(id: string): Promise<User | null>
  byEmail(email: string): Promise<User | null>
  builtIn(): Promise<User | null>
  /** By e-mail address. */
  all(): Promise<User[]>
  change(
    id: string,
    change: Partial<Pick<User, 'id' | 'email' | 'name' | 'password'>>,
    at: number,
  ): Promise<void>
  delete(id: string): Promise<void>
}

export function usersTable(db: Db): Users {
  const select = () => db.selectFrom('users').selectAll()
  return {
    async insert(user) {
      const flags = { admin: Number(user.admin), builtIn: Number(user.builtIn) }
      await db
        .insertInto('users')
        .values({ ...user, ...flags })
        .execute()
    },
    async byId(id) {
      return asUser(await select().where('id', '=', id).executeTakeFirst())
    },
    async byEmail(email) {
      return asUser(await select().where('email', '=', email).executeTakeFirst())
    },
    async builtIn() {
      return asUser(await select().where('builtIn', '=', 1).executeTakeFirst())
    },
    async all() {
      return (await select().orderBy('email').execute()).map((row) => asUser(row)!)
    },
    async change(id, change, at) {
      await db
        .updateTable('users')
        .set({ ...change, updatedAt: at })
        .where('id', '=', id)
        .execute()
    },
    async delete(id) {
      await db.deleteFrom('users').where('id', '=', id).execute()
    },
  }
}

function asUser(row: UsersTable | undefined): User | null {
  return row ? { ...row, admin: row.admin === 1, builtIn: row.builtIn === 1 } : null
}
