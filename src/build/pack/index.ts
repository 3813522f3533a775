import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { execa } from 'execa'
import { create } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import { filesToSend } from './walk.ts'

/** A source on its way to the server. */
export interface Packed {
  /** A gzipped tar archive. */
  readonly stream: Readable
  /** The commit that it is, or was made from; null outside of Git. */
  readonly commit: string | null
  /** It differs from that commit. */
  readonly dirty: boolean
}

/** Packs a directory as it lies there. Throws `invalid_source` when it is empty or leads out of itself. */
export async function packDirectory(path: string): Promise<Packed> {
  const root = resolve(path)
  const files = await filesToSend(root)
  if (files.length === 0)
    throw new TasukiError('invalid_source', `${root} holds no file that could be deployed.`)
  const commit = await git(root, ['rev-parse', 'HEAD'])
  const dirty = commit !== null && (await git(root, ['status', '--porcelain', '--', '.'])) !== ''
  // `./` in front: a name that begins with `@` would be taken for an archive.
  const stream = create(
    { gzip: true, cwd: root, portable: true, noDirRecurse: true },
    files.map((file) => `./${file}`),
  )
  return { stream: stream as unknown as Readable, commit: dirty ? null : commit, dirty }
}

/** Packs a commit of the Git repository at the path: a branch, a tag, a commit. Throws `invalid_source`. */
export async function packGitRef(path: string, ref: string): Promise<Packed> {
  const root = resolve(path)
  const commit = await git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`])
  if (commit === null || commit === '') {
    throw new TasukiError('invalid_source', `There is no commit "${ref}" in ${root}.`, {
      next: '`git log --oneline` shows the commits.',
    })
  }
  const archive = spawn('git', ['-C', root, 'archive', '--format=tar', commit], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const stream = createGzip()
  archive.on('error', (error) => stream.destroy(error))
  archive.on('close', (code) => {
    if (code !== 0)
      stream.destroy(new TasukiError('invalid_source', `git archive ${ref} ended with status ${code}.`))
  })
  return { stream: archive.stdout.pipe(stream), commit, dirty: false }
}

/** What git says, trimmed; null when it refuses (no repository, no such commit) or is not there. */
async function git(root: string, args: readonly string[]): Promise<string | null> {
  const result = await execa('git', ['-C', root, ...args], { reject: false })
  return result.exitCode === 0 ? result.stdout.trim() : null
}
