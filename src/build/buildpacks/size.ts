import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Bytes on disk of all that lies below a folder, links not followed. */
export async function bytesBelow(dir: string): Promise<number> {
  const { stdout } = await promisify(execFile)('du', ['-sk', '--', dir])
  return Number.parseInt(stdout, 10) * 1024
}
