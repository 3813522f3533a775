import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { TasukiError } from '../domain/errors.ts'

/** Runs Git in the working directory; what it says, trimmed. Throws `invalid_params` with its complaint. */
export async function git(...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)('git', [...args])
    return stdout.trim()
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: unknown; stderr?: string }
    const said = stderr
      .trim()
      .split('\n')[0]
      ?.replace(/^(fatal|error): /, '')
    const what = code === 'ENOENT' ? 'Git is not installed here.' : `Git refused: ${said}.`
    throw new TasukiError('invalid_params', what, { cause, next: 'See `git help`.' })
  }
}

/** Throws `invalid_params` outside of a Git repository. */
export async function requireRepository(): Promise<void> {
  await git('rev-parse', '--git-dir').catch((error: unknown) => {
    if (!(error instanceof TasukiError) || !error.message.includes('not a git repository')) throw error
    throw new TasukiError('invalid_params', 'This directory is not in a Git repository.', {
      next: 'Go to the repository of the app, or run `git init -b main` first.',
    })
  })
}

/** The value of a setting of this repository alone; null when it has none. */
export async function localSetting(key: string): Promise<string | null> {
  return await git('config', '--local', '--get', key).catch(() => null)
}
