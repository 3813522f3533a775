import { chmod, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Buildpack } from '../../domain/buildpack.ts'
import { TasukiError } from '../../domain/errors.ts'

/**
 * Makes the programs of a fetched buildpack runnable, and says whether it has a `bin/release`. Throws `build_failed` when it is
 * no buildpack of the classic kind. Nothing of it has run yet, and it is still the server's own.
 */
export async function preparePack(buildpack: Buildpack, dir: string): Promise<{ hasRelease: boolean }> {
  const has = async (name: string) => makeRunnable(join(dir, 'bin', name))
  const [detect, compile, hasRelease] = [await has('detect'), await has('compile'), await has('release')]
  if (detect && compile) return { hasRelease }
  const missing = [detect ? [] : ['bin/detect'], compile ? [] : ['bin/compile']].flat().join(' and no ')
  const native = (await lstat(join(dir, 'buildpack.toml')).catch(() => null)) && (await has('build'))
  const hint = native ? ' It is a Cloud Native Buildpack, which is another kind.' : ''
  throw new TasukiError('build_failed', `The buildpack ${buildpack.name} has no ${missing}.${hint}`, {
    next: 'Give the address of a buildpack of the classic kind, with bin/detect and bin/compile.',
  })
}

/** Whether there is such a program. A link is left as it is: it could lead anywhere. */
async function makeRunnable(file: string): Promise<boolean> {
  const stats = await lstat(file).catch(() => null)
  if (stats?.isFile()) await chmod(file, stats.mode | 0o755)
  return stats !== null && (stats.isFile() || stats.isSymbolicLink())
}
