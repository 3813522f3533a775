import { lstat, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AppEnvironment } from '../../domain/app-json/environments.ts'
import { type AppJson, parseAppJson } from '../../domain/app-json.ts'
import { EMPTY_MANIFEST } from '../../domain/artifact.ts'
import { TasukiError } from '../../domain/errors.ts'
import { parseProcfile } from '../../domain/procfile.ts'
import type { PackageJson, Source } from '../builders/builder.ts'

const MOST_BYTES = 4 * 1024 * 1024

/** A source, and the text of its app.json, which can only be read whole once the process types are known. */
export interface Look {
  readonly source: Source
  readonly appJson: (types: readonly string[]) => AppJson
}

/**
 * Looks at an unpacked source, of which nothing has run yet, as it is for that environment. Throws `invalid_procfile`, `invalid_app_json`, and
 * `invalid_source` for a bad package.json.
 */
export async function lookAt(dir: string, environment: AppEnvironment | null = null): Promise<Look> {
  const names = new Set(await readdir(dir))
  const procfile = await readText(dir, 'Procfile', names)
  const appJsonText = await readText(dir, 'app.json', names)
  const packageText = await readText(dir, 'package.json', names)
  const appJson = (types: readonly string[]): AppJson =>
    appJsonText === null
      ? { manifest: withDefaults(types), staticRoot: null, build: null, environment: null }
      : parseAppJson(appJsonText, types, environment)
  const source = {
    dir,
    names,
    procfile: procfile === null ? null : parseProcfile(procfile),
    packageJson: packageText === null ? null : parsePackageJson(packageText),
    staticRoot: appJson([]).staticRoot,
    indexFolders: await indexFolders(dir, names),
  }
  return { source, appJson }
}

function withDefaults(types: readonly string[]): AppJson['manifest'] {
  return { ...EMPTY_MANIFEST, settings: parseAppJson('{}', types).manifest.settings }
}

async function readText(dir: string, name: string, names: ReadonlySet<string>): Promise<string | null> {
  if (!names.has(name)) return null
  const file = join(dir, name)
  const stats = await stat(file).catch(() => null)
  if (!stats?.isFile()) throw new TasukiError('invalid_source', `${name} is not a file.`)
  if (stats.size > MOST_BYTES) throw new TasukiError('invalid_source', `${name} has ${stats.size} bytes.`)
  return readFile(file, 'utf8')
}

/**
 * The text of a file in the root, or null without one, when commands have run in the tree: a link, which could lead to a file
 * that only the server may read, is refused with `invalid_source`.
 */
export async function readOwnFile(dir: string, name: string): Promise<string | null> {
  const names = new Set(await readdir(dir))
  if (names.has(name) && (await lstat(join(dir, name))).isSymbolicLink())
    throw new TasukiError('invalid_source', `After the build, ${name} is a link and not a file.`)
  return readText(dir, name, names)
}

async function indexFolders(dir: string, names: ReadonlySet<string>): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    [...names].map((name) => stat(join(dir, name, 'index.html')).catch(() => null)),
  )
  return new Set([...names].filter((_, index) => found[index]?.isFile()))
}

function parsePackageJson(text: string): PackageJson {
  const raw = parseObject(text)
  return {
    scripts: strings(raw.scripts),
    dependencies: strings(raw.dependencies),
    devDependencies: strings(raw.devDependencies),
    optionalDependencies: strings(raw.optionalDependencies),
    engines: strings(raw.engines),
    hasWorkspaces: raw.workspaces !== undefined,
    raw,
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch (error) {
    throw new TasukiError('invalid_source', `package.json is not JSON: ${(error as Error).message}.`)
  }
  throw new TasukiError('invalid_source', 'package.json must hold an object.')
}

/** The members that are strings; npm itself says what is wrong with others. */
function strings(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(Object.entries(value).filter(([, member]) => typeof member === 'string'))
}
