import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'

/** Never part of a source, whatever the ignore files say: history, and packages, which the build installs itself. */
const NEVER = new Set(['.git', 'node_modules'])
const IGNORE_FILES = ['.gitignore', '.slugignore']

/** The rules of one folder's ignore files, for paths below it. */
interface Rules {
  /** Path of the folder from the root, with a slash at the end; '' for the root. */
  readonly base: string
  readonly matcher: Ignore
}

/** What .gitignore and .slugignore files leave out. The deepest folder that speaks has the last word, as in Git. */
export class Ignored {
  readonly #root: string
  readonly #rules: readonly Rules[]

  private constructor(root: string, rules: readonly Rules[]) {
    this.#root = root
    this.#rules = rules
  }

  static of(root: string): Promise<Ignored> {
    return new Ignored(root, []).below('')
  }

  /** The rules inside a folder, given by its path with a slash at the end. */
  async below(folder: string): Promise<Ignored> {
    const texts = await Promise.all(IGNORE_FILES.map((name) => textOf(join(this.#root, folder, name))))
    const text = texts.filter((one) => one !== null).join('\n')
    if (text === '') return this
    return new Ignored(this.#root, [...this.#rules, { base: folder, matcher: ignore().add(text) }])
  }

  /** Whether a file, or with a slash at the end a folder, is left out. */
  has(path: string): boolean {
    const name = path.replace(/\/$/, '').split('/').pop()!
    if (NEVER.has(name)) return true
    for (const { base, matcher } of this.#rules.toReversed()) {
      const { ignored, unignored } = matcher.test(path.slice(base.length))
      if (ignored || unignored) return ignored
    }
    return false
  }
}

async function textOf(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EISDIR') return null
    throw error
  })
}
