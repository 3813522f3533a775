import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Version of Tasuki, as its package says: the same from source and from the built package. */
export const VERSION: string = versionFrom(dirname(fileURLToPath(import.meta.url)))

function versionFrom(directory: string): string {
  const file = join(directory, 'package.json')
  if (existsSync(file)) return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
  return versionFrom(dirname(directory))
}
