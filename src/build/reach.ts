import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TasukiError } from '../domain/errors.ts'

const OTHERS_READ = 0o004
const OTHERS_ENTER = 0o001

/** The first folder on the way to `path` that other users may not enter, or `path` itself if they may not read it; else null. */
export async function barrierTo(path: string): Promise<string | null> {
  const { mode } = await stat(path)
  const above = await barrierAbove(path)
  return above ?? ((mode & OTHERS_READ) === 0 ? path : null)
}

async function barrierAbove(path: string): Promise<string | null> {
  const folder = dirname(path)
  if (folder === path) return null
  const above = await barrierAbove(folder)
  if (above !== null) return above
  const { mode } = await stat(folder)
  return (mode & OTHERS_ENTER) === 0 ? folder : null
}

/** Makes a folder that every user may read and enter, whatever this process's umask says. */
export async function openFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true })
  await chmod(path, 0o755)
}

/**
 * Apps run as users of their own, so they must be able to pass through the data directory (not to list it).
 * Opens the directory itself for that; throws `setup_missing` when a folder above it is closed.
 */
export async function letAppsThrough(dataDir: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  const { mode } = await stat(dataDir)
  if ((mode & OTHERS_ENTER) === 0) await chmod(dataDir, (mode & 0o777) | 0o011)
  const closed = await barrierAbove(dataDir)
  if (closed === null) return
  throw new TasukiError(
    'setup_missing',
    `Apps run as users of their own and can not reach ${dataDir}: they may not enter ${closed}.`,
    { next: `Choose another --data directory, or run \`chmod o+x ${closed}\`.` },
  )
}
