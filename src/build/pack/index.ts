import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { create } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import { filesToSend } from './files-to-send.ts'
import { commitOf, hasChanges, isInGit } from './git.ts'

/** A source on its way to the server. */
export interface Packed {
  /** A gzipped tar archive; fails when something could not be read. */
  readonly stream: Readable
  /** The commit that it is; null when it differs from one, and outside of Git. */
  readonly commit: string | null
  /** It differs from the commit that is checked out. */
  readonly dirty: boolean
}

/**
 * Packs a folder as it lies there, committed or not: all files and links, without what .gitignore and .slugignore leave
 * out, .git and node_modules. Throws `invalid_source` when there is no such folder, nothing is in it, or a link leads out.
 */
export async function packDirectory(path: string): Promise<Packed> {
  const root = resolve(path)
  await refuseNoFolder(root)
  const files = await filesToSend(root)
  if (files.length === 0) {
    throw new TasukiError('invalid_source', `${root} holds no file that could be deployed.`)
  }
  const commit = await commitOf(root, 'HEAD')
  const dirty = commit !== null && (await hasChanges(root))
  // With `./` in front no name can be mistaken for something else: `@name` would be an archive to copy from.
  const names = files.map((file) => `./${file}`)
  const stream = create({ cwd: root, gzip: true, portable: true, noDirRecurse: true }, names)
  return { stream: stream as unknown as Readable, commit: dirty ? null : commit, dirty }
}

async function refuseNoFolder(root: string): Promise<void> {
  const stats = await stat(root).catch(() => null)
  if (stats?.isDirectory()) return
  throw new TasukiError('invalid_source', `There is no folder ${root}.`, {
    next: 'Give the path of the folder that holds your app.',
  })
}

/**
 * Packs a commit of the repository that `path` lies in: all of `path` as it was then, without what the repository's
 * attributes exclude from archives. Throws `invalid_source` when the ref names no commit, and outside of Git.
 */
export async function packGitRef(path: string, ref: string): Promise<Packed> {
  const root = resolve(path)
  const commit = await commitOf(root, ref)
  if (commit === null) throw await noCommit(root, ref)
  return { stream: archive(root, commit), commit, dirty: false }
}

async function noCommit(root: string, ref: string): Promise<TasukiError> {
  if (await isInGit(root)) {
    return new TasukiError('invalid_source', `There is no commit "${ref}" in ${root}.`, {
      next: 'Name a branch, a tag or a commit; `git log --oneline` shows the commits.',
    })
  }
  return new TasukiError('invalid_source', `${root} is not in a Git repository.`, {
    next: 'Deploy the folder itself, without --ref.',
  })
}

function archive(root: string, commit: string): Readable {
  const git = spawn('git', ['-C', root, 'archive', '--format=tar', commit], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const gzip = createGzip()
  // The archive ends only once git has: an archive that is cut short must not look like a whole one.
  git.stdout.pipe(gzip, { end: false })
  git.on('error', (error) => gzip.destroy(error))
  git.on('close', (status) => {
    if (status === 0) gzip.end()
    else
      gzip.destroy(
        new TasukiError('invalid_source', `\`git archive ${commit}\` ended with status ${status}.`),
      )
  })
  return gzip
}
