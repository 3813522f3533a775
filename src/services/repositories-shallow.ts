import { randomUUID } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './repositories-git.ts'

/**
 * Where the history of a shallow clone ends, before it pushes: the repository is told that what came before these commits
 * is not missing. Commits that it has already are left as they are. What is never pushed goes with the next tidying up.
 *
 * Git's own way (`receive.shallowUpdate`) ends with a defect of Git as soon as a hook moves the refs.
 */
export async function expectShallow(git: Git, ends: readonly string[]): Promise<void> {
  const absent = await absentAmong(git, ends)
  if (absent.length === 0) return
  const all = new Set([...(await present(git)), ...absent])
  const fresh = `${fileOf(git)}.${randomUUID()}`
  await writeFile(fresh, [...all].map((commit) => `${commit}\n`).join(''))
  await rename(fresh, fileOf(git))
}

async function absentAmong(git: Git, ids: readonly string[]): Promise<string[]> {
  const said = await git.run(['cat-file', '--batch-check'], ids.map((id) => `${id}\n`).join(''))
  return said.split('\n').flatMap((line) => /^(\w+) missing$/.exec(line)?.[1] ?? [])
}

async function present(git: Git): Promise<string[]> {
  const text = await readFile(fileOf(git), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').filter((line) => line !== '')
}

function fileOf(git: Git): string {
  return join(git.directory, 'shallow')
}
