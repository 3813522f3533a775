import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { npmSettings } from '../toolchain/npm-settings.ts'
import type { AppBuilder, Bench, PackageJson, Source } from './builder.ts'
import { keepModules, restoreModules } from './modules-cache.ts'
import { type PackageManager, packageManagerOf } from './package-manager.ts'

/** Anything with a package.json: installs what the lock file says, runs the build script, leaves development packages out. */
export const nodeBuilder: AppBuilder = {
  name: 'node',
  version: 1,
  runsCommands: true,
  detect: (source) => source.packageJson !== null,
  processTypes,
  build,
}

/** With a Procfile, what it says; without, `npm start`, as long as there is something that it would start. */
function processTypes(source: Source): Readonly<Record<string, string>> {
  if (source.procfile) return source.procfile
  if (source.staticRoot !== null) return {}
  const { scripts } = source.packageJson!
  if (scripts.start !== undefined || source.names.has('server.js')) return { web: 'npm start' }
  throw new TasukiError('build_failed', 'There is nothing to run: no Procfile, and no start script.', {
    next: 'Add `"start": "node your-file.js"` to the scripts of package.json, or a Procfile.',
  })
}

async function build(source: Source, bench: Bench): Promise<null> {
  const packageJson = source.packageJson!
  noteVersions(packageJson, bench)
  const manager = await packageManagerOf(source, bench)
  const installs = needsInstall(source)
  if (installs) await writeNpmrc(bench)
  await runScript('heroku-prebuild', manager, packageJson, bench)
  if (installs) await install(manager, source, bench)
  else bench.log('-----> No dependencies to install')
  const script = packageJson.scripts['heroku-postbuild'] === undefined ? 'build' : 'heroku-postbuild'
  await runScript(script, manager, packageJson, bench)
  await prune(manager, packageJson, bench)
  await runScript('heroku-cleanup', manager, packageJson, bench)
  return null
}

function noteVersions({ engines }: PackageJson, bench: Bench): void {
  bench.log(`-----> Node app, with ${bench.toolchain.name.replaceAll(/-(?=\d)/g, ' ').replaceAll('-', ', ')}`)
  if (engines.node)
    bench.log(`       engines.node asks for "${engines.node}"; Node ${process.versions.node} is used`)
}

const INSTALL_SCRIPTS = ['preinstall', 'install', 'postinstall', 'prepare']

/** Starting a package manager costs half a second and more: not when it would have nothing to do. */
function needsInstall({ packageJson, names }: Source): boolean {
  const { scripts, hasWorkspaces, dependencies, devDependencies, optionalDependencies } = packageJson!
  const packages = [dependencies, devDependencies, optionalDependencies].flatMap(Object.keys)
  const hasScript = INSTALL_SCRIPTS.some((name) => scripts[name] !== undefined)
  return packages.length > 0 || hasWorkspaces || hasScript || names.has('binding.gyp')
}

async function install(manager: PackageManager, source: Source, bench: Bench): Promise<void> {
  if (await restoreModules(source, bench)) {
    bench.log('-----> Dependencies are unchanged: using those of the last build')
    return
  }
  bench.log(`-----> Installing dependencies: ${manager.install.join(' ')}`)
  await bench.run(manager.install)
  await keepModules(source, bench)
}

async function runScript(
  script: string,
  manager: PackageManager,
  { scripts }: PackageJson,
  bench: Bench,
): Promise<void> {
  if (scripts[script] === undefined) return
  bench.log(`-----> Running the ${script} script`)
  await bench.run([...manager.run, script])
}

async function prune(manager: PackageManager, packageJson: PackageJson, bench: Bench): Promise<void> {
  if (Object.keys(packageJson.devDependencies).length === 0 || manager.prune === null) return
  if (
    bench.config.NPM_CONFIG_PRODUCTION === 'false' ||
    (bench.config.NODE_ENV ?? 'production') !== 'production'
  )
    return
  bench.log('-----> Removing development dependencies')
  await bench.run(manager.prune)
}

/** Readable for the build's user, whatever this process's umask says: it holds no secret. */
async function writeNpmrc(bench: Bench): Promise<void> {
  const file = join(bench.home, '.npmrc')
  await writeFile(file, await npmrc(bench))
  await chmod(file, 0o644)
}

async function npmrc(bench: Bench): Promise<string> {
  const settings = bench.toolchain.hasNpm ? await npmSettings(bench.toolchain) : ''
  const own = ['fund=false', 'audit=false', 'update-notifier=false', 'progress=false']
  return `${settings}${own.join('\n')}\ncache=${join(bench.cacheDir, 'npm')}\n`
}
