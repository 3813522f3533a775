import type { Kysely } from 'kysely'
import type { Schema } from './schema.ts'

/** The database, or a transaction on it: what the tables' queries are made with. */
export type Db = Kysely<Schema>
