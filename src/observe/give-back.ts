import { execFile } from 'node:child_process'
import { stat, truncate } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A file that can not be hollowed out grows to this before it is emptied. */
const MOST_BYTES = 16 * 1024 * 1024

/**
 * Gives the space of the first `until` bytes of a file back to the disk, while somebody goes on appending: a hole is
 * punched, so nothing is lost and no offset changes. Where the file system can not, a file that has been read to its end
 * (`read`) is emptied once it is large; a line written in that instant is lost. Returns whether it was emptied.
 */
export async function giveBack(path: string, until: number, read: number): Promise<boolean> {
  if (await punched(path, until)) return false
  const { size } = await stat(path)
  if (size !== read || size < MOST_BYTES) return false
  await truncate(path, 0)
  return true
}

async function punched(path: string, until: number): Promise<boolean> {
  try {
    await run('fallocate', ['--punch-hole', '--keep-size', '--offset', '0', '--length', String(until), path])
    return true
  } catch (error) {
    // Not every file system has holes, and not every system the tool: the caller has another way.
    if (
      typeof (error as { code?: unknown }).code === 'number' ||
      (error as { code?: unknown }).code === 'ENOENT'
    )
      return false
    throw error
  }
}
