import { relative, resolve } from 'node:path'
import { type Buildpack, localPathOf } from '../../domain/buildpack.ts'
import { TasukiError } from '../../domain/errors.ts'

/** Throws `invalid_params` for a buildpack on this machine that lies in none of the folders that the operator has opened. */
export function checkLocal(buildpack: Buildpack, allowed: readonly string[]): void {
  const path = localPathOf(buildpack)
  if (path === null || allowed.some((folder) => isInside(resolve(path), folder))) return
  const which = allowed.length > 0 ? `outside of ${allowed.join(', ')}` : 'on the server itself'
  throw new TasukiError('invalid_params', `Buildpacks ${which} are not allowed here.`, {
    next: 'Give the https URL of its Git repository, or start the server with --local-buildpacks FOLDER.',
  })
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith('../'))
}
