import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/**
 * The id of a data directory, made at the first call: what runs on hosts that several control planes share bears the id of
 * its own. It goes with a backup, so that whoever takes over finds what runs.
 */
export function serverIdOf(data: string): string {
  const path = join(data, 'id')
  if (!existsSync(path)) write(path, randomBytes(8).toString('hex'))
  return readFileSync(path, 'utf8').trim()
}

function write(path: string, id: string): void {
  const file = openSync(`${path}.new`, 'w', 0o644)
  try {
    writeSync(file, `${id}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}
