import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { TasukiError } from '../domain/errors.ts'

/** The right to be the one control plane of a data directory. */
export interface DataLock {
  /** Lets the next one in. A process that dies lets it in as well: the kernel holds the lock. */
  release(): void
}

/**
 * Takes the data directory for this process, or throws `data_in_use`. The lock is the one that SQLite takes on
 * `DATA/lock` (a POSIX record lock): the kernel frees it at the end of the process however that comes,
 * and no child inherits it.
 */
export function lockData(dataDir: string): DataLock {
  const file = join(dataDir, 'lock')
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw refused(dataDir, error)
  }
  noteHolder(dataDir)
  return { release: () => database.close() }
}

function refused(dataDir: string, error: unknown): unknown {
  if (!String((error as Error).message).includes('locked')) return error
  return new TasukiError('data_in_use', `${dataDir} is in use by another server${holder(dataDir)}.`, {
    cause: error,
  })
}

/** For the message only; the lock itself is the kernel's. */
function noteHolder(dataDir: string): void {
  writeFileSync(join(dataDir, 'server.pid'), `${process.pid}\n`)
}

function holder(dataDir: string): string {
  try {
    return ` (process ${readFileSync(join(dataDir, 'server.pid'), 'utf8').trim()})`
  } catch {
    return ''
  }
}
