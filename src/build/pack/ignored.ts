import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'

/** Never part of a source, whatever the ignore files say. */
const NEVER = new Set(['.git', 'node_modules'])

/** The rules of one folder's ignore files, for paths below it. */
interface Rules {
  /** Path of the folder from the root, with a slash at the end; '' for the root. */
  readonly base: string
  readonly matcher: Ignore
}

/** What .gitignore files (in any folder) and .slugignore (in the root) leave out. The deepest file that speaks wins. */
export class Ignored {
  readonly #root: string
  readonly #rules: readonly Rules[]

  private constructor(root: string, rules: readonly Rules[]) {
    this.#root = root
    this.#rules = rules
  }

  static async of(root: string): Promise<Ignored> {
    const slugignore = await rulesOf(root, '', '.slugignore')
    return new Ignored(root, slugignore).below('')
  }

  /** The rules inside a folder, given by its path with a slash at the end. */
  async below(folder: string): Promise<Ignored> {
    return new Ignored(this.#root, [...this.#rules, ...(await rulesOf(this.#root, folder, '.gitignore'))])
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

async function rulesOf(root: string, folder: string, name: string): Promise<Rules[]> {
  try {
    const text = await readFile(join(root, folder, name), 'utf8')
    return [{ base: folder, matcher: ignore().add(text) }]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
