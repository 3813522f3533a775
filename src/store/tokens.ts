import type { Db } from './db.ts'

export interface TokensTable {
  id: string
  /** sha-256 of the token, hex. */
  hash: string
  /** E-mail address. */
  user: string
  description: string
  createdAt: number
  updatedAt: number
  /** `file`: the admin's of the data directory. `login`: ends with a logout. */
  kind: 'file' | 'login' | 'authorization'
  /** Separated by spaces. */
  scopes: string
  /** The first letters of the token, to know it again by. */
  hint: string
  /** Null: never. */
  expiresAt: number | null
}

export type Token = Readonly<TokensTable>

/** A token with what is to be known of its user. */
interface Bearer extends Token {
  readonly userId: string
  readonly admin: boolean
}

/** What lets users in; only hashes are kept. */
export interface Tokens {
  /** Null too when its user is gone. */
  byHash(hash: string): Promise<Bearer | null>
  byId(id: string): Promise<Token | null>
  /** Newest first. */
  ofUser(email: string): Promise<Token[]>
  insert(token: Token): Promise<void>
  change(
    id: string,
    change: Partial<Pick<Token, 'hash' | 'hint' | 'description' | 'expiresAt'>>,
    at: number,
  ): Promise<void>
  deleteById(id: string): Promise<void>
  deleteOfUser(email: string): Promise<void>
  /** Those that logins of the user have made, but the one of id `except`. */
  deleteLogins(email: string, except: string): Promise<void>
  deleteFiles(): Promise<void>
  /** Those that have expired before that time. */
  deleteExpired(before: number): Promise<void>
  /** The user goes by another address now. */
  moveUser(from: string, to: string): Promise<void>
}

export function tokensTable(db: Db): Tokens {
  const select = () => db.selectFrom('tokens').selectAll()
  return {
    async byHash(hash) {
      const row = await db
        .selectFrom('tokens')
        .innerJoin('users', 'users.email', 'tokens.user')
        .selectAll('tokens')
        .select(['users.id as userId', 'users.admin as admin'])
        .where('hash', '=', hash)
        .executeTakeFirst()
      return row ? { ...row, admin: row.admin === 1 } : null
    },
    async byId(id) {
      return (await select().where('id', '=', id).executeTakeFirst()) ?? null
    },
    async ofUser(email) {
      return await select().where('user', '=', email).orderBy('createdAt', 'desc').orderBy('id').execute()
    },
    async insert(token) {
      await db.insertInto('tokens').values(token).execute()
    },
    async change(id, change, at) {
      await db
        .updateTable('tokens')
        .set({ ...change, updatedAt: at })
        .where('id', '=', id)
        .execute()
    },
    async deleteById(id) {
      await db.deleteFrom('tokens').where('id', '=', id).execute()
    },
    async deleteOfUser(email) {
      await db.deleteFrom('tokens').where('user', '=', email).execute()
    },
    async deleteLogins(email, except) {
      await db
        .deleteFrom('tokens')
        .where('user', '=', email)
        .where('kind', '=', 'login')
        .where('id', '!=', except)
        .execute()
    },
    async deleteFiles() {
      await db.deleteFrom('tokens').where('kind', '=', 'file').execute()
    },
    async deleteExpired(before) {
      await db.deleteFrom('tokens').where('expiresAt', '<', before).execute()
    },
    async moveUser(from, to) {
      await db.updateTable('tokens').set({ user: to }).where('user', '=', from).execute()
    },
  }
}
