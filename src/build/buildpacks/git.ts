import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { networkEnv } from '../bench.ts'
import { runCommand } from '../process/command.ts'
import { SYSTEM_PATH } from '../toolchain/toolchain.ts'
import { giveTo, noteGroup, type Workplace } from '../workshop.ts'

/** Thrown when Git could not do it: the last that it said. */
export class GitError extends Error {}

const SETTINGS = ['core.hooksPath=/dev/null', 'core.fsmonitor=false']
const COMMIT = /^[0-9a-f]{40}$/

/**
 * Git on a strange repository: as the build's user, with none of the machine's or the repository's settings, hooks or filters,
 * and nobody who could be asked for a password.
 */
export class StrangeGit {
  readonly #url: string
  readonly #work: Workplace
  readonly #signal: AbortSignal

  constructor(url: string, work: Workplace, signal: AbortSignal) {
    this.#url = url
    this.#work = work
    this.#signal = signal
  }

  /** The commit that the branch, tag or whole commit id names now. Throws `GitError`. */
  async resolve(ref: string | null): Promise<string> {
    if (ref !== null && COMMIT.test(ref)) return ref
    // A branch goes before a tag of the same name; of a tag with a message, the commit behind it counts.
    const names = ref === null ? ['HEAD'] : [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`]
    const lines = await this.#git(['ls-remote', '--quiet', this.#url, ...names])
    const found = new Map(lines.map((line) => line.split('\t').reverse() as [string, string]))
    const commit = names.map((name) => found.get(name)).find((one) => one !== undefined)
    if (commit !== undefined && COMMIT.test(commit)) return commit
    throw new GitError(ref === null ? 'it is empty' : `it has no branch or tag "${ref}"`)
  }

  /** Puts the files of a commit into a new folder below the workplace, and returns its path. Throws `GitError`. */
  async take(commit: string): Promise<string> {
    const dir = join(this.#work.place, 'fetched')
    await rm(dir, { recursive: true, force: true })
    await mkdir(dir)
    await giveTo(this.#work.user, dir)
    const here = ['-C', dir]
    await this.#git([...here, 'init', '--quiet', '--template='])
    await this.#git([
      ...here,
      'fetch',
      '--quiet',
      '--depth=1',
      '--no-tags',
      '--no-recurse-submodules',
      this.#url,
      commit,
    ])
    await this.#git([...here, 'checkout', '--quiet', '--detach', 'FETCH_HEAD'])
    await rm(join(dir, '.git'), { recursive: true })
    return dir
  }

  /** The lines that a command of Git answers with. */
  async #git(args: readonly string[]): Promise<string[]> {
    const answer: string[] = []
    const errors: string[] = []
    const status = await runCommand({
      argv: ['git', ...SETTINGS.flatMap((setting) => ['-c', setting]), ...this.#redirects(), ...args],
      cwd: this.#work.home,
      env: await this.#env(),
      user: this.#work.user,
      log: (line) => void errors.push(line),
      answer: (line) => void answer.push(line),
      signal: this.#signal,
      started: (group) => noteGroup(this.#work, group),
    }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'ENOENT' ? new GitError('git is not installed on the server') : error
    })
    if (status === 0) return answer
    throw new GitError(
      errors
        .filter((line) => line.trim() !== '')
        .slice(-3)
        .join(' ') || `status ${status}`,
    )
  }

  /** A server on this machine could lead to others in its network. */
  #redirects(): string[] {
    return this.#url.startsWith('http:') ? ['-c', 'http.followRedirects=false'] : []
  }

  async #env(): Promise<Record<string, string>> {
    const config = join(this.#work.place, 'gitconfig')
    // A repository on this machine belongs to somebody else; what it says is not trusted anyway.
    await writeFile(config, '[safe]\n\tdirectory = *\n', { mode: 0o644 })
    return {
      ...networkEnv(),
      PATH: SYSTEM_PATH.join(':'),
      HOME: this.#work.home,
      LANG: 'C.UTF-8',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: config,
      GIT_TERMINAL_PROMPT: '0',
      GIT_ASKPASS: '/bin/false',
      // Also what a redirect may lead to: from TLS to nothing without.
      GIT_ALLOW_PROTOCOL: new URL(this.#url).protocol.slice(0, -1),
    }
  }
}
