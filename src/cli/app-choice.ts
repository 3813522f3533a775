import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { TasukiError } from '../domain/errors.ts'

/** Where an app's name was found, so that messages can say it. */
export interface ChosenApp {
  readonly name: string
  readonly from: 'flag' | 'environment' | 'file' | 'remote'
}

/**
 * The app that a command is about: `--app`, TASUKI_APP, a `.tasuki` file here or above, or the Git remote named `tasuki`.
 * Throws `bad_request` when none of them names one.
 */
export async function chooseApp(
  flag: string | undefined,
  env: NodeJS.ProcessEnv,
  directory: string,
): Promise<ChosenApp> {
  if (flag) return { name: flag, from: 'flag' }
  if (env.TASUKI_APP) return { name: env.TASUKI_APP, from: 'environment' }
  const file = await nameInFile(directory)
  if (file) return { name: file, from: 'file' }
  const remote = await nameOfRemote(directory, 'tasuki')
  if (remote) return { name: remote, from: 'remote' }
  throw new TasukiError('bad_request', 'No app was named.', {
    next: 'Add `-a APP`, set TASUKI_APP, or write the name into a file `.tasuki` here.',
  })
}

/** The app that a Git remote of this directory's repository leads to. Throws `bad_request` when there is none of that name. */
export async function appOfRemote(remote: string, directory: string): Promise<string> {
  const name = await nameOfRemote(directory, remote)
  if (name !== null) return name
  throw new TasukiError('bad_request', `There is no Git remote "${remote.slice(0, 60)}" here.`, {
    next: '`git remote -v` lists them; `tasuki git:remote` adds one. Or name the app with -a.',
  })
}

async function nameInFile(directory: string): Promise<string | null> {
  for (let at = directory; ; at = dirname(at)) {
    const text = await readFile(join(at, '.tasuki'), 'utf8').catch(nothing)
    if (text?.trim()) return text.trim()
    if (at === dirname(at)) return null
  }
}

/** The last part of the remote's address: `http://host:5999/my-app.git` → `my-app`. */
async function nameOfRemote(directory: string, remote: string): Promise<string | null> {
  const git = promisify(execFile)('git', ['-C', directory, 'config', '--get', `remote.${remote}.url`])
  const { stdout } = await git.catch(() => ({ stdout: '' }))
  return /([^/:]+?)(?:\.git)?\/?$/.exec(stdout.trim())?.[1] ?? null
}

function nothing(error: NodeJS.ErrnoException): null {
  if (['ENOENT', 'EISDIR', 'ENOTDIR', 'EACCES'].includes(error.code ?? '')) return null
  throw error
}
