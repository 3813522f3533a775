import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { TasukiError } from '../../domain/errors.ts'
import type { TasukiSource } from './target.ts'

/** The root of Tasuki itself, also where it has been built. */
const HERE = resolve(import.meta.dirname, '../../..')
const OWN_ROOTS = [HERE, dirname(HERE)]

/** The root of the Git repository that a directory is in; the directory itself outside of one. */
export async function projectRoot(directory: string): Promise<string> {
  return (await ask(directory, 'rev-parse', '--show-toplevel')) ?? resolve(directory)
}

/** The branch that is checked out; null outside of a repository, or between branches. */
export async function currentBranch(root: string): Promise<string | null> {
  return await ask(root, 'symbolic-ref', '--short', 'HEAD')
}

/** `acme/shop`, when the remote `origin` is at GitHub. */
export async function githubName(root: string): Promise<string | null> {
  return nameAtGithub((await ask(root, 'config', '--get', 'remote.origin.url')) ?? '')
}

export async function hasFile(root: string, path: string): Promise<boolean> {
  return await stat(join(root, path)).then(
    (found) => found.isFile(),
    () => false,
  )
}

/**
 * Where the jobs of CI get Tasuki from: what was given as `OWNER/NAME@REF` or `URL@REF`, else what this very copy was
 * cloned from, at its commit. Nothing is guessed: whoever owns that repository gets the token of the server. Throws
 * `bad_request` when it is not known, and `invalid_params` for what is neither form.
 */
export async function tasukiSource(given: string | undefined): Promise<TasukiSource> {
  if (given !== undefined) return parsed(given)
  for (const root of OWN_ROOTS) {
    const url = await ownRepository(root)
    const ref = await ask(root, 'rev-parse', 'HEAD')
    if (url !== null && ref !== null) return { github: nameAtGithub(url), url, ref }
  }
  throw new TasukiError('bad_request', 'Where the jobs are to get Tasuki from is not known.', {
    next: 'Name the repository that you have it from, or your own copy: `--tasuki OWNER/NAME@REF` or `--tasuki URL@REF`.',
  })
}

/** What package.json says, else the remote that this copy was cloned from, if a job of CI can reach it. */
async function ownRepository(root: string): Promise<string | null> {
  const text = await readFile(join(root, 'package.json'), 'utf8').catch(() => null)
  if (text === null) return null
  const { name, repository } = JSON.parse(text) as { name?: string; repository?: string | { url?: string } }
  if (name !== 'tasuki') return null
  const said = typeof repository === 'string' ? repository : repository?.url
  const url = said ?? (await ask(root, 'config', '--get', 'remote.origin.url')) ?? ''
  const cleaned = url.replace(/^git\+/, '').replace(/^git@([^:/]+):/, 'https://$1/')
  return URL.canParse(cleaned) && cleaned.startsWith('https://') ? withoutUser(cleaned) : null
}

function withoutUser(text: string): string {
  const url = new URL(text)
  url.username = ''
  url.password = ''
  return url.href
}

function parsed(given: string): TasukiSource {
  const [, place = '', ref = ''] = /^(.+)@([A-Za-z0-9][\w./-]*)$/.exec(given) ?? []
  if (/^[\w.-]+\/[\w.-]+$/.test(place)) return { github: place, url: `https://github.com/${place}.git`, ref }
  if (/^(https|ssh|file):\/\/[^\s'"`$\\]+$/.test(place))
    return { github: nameAtGithub(place), url: place, ref }
  throw new TasukiError(
    'invalid_params',
    `"${given.slice(0, 100)}" does not name a repository and a commit.`,
    {
      next: 'Give `OWNER/NAME@REF` for one at GitHub, else `https://HOST/PATH.git@REF`.',
    },
  )
}

function nameAtGithub(url: string): string | null {
  return (
    /^(?:https:\/\/(?:[^/@]+@)?|ssh:\/\/git@|git@)github\.com[/:]([\w.-]+\/[\w.-]+?)(?:\.git)?\/?$/.exec(
      url,
    )?.[1] ?? null
  )
}

async function ask(directory: string, ...args: readonly string[]): Promise<string | null> {
  const asked = promisify(execFile)('git', ['-C', directory, ...args])
  return await asked.then(
    ({ stdout }) => stdout.trim() || null,
    () => null,
  )
}
