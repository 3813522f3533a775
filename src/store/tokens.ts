import type { Db } from './db.ts'
import type { TokensTable } from './schema.ts'

type Token = Readonly<TokensTable>

/** Who may come in; only hashes are kept. */
export interface Tokens {
  byHash(hash: string): Promise<Token | null>
  insert(token: Token): Promise<void>
  deleteById(id: string): Promise<void>
}

export function tokensTable(db: Db): Tokens {
  return {
    async byHash(hash) {
      return (await db.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst()) ?? null
    },
    async insert(token) {
      await db.insertInto('tokens').values(token).execute()
    },
    async deleteById(id) {
      await db.deleteFrom('tokens').where('id', '=', id).execute()
    },
  }
}
