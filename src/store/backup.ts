import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { TasukiError } from '../domain/errors.ts'
import { lockData } from './lock.ts'

const STATE = 'state.db'
/**
 * What a backup is made of, beside the state: the key that opens it, the way in, the authority that clients trust, the keys
 * that hosts let in, and the id by which what runs there is known again.
 */
const PRIVATE_FILES = [
  'key',
  'token',
  'ca.key',
  'ca.pem',
  'ssh/id_ed25519',
  'ssh/id_ed25519.pub',
  'id',
] as const

/**
 * Copies the state, with keys, token, id and authority, into a directory that is empty or not there yet. Artifacts and logs are not
 * in it: deploy again to have them. Throws `invalid_params` when the directory holds anything or is not absolute.
 */
export async function backupTo(database: DatabaseSync, dataDir: string, directory: string): Promise<void> {
  if (!isAbsolute(directory))
    throw new TasukiError('invalid_params', `"${directory}" is not an absolute path.`)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (readdirSync(directory).length > 0)
    throw new TasukiError('invalid_params', `${directory} is not empty.`, {
      next: 'Name a new directory.',
    })
  copyPrivate(dataDir, directory)
  await backup(database, join(directory, STATE))
}

/**
 * Puts a backup in the place of the state in `dataDir`; what was there is kept beside it, named `*.before-restore`.
 * Throws `data_in_use` while a server runs on it, `invalid_params` when it is no backup or a damaged one.
 */
export function restoreFrom(directory: string, dataDir: string): void {
  checkBackup(directory)
  mkdirSync(dataDir, { recursive: true })
  const lock = lockData(dataDir)
  try {
    for (const file of [STATE, `${STATE}-wal`, `${STATE}-shm`, ...PRIVATE_FILES]) setAside(dataDir, file)
    copyPrivate(directory, dataDir)
    copyFileSync(join(directory, STATE), join(dataDir, STATE))
  } finally {
    lock.release()
  }
}

function checkBackup(directory: string): void {
  const damaged = (why: string) =>
    new TasukiError('invalid_params', `${directory} is no whole backup: ${why}.`)
  if (!existsSync(join(directory, STATE))) throw damaged(`it has no ${STATE}`)
  if (!existsSync(join(directory, 'key'))) throw damaged('it has no key')
  const verdict = integrityOf(join(directory, STATE))
  if (verdict !== 'ok') throw damaged(verdict)
}

/** `ok`, or what is wrong with it. */
function integrityOf(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    return String(database.prepare('PRAGMA integrity_check').get()!.integrity_check)
  } catch (error) {
    return (error as Error).message
  } finally {
    database.close()
  }
}

function setAside(dataDir: string, file: string): void {
  const path = join(dataDir, file)
  if (existsSync(path)) renameSync(path, `${path}.before-restore`)
}

function copyPrivate(from: string, to: string): void {
  for (const file of PRIVATE_FILES) {
    if (!existsSync(join(from, file))) continue
    mkdirSync(dirname(join(to, file)), { recursive: true, mode: 0o700 })
    copyFileSync(join(from, file), join(to, file))
  }
}
