import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { SqliteDialect } from 'kysely'

/** Prepared statements kept; the queries of the store are far fewer, unless lists of values vary in length. */
const MOST_STATEMENTS = 400

/** Kysely's SQLite dialect over Node's own SQLite. Statements are prepared once and used again. */
export function nodeSqliteDialect(database: DatabaseSync): SqliteDialect {
  const statements = new Map<string, Statement>()
  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare: (sql) => kept(statements, sql, () => new Statement(database.prepare(sql))),
    },
  })
}

function kept<V>(cache: Map<string, V>, key: string, make: () => V): V {
  const found = cache.get(key)
  if (found !== undefined) return found
  if (cache.size >= MOST_STATEMENTS) cache.delete(cache.keys().next().value!)
  const made = make()
  cache.set(key, made)
  return made
}

/** The shape that Kysely expects of a statement. */
class Statement {
  readonly #statement: StatementSync
  /** It returns rows. */
  readonly reader: boolean

  constructor(statement: StatementSync) {
    this.#statement = statement
    this.reader = statement.columns().length > 0
  }

  all(parameters: readonly unknown[]): unknown[] {
    return this.#statement.all(...(parameters as SQLInputValue[]))
  }

  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint } {
    return this.#statement.run(...(parameters as SQLInputValue[]))
  }

  iterate(parameters: readonly unknown[]): IterableIterator<unknown> {
    return this.#statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>
  }
}
