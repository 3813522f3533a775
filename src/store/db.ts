import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Schema } from './schema.ts'

/** The database, or a transaction on it: what the tables' queries are made with. */
export type Db = Kysely<Schema>

/** The values of an `in`, as one parameter, so that a list of any length is the same prepared statement. */
export function listed<T extends string | number>(values: readonly T[]): RawBuilder<T> {
  return sql`(select value from json_each(${JSON.stringify(values)}))`
}
