import type { Commit } from '../domain/source-event.ts'
import type { Git } from './repositories-git.ts'

const FORMAT = ['%H', '%an', '%ct', '%B'].join('%x00')
/** Characters of a message that are kept: a page says what a commit is about. */
const MOST_MESSAGE = 10_000

/**
 * Commits of a repository, newest first: those that `to` has and `from` has not, or with no `from` the newest that `to`
 * has. None when one of them is not there.
 */
export async function commitsOf(git: Git, to: string, from: string | null, most: number): Promise<Commit[]> {
  const range = from === null ? [to] : [to, `^${from}`]
  const { code, out } = await git.try([
    'log',
    '-z',
    `--max-count=${most}`,
    `--format=${FORMAT}`,
    '--end-of-options',
    ...range,
    '--',
  ])
  return code === 0 ? parsed(out) : []
}

/** Names of the files in which two commits differ, at most so many; null when one of the commits is not there. */
export async function changedFilesOf(
  git: Git,
  from: string,
  to: string,
  most: number,
): Promise<string[] | null> {
  const { code, out } = await git.try(['diff', '--name-only', '-z', '--end-of-options', from, to, '--'])
  return code === 0
    ? out
        .split('\0')
        .filter((name) => name !== '')
        .slice(0, most)
    : null
}

/** `-z` separates commits by the same byte as their fields, so they are counted off. */
function parsed(out: string): Commit[] {
  const fields = out === '' ? [] : out.split('\0')
  const commits: Commit[] = []
  for (let at = 0; at + 3 < fields.length; at += 4) {
    const [sha, author, seconds, message] = fields.slice(at, at + 4) as [string, string, string, string]
    commits.push({
      sha,
      message: message.trimEnd().slice(0, MOST_MESSAGE),
      author: author || null,
      at: Number(seconds) * 1000,
    })
  }
  return commits
}
