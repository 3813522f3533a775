import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { TasukiError } from '../../domain/errors.ts'
import { type Packed, packInto } from './packed.ts'

/**
 * Packs a commit of the repository that `path` lies in: all of `path` as it was then, without what the repository's
 * attributes exclude from archives. Throws `invalid_params` when the ref names no commit, `invalid_source` outside Git.
 */
export async function packGitRef(path: string, ref: string): Promise<Packed> {
  if (!(await isInGit(path))) {
    throw new TasukiError('invalid_source', `${path} is not in a Git repository.`, {
      next: 'Deploy the folder itself, without --ref.',
    })
  }
  const commit = await commitOf(path, ref)
  return packInto(async (file) => {
    await git(path, 'archive', '--format=tar.gz', `--output=${file}`, commit)
    return { commit, dirty: false }
  })
}

/** The commit that is checked out where `path` lies, and whether something there differs from it. */
export async function gitState(path: string): Promise<Pick<Packed, 'commit' | 'dirty'>> {
  if (!(await isInGit(path))) return { commit: null, dirty: false }
  const commit = await git(path, 'rev-parse', '--verify', '--quiet', 'HEAD').catch(() => null)
  if (commit === null) return { commit: null, dirty: true }
  const changes = await git(path, 'status', '--porcelain', '--', '.')
  return { commit: commit.trim(), dirty: changes !== '' }
}

async function commitOf(path: string, ref: string): Promise<string> {
  try {
    const out = await git(path, 'rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`)
    return out.trim()
  } catch (error) {
    throw new TasukiError('invalid_params', `Git knows no commit "${ref}" here.`, {
      cause: error,
      next: 'Name a branch, a tag or a commit; `git log --oneline` lists commits.',
    })
  }
}

/** False also where there is no Git at all: a folder can be deployed without it. */
async function isInGit(path: string): Promise<boolean> {
  return git(path, 'rev-parse', '--is-inside-work-tree').then(
    (out) => out.trim() === 'true',
    () => false,
  )
}

const MOST_OUTPUT_BYTES = 64 * 2 ** 20

async function git(path: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', path, ...args], { maxBuffer: MOST_OUTPUT_BYTES })
  return stdout
}
