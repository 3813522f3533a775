import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppEnvironment } from '../domain/app-json/environments.ts'
import type { AppJson } from '../domain/app-json.ts'
import type { Artifact, Manifest } from '../domain/artifact.ts'
import type { BuildRequest } from '../domain/build.ts'
import { TasukiError } from '../domain/errors.ts'
import { parseProcfile } from '../domain/procfile.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import { PLATFORM_DIR, SLUG_NOTE, type SlugNote } from '../domain/slug.ts'
import { type BenchParts, makeBench } from './bench.ts'
import type { AppBuilder, Built, Source } from './builders/builder.ts'
import { staticRootOf } from './builders/static.ts'
import { addLauncher } from './launcher.ts'
import { cacheKey } from './slug/cache-index.ts'
import { sealInWorker } from './slug/seal-in-worker.ts'
import { type Look, readOwnFile } from './source/look.ts'
import { addStaticServer, staticCommand } from './static-server/install.ts'
import { appPath, type Toolchain } from './toolchain/toolchain.ts'
import { giveTo, isDiskFull } from './workshop.ts'

/** Rises when the same source would give another artifact for reasons outside the builders. */
const RECIPE = 2

/** What is to be made of a source, decided before anything of it runs. */
export interface SlugPlan {
  readonly source: Source
  readonly builder: AppBuilder
  readonly appJson: Look['appJson']
  readonly shape: Shape
}

/** What an artifact tells of itself. */
interface Shape {
  readonly processTypes: Readonly<Record<string, string>>
  readonly manifest: Manifest
  /** What it is built for, where that makes another artifact than one that serves. */
  readonly environment: AppEnvironment | null
  /** Folder that our file server serves; null when the app's web is its own. */
  readonly staticRoot: string | null
}

/** Decides process types and settings; throws `build_failed`, `invalid_app_json`. */
export function planSlug(
  { source, appJson }: Look,
  builder: AppBuilder,
  { environment }: Pick<BuildRequest, 'environment'> = {},
): SlugPlan {
  const tested = environment === 'test'
  const shape = tested
    ? testShape(source, appJson)
    : shapeOf(builder.processTypes(source), builder, source, appJson)
  return { source, builder, appJson, shape }
}

/** What is only tested need not run. Without a test script in app.json, that of package.json counts. */
function testShape(source: Source, appJson: Look['appJson']): Shape {
  const { manifest } = appJson([...new Set([ROUTABLE_TYPE, ...Object.keys(source.procfile ?? {})])])
  const usual: Record<string, string> = source.packageJson?.scripts.test ? { test: 'npm test' } : {}
  return {
    processTypes: source.procfile ?? {},
    manifest: { ...manifest, scripts: { ...usual, ...manifest.scripts } },
    environment: 'test',
    staticRoot: null,
  }
}

function shapeOf(
  own: Readonly<Record<string, string>>,
  builder: AppBuilder | null,
  source: Source,
  appJson: (types: readonly string[]) => AppJson,
): Shape {
  const staticRoot = own[ROUTABLE_TYPE] === undefined ? staticRootFor(source, builder) : null
  const processTypes = staticRoot === null ? own : { [ROUTABLE_TYPE]: staticCommand(staticRoot), ...own }
  const { manifest, environment } = appJson([...new Set([ROUTABLE_TYPE, ...Object.keys(processTypes)])])
  return { processTypes, manifest, environment, staticRoot }
}

/** An app with a program of its own has its files served only when app.json asks for it. */
function staticRootFor(source: Source, builder: AppBuilder | null): string | null {
  return builder?.name === 'static' ? staticRootOf(source) : source.staticRoot
}

/** Names everything that the slug depends on. Only the commit is not among it. Null: it is made anew each time. */
export async function slugKey(
  { source, builder, shape }: SlugPlan,
  { env }: { env: Readonly<Record<string, string>> },
  toolchain: Toolchain,
): Promise<string | null> {
  if (builder.atAppPath) return null
  const { digest } = await sealInWorker(source.dir)
  return cacheKey({
    recipe: RECIPE,
    source: digest,
    builder: [builder.name, builder.version],
    toolchain: toolchain.bin,
    config: builder.runsCommands ? Object.entries(env).sort() : [],
    ...(shape.environment === null ? {} : { environment: shape.environment }),
  })
}

