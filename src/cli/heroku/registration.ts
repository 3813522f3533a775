import { lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, sep } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { PLUGIN_FOLDER, PLUGIN_NAME } from './plugin.ts'

interface Plugin {
  readonly name: string
  readonly type: string
  readonly url?: string
}

/** What the `heroku` command line keeps of a user's plugins, as far as we touch it. */
interface Packages {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly oclif?: { readonly schema?: number; readonly plugins?: readonly (Plugin | string)[] }
}

/** Packages as that command line begins them. */
const FRESH: Packages & { private: boolean } = {
  private: true,
  dependencies: {},
  oclif: { schema: 1, plugins: [] },
}

/** The list of plugins of that user's `heroku` command line. */
export function packagesFile(env: NodeJS.ProcessEnv): string {
  return join(dataFolder(env), 'package.json')
}

/** Whether the plugin stands in that list. */
export async function isRegistered(env: NodeJS.ProcessEnv): Promise<boolean> {
  const packages = await read(packagesFile(env))
  return pluginsOf(packages).some(isOurs)
}

/**
 * Puts the plugin into that list, as `heroku plugins:install file:FOLDER` would, but without asking a registry.
 * Repeatable. Throws `conflict` when there is something else of its name, `invalid_params` when the list can't be read.
 */
export async function register(env: NodeJS.ProcessEnv): Promise<void> {
  refuseCache(PLUGIN_FOLDER)
  const file = packagesFile(env)
  const packages = (await read(file)) ?? FRESH
  const url = `file:${PLUGIN_FOLDER}`
  await link(env)
  await write(file, {
    ...packages,
    dependencies: { ...packages.dependencies, [PLUGIN_NAME]: url },
    oclif: {
      ...packages.oclif,
      plugins: [...others(packages), { name: PLUGIN_NAME, type: 'user', url }],
    },
  })
}

/** Takes it out again; false when it was not there. */
export async function unregister(env: NodeJS.ProcessEnv): Promise<boolean> {
  const file = packagesFile(env)
  const packages = await read(file)
  const there = pluginsOf(packages).some(isOurs)
  if (packages !== null && there) {
    const { [PLUGIN_NAME]: _ours, ...dependencies } = packages.dependencies ?? {}
    await write(file, { ...packages, dependencies, oclif: { ...packages.oclif, plugins: others(packages) } })
  }
  if (await isLink(linkOf(env))) await rm(linkOf(env))
  return there
}

function dataFolder(env: NodeJS.ProcessEnv): string {
  const home = env.HOME || homedir()
  const base =
    env.XDG_DATA_HOME || (process.platform === 'win32' && env.LOCALAPPDATA) || join(home, '.local/share')
  return env.HEROKU_DATA_DIR || join(base, 'heroku')
}

function pluginsOf(packages: Packages | null): readonly (Plugin | string)[] {
  return packages?.oclif?.plugins ?? []
}

function isOurs(plugin: Plugin | string): boolean {
  return (typeof plugin === 'string' ? plugin : plugin.name) === PLUGIN_NAME
}

function others(packages: Packages): (Plugin | string)[] {
  return pluginsOf(packages).filter((plugin) => !isOurs(plugin))
}

function linkOf(env: NodeJS.ProcessEnv): string {
  return join(dataFolder(env), 'node_modules', PLUGIN_NAME)
}

async function link(env: NodeJS.ProcessEnv): Promise<void> {
  const path = linkOf(env)
  const there = await lstat(path).catch(absent)
  if (there !== null && !there.isSymbolicLink()) {
    throw new TasukiError('conflict', `${path} is there already, and not ours.`, {
      next: `Remove it with \`heroku plugins:uninstall ${PLUGIN_NAME}\`, then try again.`,
    })
  }
  if (there !== null) await rm(path)
  await mkdir(dirname(path), { recursive: true })
  await symlink(PLUGIN_FOLDER, path, 'dir')
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(absent))?.isSymbolicLink() ?? false
}

/** What npx runs lies in a cache that is cleared one day: the plugin would be gone, and Heroku be talked to instead. */
function refuseCache(folder: string): void {
  if (!folder.split(sep).includes('_npx')) return
  throw new TasukiError('bad_request', 'This tasuki runs out of the cache of npx.', {
    next: 'Install it first, for example with `npm install --global tasuki`.',
  })
}

async function read(file: string): Promise<Packages | null> {
  const text = await readFile(file, 'utf8').catch(absent)
  if (text === null) return null
  try {
    return JSON.parse(text) as Packages
  } catch (cause) {
    throw new TasukiError('invalid_params', `${file} is not JSON.`, {
      cause,
      next: 'Mend or remove that file, then try again.',
    })
  }
}

async function write(file: string, packages: Packages): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}`
  await writeFile(fresh, `${JSON.stringify(packages, null, 2)}\n`)
  await rename(fresh, file)
}

function absent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null
  throw error
}
