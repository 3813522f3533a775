import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely } from 'kysely'
import type { RolloutStore } from '../rollout/spec.ts'
import { backupTo } from './backup.ts'
import type { Db } from './db.ts'
import { nodeSqliteDialect } from './dialect.ts'
import { lockData } from './lock.ts'
import { migrate } from './migrations.ts'
import { rolloutStore } from './rollout-store.ts'
import type { Schema } from './schema.ts'
import { openSeal, type Seal } from './seal.ts'
import { type Tables, tablesOf } from './tables.ts'

/** The name of the database inside the data directory. */
export const DATABASE = 'state.db'

/** All that is remembered, in one data directory, held by this process alone. */
export interface Store {
  readonly dataDir: string
  readonly seal: Seal
  readonly tables: Tables
  /** The engine's view of it. */
  readonly rollouts: RolloutStore
  /**
   * All of `work` or none of it; durable when it resolves. Inside, use only the tables passed in,
   * and await nothing but them: everybody else waits meanwhile.
   */
  transaction<T>(work: (tables: Tables) => Promise<T>): Promise<T>
  /** What `work` returns; nothing that it did has happened. */
  imagine<T>(work: (tables: Tables) => Promise<T>): Promise<T>
  /** Writes a whole copy into a new directory, while everything goes on. */
  backup(directory: string): Promise<void>
  close(): Promise<void>
}

/**
 * Opens (and makes, where missing) the data directory. `domain`: apps answer to `NAME.DOMAIN`.
 * Throws `data_in_use` when another server has it, `setup_missing` when it was written by a newer Tasuki.
 */
export async function openStore(dataDir: string, domain = 'localhost'): Promise<Store> {
  mkdirSync(dataDir, { recursive: true, mode: 0o755 })
  const lock = lockData(dataDir)
  try {
    const seal = openSeal(dataDir)
    const database = openDatabase(join(dataDir, DATABASE))
    return storeOn(dataDir, database, seal, domain, () => lock.release())
  } catch (error) {
    lock.release()
    throw error
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    chmodSync(file, 0o600)
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY')
    migrate(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function storeOn(
  dataDir: string,
  database: DatabaseSync,
  seal: Seal,
  domain: string,
  release: () => void,
): Store {
  const db: Db = new Kysely<Schema>({ dialect: nodeSqliteDialect(database) })
  const cache = new Map()
  const tables = tablesOf(db, seal, cache)
  const transaction: Store['transaction'] = (work) =>
    db.transaction().execute((inside) => work(tablesOf(inside, seal, cache)))
  return {
    dataDir,
    seal,
    tables,
    transaction,
    imagine: (work) => imagined(transaction, work),
    rollouts: rolloutStore({ tables, transaction }, domain),
    backup: (directory) => backupTo(database, dataDir, directory),
    async close() {
      await db.destroy()
      release()
    },
  }
}

/** Ends a transaction that was only to see what would be. */
class Imagined extends Error {
  readonly result: unknown

  constructor(result: unknown) {
    super('This was only imagined.')
    this.result = result
  }
}

async function imagined<T>(
  transaction: Store['transaction'],
  work: (tables: Tables) => Promise<T>,
): Promise<T> {
  try {
    return await transaction(async (tables) => {
      throw new Imagined(await work(tables))
    })
  } catch (end) {
    if (end instanceof Imagined) return end.result as T
    throw end
  }
}
