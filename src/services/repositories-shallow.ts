import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TasukiError } from '../domain/errors.ts'
import { objectsOf } from './repositories-contents.ts'
import type { Git } from './repositories-git.ts'

/** Generations of commits that are looked at for the end of a history. */
const MOST_STEPS = 2000
const PARENT = /^parent (\w+)$/gm

/**
 * A push out of a shallow clone leaves out the past. Where the history of `commit` breaks off, the repository is told so;
 * the past that is missing is no fault then. Throws `invalid_source` when more than the past is missing.
 */
export async function acceptShallow(git: Git, commit: string): Promise<void> {
  if (await isWhole(git, commit, 'commits')) return
  const before = await grafts(git)
  await writeGrafts(git, [...new Set([...before, ...(await brokenEnds(git, commit))])])
  if (await isWhole(git, commit, 'objects')) return
  await writeGrafts(git, before)
  throw new TasukiError('invalid_source', 'The push does not hold all that belongs to its commits.', {
    next: 'Run `git fetch --unshallow`, then push again.',
  })
}

async function isWhole(git: Git, commit: string, depth: 'commits' | 'objects'): Promise<boolean> {
  const objects = depth === 'objects' ? ['--objects'] : []
  return (await git.try(['rev-list', '--quiet', ...objects, commit, '--not', '--all'])).code === 0
}

/** The commits whose parents are missing, in all that led to `commit`. */
async function brokenEnds(git: Git, commit: string): Promise<string[]> {
  const ends = new Set<string>()
  const seen = new Set<string>()
  let children = new Map<string, string[]>([[commit, []]])
  for (let step = 0; children.size > 0 && step < MOST_STEPS; step += 1) {
    const parents = new Map<string, string[]>()
    for await (const { id, content } of objectsOf(git, children.keys())) {
      seen.add(id)
      if (content === null) for (const child of children.get(id)!) ends.add(child)
      for (const [, parent = ''] of content?.split('\n\n')[0]?.matchAll(PARENT) ?? [])
        if (!seen.has(parent)) parents.set(parent, [...(parents.get(parent) ?? []), id])
    }
    children = parents
  }
  return [...ends]
}

async function grafts(git: Git): Promise<string[]> {
  const text = await readFile(fileOf(git), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').filter((line) => line !== '')
}

async function writeGrafts(git: Git, commits: readonly string[]): Promise<void> {
  if (commits.length === 0) return rm(fileOf(git), { force: true })
  const fresh = `${fileOf(git)}.${randomUUID()}`
  await writeFile(fresh, commits.map((commit) => `${commit}\n`).join(''))
  await rename(fresh, fileOf(git))
}

function fileOf(git: Git): string {
  return join(git.directory, 'shallow')
}
