import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Artifact, Manifest } from '../domain/artifact.ts'
import { TasukiError } from '../domain/errors.ts'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import { type BenchParts, makeBench } from './bench.ts'
import type { AppBuilder, Source } from './builders/builder.ts'
import { builderFor } from './builders/index.ts'
import { staticRootOf } from './builders/static.ts'
import { cacheKey } from './slug/cache-index.ts'
import { sealInWorker } from './slug/seal-in-worker.ts'
import type { Look } from './source/look.ts'
import { addStaticServer, PLATFORM_DIR, staticCommand } from './static-server/install.ts'
import { appPath, type Toolchain } from './toolchain/toolchain.ts'
import { giveTo, isDiskFull } from './workshop.ts'

/** Rises when the same source would give another artifact for reasons outside the builders. */
const RECIPE = 1

/** What is to be made of a source, decided before anything of it runs. */
export interface SlugPlan {
  readonly source: Source
  readonly builder: AppBuilder
  readonly processTypes: Readonly<Record<string, string>>
  readonly manifest: Manifest
  /** Folder that our file server serves; null when the app's web is its own. */
  readonly staticRoot: string | null
}

/** Chooses builder, process types and settings; throws `build_failed`, `invalid_app_json`. */
export function planSlug({ source, appJson }: Look): SlugPlan {
  const builder = builderFor(source)
  const own = builder.processTypes(source)
  const staticRoot = own[ROUTABLE_TYPE] === undefined ? staticRootFor(source, builder) : null
  const processTypes = staticRoot === null ? own : { [ROUTABLE_TYPE]: staticCommand(staticRoot), ...own }
  const { manifest } = appJson([...new Set([ROUTABLE_TYPE, ...Object.keys(processTypes)])])
  return { source, builder, processTypes, manifest, staticRoot }
}

/** An app with a program of its own has its files served only when app.json asks for it. */
function staticRootFor(source: Source, builder: AppBuilder): string | null {
  return builder.name === 'static' ? staticRootOf(source) : source.staticRoot
}

/** Names everything that the slug depends on. Only the commit is not among it. */
export async function slugKey(
  { source, builder }: SlugPlan,
  { env }: { env: Readonly<Record<string, string>> },
  toolchain: Toolchain,
): Promise<string> {
  const { digest } = await sealInWorker(source.dir)
  return cacheKey({
    recipe: RECIPE,
    source: digest,
    builder: [builder.name, builder.version],
    toolchain: toolchain.bin,
    config: builder.runsCommands ? Object.entries(env).sort() : [],
  })
}

/** Builds, and leaves a sealed tree in the workplace's source folder, which the artifact describes. */
export async function makeSlug(plan: SlugPlan, parts: BenchParts): Promise<Artifact> {
  const { work, toolchain, commit, log, signal } = parts
  for (const warning of plan.manifest.warnings) log(` !     app.json: ${warning}`)
  await giveTo(work.user, work.source, work.home, work.temp)
  await plan.builder.build(plan.source, makeBench(parts))
  signal.throwIfAborted()
  await refuseFullDisk(work.source)
  await addPlatformFiles(plan, toolchain)
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
    processTypes: plan.processTypes,
    manifest: plan.manifest,
    builder: plan.builder.name,
    env: { PATH: appPath(toolchain), NODE_ENV: 'production' },
  }
}

/** A script may have failed to write and yet ended with status 0. */
async function refuseFullDisk(path: string): Promise<void> {
  if (await isDiskFull(path))
    throw new TasukiError('disk_full', 'No space was left on the disk after the build.')
}

/** What ran in the build may have put anything under this name, so it is made afresh. */
async function addPlatformFiles(
  { source, builder, processTypes, staticRoot }: SlugPlan,
  toolchain: Toolchain,
) {
  const dir = join(source.dir, PLATFORM_DIR)
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir)
  const content = { builder: builder.name, toolchain: toolchain.name, processTypes }
  await writeFile(join(dir, 'slug.json'), `${JSON.stringify(content, null, 2)}\n`)
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
  const { toolchain } = JSON.parse(await readFile(join(tree, PLATFORM_DIR, 'slug.json'), 'utf8'))
  return toolchain
}