/** Builds, and leaves a sealed tree in the workplace's source folder, which the artifact describes. */
export async function makeSlug(plan: SlugPlan, parts: BenchParts): Promise<Artifact> {
  const { work, toolchain, commit, log, signal } = parts
  const late = plan.builder.atAppPath === true
  if (!late) warn(plan.shape.manifest, log)
  await giveTo(work.user, work.source, work.home, work.temp)
  const built = await plan.builder.build(plan.source, makeBench(parts))
  signal.throwIfAborted()
  await refuseFullDisk(work.source)
  const shape = built ? await shapeAfter(plan, built) : plan.shape
  if (late) warn(shape.manifest, log)
  await addPlatformFiles(plan, shape, parts)
  const seal = await sealInWorker(work.source)
  for (const path of seal.removed) log(` !     ${path} is no file and was left out`)
  log(
    `-----> Artifact ${seal.digest.slice(0, 19)}: ${seal.files} files, ${(seal.bytes / 2 ** 20).toFixed(1)} MiB`,
  )
  return {
    digest: seal.digest,
    kind: 'slug',
    size: seal.bytes,
    commit,
    processTypes: shape.processTypes,
    manifest: shape.manifest,
    builder: plan.builder.name,
    env:
      built && shape.staticRoot === null ? built.env : { PATH: appPath(toolchain), NODE_ENV: 'production' },
  }
}

function warn({ warnings }: Manifest, log: (line: string) => void): void {
  for (const warning of warnings) log(` !     app.json: ${warning}`)
}

/** The Procfile, which a buildpack may have made, wins over what the buildpack would run; app.json over its config. */
async function shapeAfter({ source, appJson, shape: before }: SlugPlan, built: Built): Promise<Shape> {
  const text = await readOwnFile(source.dir, 'Procfile')
  const own = { ...built.defaults, ...(text === null ? {} : parseProcfile(text)) }
  if (before.environment === 'test') return before
  const shape = shapeOf(own, built.last, source, appJson)
  if (Object.keys(shape.processTypes).length === 0) {
    throw new TasukiError(
      'build_failed',
      'There is nothing to run: no Procfile, and no process type by a buildpack.',
      {
        next: 'Add a Procfile with a line such as `web: COMMAND`, and deploy again.',
      },
    )
  }
  const defaults = Object.entries(built.config).map(
    ([key, value]) => [key, { value, ...ASKED_BY_BUILDPACK }] as const,
  )
  const env = { ...Object.fromEntries(defaults), ...shape.manifest.env }
  return { ...shape, manifest: { ...shape.manifest, env } }
}

const ASKED_BY_BUILDPACK = { required: false, generator: null, description: null } as const

/** A script may have failed to write and yet ended with status 0. */
async function refuseFullDisk(path: string): Promise<void> {
  if (await isDiskFull(path))
    throw new TasukiError('disk_full', 'No space was left on the disk after the build.')
}

/** What ran in the build may have put anything under this name, so it is made afresh. */
async function addPlatformFiles(
  { source, builder }: SlugPlan,
  { processTypes, environment, staticRoot }: Shape,
  { toolchain, sandbox }: BenchParts,
) {
  const dir = join(source.dir, PLATFORM_DIR)
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir)
  const launcher = await addLauncher(source.dir, { homeIsRoot: builder.atAppPath === true })
  const note: SlugNote = { ...(sandbox ? { atAppPath: true } : {}), ...(launcher ? { launcher } : {}) }
  // Part of the digest, because another manifest makes another artifact.
  const made = environment === null ? {} : { environment }
  const content = { builder: builder.name, toolchain: toolchain.name, processTypes, ...made, ...note }
  await writeFile(join(source.dir, SLUG_NOTE), `${JSON.stringify(content, null, 2)}\n`)
  if (staticRoot === null) return
  await refuseMissing(join(source.dir, staticRoot), staticRoot)
  await addStaticServer(source.dir)
}

async function refuseMissing(path: string, root: string): Promise<void> {
  const stats = await stat(path).catch(() => null)
  if (stats?.isDirectory()) return
  throw new TasukiError('build_failed', `There is no folder "${root}" to serve after the build.`, {
    next: 'Correct `tasuki.static` in app.json, or the build script that makes the folder.',
  })
}

/** The name of the toolchain that a slug runs with. */
export async function toolchainOf(tree: string): Promise<string> {
  const { toolchain } = JSON.parse(await readFile(join(tree, SLUG_NOTE), 'utf8'))
  return toolchain
}
