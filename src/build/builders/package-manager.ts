import { access, constants, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { SYSTEM_PATH } from '../toolchain/toolchain.ts'
import type { Bench, Source } from './builder.ts'

type Argv = readonly [string, ...string[]]

/** The commands of the tool that wrote the lock file. */
export interface PackageManager {
  readonly install: Argv
  /** The name of a script is added. */
  readonly run: Argv
  /** Takes development packages away; null when the tool can not, without installing anew. */
  readonly prune: Argv | null
}

const NPM_PRUNE: Argv = ['npm', 'prune', '--omit=dev', '--ignore-scripts']
const NPM_CI: PackageManager = {
  install: ['npm', 'ci', '--include=dev', '--prefer-offline'],
  run: ['npm', 'run'],
  prune: NPM_PRUNE,
}
const NPM_INSTALL: PackageManager = {
  ...NPM_CI,
  install: ['npm', 'install', '--include=dev', '--no-package-lock'],
}
const YARN_CLASSIC: PackageManager = {
  install: ['yarn', 'install', '--frozen-lockfile', '--production=false', '--non-interactive'],
  run: ['yarn', 'run'],
  prune: ['yarn', 'install', '--frozen-lockfile', '--production', '--ignore-scripts', '--prefer-offline'],
}
const YARN_BERRY: PackageManager = {
  install: ['yarn', 'install', '--immutable'],
  run: ['yarn', 'run'],
  prune: null,
}
const PNPM: PackageManager = {
  install: ['pnpm', 'install', '--frozen-lockfile', '--prod=false'],
  run: ['pnpm', 'run'],
  prune: ['pnpm', 'prune', '--prod', '--ignore-scripts'],
}

export const LOCK_FILES = ['package-lock.json', 'npm-shrinkwrap.json', 'yarn.lock', 'pnpm-lock.yaml'] as const

/** The tool that the lock file belongs to; throws `build_failed` when there are several, or the tool is missing here. */
export async function packageManagerOf(source: Source, bench: Bench): Promise<PackageManager> {
  const locks = LOCK_FILES.filter((name) => source.names.has(name))
  const tools = new Set(locks.map(toolOf))
  if (tools.size > 1) {
    throw new TasukiError('build_failed', `There are lock files of several tools: ${locks.join(', ')}.`, {
      next: 'Keep the one of the tool that you use, and deploy again.',
    })
  }
  const tool = [...tools][0] ?? 'npm'
  await refuseMissing(tool, locks[0], bench)
  if (tool === 'pnpm') return PNPM
  if (tool === 'yarn') return (await isBerry(source)) ? YARN_BERRY : YARN_CLASSIC
  if (locks.length > 0) return NPM_CI
  bench.log(' !     There is no lock file: the newest fitting versions are installed, other ones each time')
  return NPM_INSTALL
}

function toolOf(lock: (typeof LOCK_FILES)[number]): 'npm' | 'yarn' | 'pnpm' {
  if (lock === 'yarn.lock') return 'yarn'
  return lock === 'pnpm-lock.yaml' ? 'pnpm' : 'npm'
}

async function refuseMissing(tool: string, lock: string | undefined, { toolchain }: Bench): Promise<void> {
  const places = [toolchain.bin, ...SYSTEM_PATH].map((dir) => join(dir, tool))
  const found = await Promise.all(places.map((file) => isProgram(file)))
  if (found.includes(true)) return
  const why = lock ? `The app has a ${lock}, but ${tool}` : tool
  throw new TasukiError('build_failed', `${why} is not installed on this server.`, {
    next: `Install ${tool} on the server for all users${lock ? ', or deploy with a package-lock.json instead' : ''}.`,
  })
}

async function isProgram(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Yarn from version 2 on writes another lock file under the same name. */
async function isBerry(source: Source): Promise<boolean> {
  return (await readFile(join(source.dir, 'yarn.lock'), 'utf8')).includes('\n__metadata:')
}
