import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheKey } from '../slug/cache-index.ts'
import type { Bench, PackageJson, Source } from './builder.ts'
import { LOCK_FILES } from './package-manager.ts'

/** Scripts that may make the installed packages depend on files other than the lock. */
const TELLING_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare', 'heroku-prebuild']

/** Puts the packages of the last build into the source when they must be the same; says whether it did. */
export async function restoreModules(source: Source, bench: Bench): Promise<boolean> {
  const kept = await placeOf(source, bench)
  if (kept === null || !(await exists(kept))) return false
  await bench.run(['cp', '-a', kept, join(source.dir, 'node_modules')])
  return true
}

/** Keeps freshly installed packages for the next build, in place of those kept before. */
export async function keepModules(source: Source, bench: Bench): Promise<void> {
  const place = await placeOf(source, bench)
  const modules = join(source.dir, 'node_modules')
  if (place === null || !(await exists(modules))) return
  const parent = join(bench.cacheDir, 'modules')
  await bench.run(['rm', '-rf', parent])
  await bench.run(['mkdir', '-p', parent])
  await bench.run(['cp', '-a', modules, `${place}.new`])
  await bench.run(['mv', `${place}.new`, place])
}

/** Where these packages would be kept: named by all they depend on; null when that is not the lock file alone. */
async function placeOf(source: Source, bench: Bench): Promise<string | null> {
  const lock = LOCK_FILES.find((name) => source.names.has(name))
  if (lock === undefined || !dependsOnLockOnly(source)) return null
  const { dependencies, devDependencies, optionalDependencies, raw } = source.packageJson!
  const key = cacheKey({
    lock: await readFile(join(source.dir, lock), 'utf8'),
    npmrc: source.names.has('.npmrc') ? await readFile(join(source.dir, '.npmrc'), 'utf8') : null,
    packages: [dependencies, devDependencies, optionalDependencies, raw.overrides, raw.allowScripts],
    config: bench.config,
    toolchain: bench.toolchain.name,
    platform: [process.platform, process.arch],
  })
  return join(bench.cacheDir, 'modules', key)
}

function dependsOnLockOnly({ packageJson, names }: Source): boolean {
  const { scripts, hasWorkspaces } = packageJson!
  if (hasWorkspaces || names.has('binding.gyp') || names.has('node_modules')) return false
  return !TELLING_SCRIPTS.some((name) => scripts[name] !== undefined) && !hasLocalPackages(packageJson!)
}

function hasLocalPackages({ dependencies, devDependencies, optionalDependencies }: PackageJson): boolean {
  return [dependencies, devDependencies, optionalDependencies]
    .flatMap((packages) => Object.values(packages))
    .some((spec) => /^(file:|link:|portal:|workspace:|[./~])/.test(spec))
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
