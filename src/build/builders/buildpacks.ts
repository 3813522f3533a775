import { access } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { TasukiError } from '../../domain/errors.ts'
import { failure, LastLines } from '../bench.ts'
import { NO_RELEASE, readRelease } from '../buildpacks/release.ts'
import { stackName } from '../buildpacks/stack.ts'
import { appPath, SYSTEM_PATH } from '../toolchain/toolchain.ts'
import type { AppBuilder, Argv, Bench, Built, Source } from './builder.ts'

/** A buildpack that is there: one of our own builders, or a folder with programs in `bin`, which belongs to the build's user. */
export type Pack =
  | { readonly name: string; readonly own: AppBuilder }
  | { readonly name: string; readonly own: null; readonly dir: string; readonly hasRelease: boolean }

/**
 * Runs buildpacks of the classic kind, one after the other: what each exports, the next ones have. For what is `tested` those
 * that have a `bin/test-compile` run it instead of `bin/compile`.
 */
export function buildpacksBuilder(packs: readonly Pack[], tested = false): AppBuilder {
  return {
    name: 'buildpacks',
    version: 1,
    runsCommands: true,
    atAppPath: true,
    detect: () => true,
    processTypes: (source) => source.procfile ?? {},
    build: (source, bench) => buildWith(packs, tested, source, bench),
  }
}

async function buildWith(
  packs: readonly Pack[],
  tested: boolean,
  source: Source,
  bench: Bench,
): Promise<Built> {
  const exports: string[] = []
  let chain = bench
  for (const pack of packs) {
    if (pack.own) {
      await buildOwn(pack.name, pack.own, source, withExports(bench, exports))
      chain = withNode(bench)
    } else exports.push(await compile(pack, await compilerOf(pack, tested), chain, exports))
  }
  const last = packs.at(-1)!
  const hasNode = packs.some(({ own }) => own !== null)
  const env: Record<string, string> = hasNode
    ? { PATH: appPath(bench.toolchain), NODE_ENV: 'production' }
    : {}
  if (last.own) return { defaults: last.own.processTypes(source), config: {}, env, last: last.own }
  const release = last.hasRelease
    ? await readRelease((answer, log) => program(last, 'release', [], chain, exports, log, answer))
    : NO_RELEASE
  for (const warning of release.warnings) bench.log(` !     ${last.name}: ${warning}`)
  return { defaults: release.processTypes, config: release.config, env, last: null }
}

async function buildOwn(name: string, own: AppBuilder, source: Source, bench: Bench): Promise<void> {
  if (!own.detect(source)) throw notMadeFor(name, 'nothing in its source says so')
  await own.build(source, bench)
}

async function compilerOf(pack: Pack & { own: null }, tested: boolean): Promise<'compile' | 'test-compile'> {
  if (!tested) return 'compile'
  const there = await access(join(pack.dir, 'bin/test-compile')).then(
    () => true,
    () => false,
  )
  return there ? 'test-compile' : 'compile'
}

/** Runs detect and the compiler; returns the file that the next ones are to source, which need not be there. */
async function compile(
  pack: Pack & { own: null },
  compiler: 'compile' | 'test-compile',
  bench: Bench,
  exports: readonly string[],
): Promise<string> {
  const shown: string[] = []
  const detected = new LastLines(() => undefined)
  const status = await program(pack, 'detect', [], bench, exports, detected.take, (line) => shown.push(line))
  if (status !== 0) {
    const said = [...shown, ...detected.lines].slice(-5).join('\n')
    throw notMadeFor(pack.name, `its bin/detect ended with status ${status}${said === '' ? '' : `: ${said}`}`)
  }
  bench.log(`-----> ${shown[0]?.trim() || pack.name} app, by the buildpack ${pack.name}`)
  const last = new LastLines(bench.log)
  const args = [bench.place('cache'), bench.place('config')]
  const compiled = await program(pack, compiler, args, bench, exports, last.take)
  if (compiled !== 0) {
    const what = `The bin/${compiler} of the buildpack ${pack.name}`
    throw await failure(what, compiled, last.lines, bench.home)
  }
  return join(pack.dir, 'export')
}

/** Runs `bin/NAME ROOT ARGS…` of a buildpack, after what the earlier ones have exported; resolves with its status. */
function program(
  pack: Pack & { own: null },
  name: 'detect' | 'compile' | 'test-compile' | 'release',
  args: readonly string[],
  bench: Bench,
  exports: readonly string[],
  log: (line: string) => void,
  answer?: (line: string) => void,
): Promise<number> {
  const argv: Argv = [join(pack.dir, 'bin', name), bench.root, ...args]
  return bench.exec({
    argv: sourcing(exports, argv),
    env: packEnv(bench),
    log,
    ...(answer ? { answer } : {}),
  })
}

/** As Heroku has it: config vars are no variables of a buildpack, but files in its third argument. */
function packEnv(bench: Bench): Record<string, string> {
  return {
    LANG: 'C.UTF-8',
    PATH: SYSTEM_PATH.join(':'),
    ...bench.base,
    HOME: bench.home,
    TMPDIR: bench.temp,
    STACK: bench.config.STACK ?? stackName(),
    REQUEST_ID: bench.id,
    SOURCE_VERSION: bench.commit ?? '',
  }
}

/** Our own builders export their Node, as a buildpack would. */
function withNode(bench: Bench): Bench {
  const path = [join(bench.root, 'node_modules/.bin'), bench.toolchain.bin, ...SYSTEM_PATH]
  return { ...bench, base: { ...bench.base, PATH: path.join(':') } }
}

function withExports(bench: Bench, exports: readonly string[]): Bench {
  return { ...bench, run: (argv) => bench.run(argv, sourcing(exports, argv)) }
}

const SOURCE_AND_RUN = `
files=$1
shift
while [ "$files" -gt 0 ]; do
  files=$((files - 1))
  exported=$1
  shift
  [ ! -f "$exported" ] || . "$exported" || exit
done
unset files exported
exec "$@"`

/** A command line that has a shell read these files first, as far as they are there. */
function sourcing(exports: readonly string[], argv: Argv): Argv {
  if (exports.length === 0) return argv
  return ['bash', '-c', SOURCE_AND_RUN, basename(argv[0]), String(exports.length), ...exports, ...argv]
}

function notMadeFor(name: string, why: string): TasukiError {
  return new TasukiError('build_failed', `The app is not made for the buildpack ${name}: ${why}.`, {
    next: 'Is it the right folder? Else remove the buildpack with `tasuki buildpacks:remove`, and deploy again.',
  })
}
