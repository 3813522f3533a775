import { TasukiError } from '../domain/errors.ts'
import type { Contents } from './repositories-contents.ts'

const MOST_NAMED = 5

/**
 * Throws `invalid_source` for a commit that would be deployed without some of its files. Submodules are not fetched: the
 * server would have to ask, with rights that it lacks, whatever addresses a repository names.
 */
export function refuseUndeployable({ files, submodules, pointers }: Contents): void {
  if (files === 0) throw new TasukiError('invalid_source', 'There is no file in this commit.')
  if (submodules.length > 0) {
    throw new TasukiError('invalid_source', `Submodules are not fetched: ${named(submodules)}.`, {
      next: 'Put their files into the repository (git subtree), or run `tasuki deploy` where they are checked out.',
    })
  }
  if (pointers.length > 0) {
    throw new TasukiError(
      'invalid_source',
      `Only the LFS pointers of these files were pushed: ${named(pointers)}.`,
      {
        next: 'Take them out of LFS (git lfs migrate export), or run `tasuki deploy` where they are checked out.',
      },
    )
  }
}

function named(paths: readonly string[]): string {
  const shown = paths.slice(0, MOST_NAMED).map((path) => JSON.stringify(path).slice(1, -1))
  return `${shown.join(', ')}${paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''}`
}
