import { execa } from 'execa'

/** What git says, trimmed; null when it refuses (no repository, no such commit) or is not there. */
async function git(root: string, args: readonly string[]): Promise<string | null> {
  const result = await execa('git', ['-C', root, ...args], { reject: false })
  return result.exitCode === 0 ? result.stdout.trim() : null
}

/** Id of the commit that a branch, a tag, or the beginning of an id names; null when there is none. */
export async function commitOf(root: string, ref: string): Promise<string | null> {
  const id = await git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
  return id === '' ? null : id
}

/** Whether something below the folder differs from the commit that is checked out. */
export async function hasChanges(root: string): Promise<boolean> {
  return (await git(root, ['status', '--porcelain', '--', '.'])) !== ''
}

export async function isInGit(root: string): Promise<boolean> {
  return (await git(root, ['rev-parse', '--is-inside-work-tree'])) === 'true'
}
