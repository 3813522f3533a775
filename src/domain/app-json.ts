import { type ImageBuild, readBuild } from './app-json/build.ts'
import { type AppEnvironment, readEnvironments } from './app-json/environments.ts'
import { readHealthchecks } from './app-json/healthchecks.ts'
import { didYouMean, isObject, member, Problems, shown, type Unread } from './app-json/problems.ts'
import { readBuildpacks, readEnv, readFormation, readScripts } from './app-json/sections.ts'
import { type GivenSettings, readSettings } from './app-json/settings.ts'
import type { Manifest } from './artifact.ts'
import { TasukiError } from './errors.ts'
import { ROUTABLE_TYPE } from './release.ts'
import { DEFAULT_SETTINGS, type RolloutSettings } from './settings.ts'

/** What app.json says: what travels with the artifact, and what the build itself needs. */
export interface AppJson {
  readonly manifest: Manifest
  /** `tasuki.static`: the folder of files to serve, relative to the root of the app; null when it is not set. */
  readonly staticRoot: string | null
  /** `build`: how an image is made of it; null where it does not say. */
  readonly build: ImageBuild | null
  /** The environment whose keys have replaced others; null where the document says nothing of the one asked for. */
  readonly environment: AppEnvironment | null
}

/** Top-level keys of Heroku and Dokku, and ours. */
export const TOP_LEVEL_KEYS = [
  '$schema',
  'name',
  'description',
  'keywords',
  'website',
  'repository',
  'logo',
  'success_url',
  'scripts',
  'env',
  'formation',
  'addons',
  'buildpacks',
  'build',
  'environments',
  'stack',
  'image',
  'healthchecks',
  'cron',
  'tasuki',
] as const

/** Taken without complaint from the other platforms, but nothing is done with them. */
const WITHOUT_EFFECT = ['addons', 'cron', 'image']

/** Keys of `tasuki` that are no settings. */
const OTHER_TASUKI_KEYS = ['types', 'static']

const MOST_BYTES = 1024 * 1024

/**
 * Reads app.json. `types` are the process types of the app: each gets its settings, from the defaults, then
 * `healthchecks`, then `tasuki`, then `tasuki.types.TYPE`, the later winning. The keys of `environments.ENVIRONMENT`
 * replace those of the document whole.
 * Throws `invalid_app_json` with everything that is wrong, each with its JSON path, also of the environments that are
 * not asked for. What is merely not known is a warning.
 */
export function parseAppJson(
  text: string,
  types: readonly string[],
  environment: AppEnvironment | null = null,
): AppJson {
  const document = parseJson(text)
  const problems = new Problems()
  const whole = readSections(document, problems)
  const environments = readEnvironments(document.environments, problems, readSections)
  const chosen = environment === null ? undefined : environments.get(environment)
  const { tasuki, health, build, ...manifest } = { ...whole, ...chosen }
  const appJson = {
    manifest: {
      name: manifest.name ?? null,
      ...(manifest.buildpacks?.length ? { buildpacks: manifest.buildpacks } : {}),
      env: manifest.env ?? {},
      formation: manifest.formation ?? {},
      scripts: manifest.scripts ?? {},
      settings: settingsPerType({ ...(tasuki ?? NO_TASUKI), health: health ?? new Map() }, types, problems),
      warnings: problems.warnings,
    },
    staticRoot: tasuki?.staticRoot ?? null,
    build: build ?? null,
    environment: chosen === undefined ? null : environment,
  }
  if (problems.errors.length === 0) return appJson
  throw new TasukiError('invalid_app_json', `In app.json, ${problems.errors.join('; ')}.`, {
    details: { errors: problems.errors },
  })
}

/** What the document, or one of its environments, says; a key that does not stand there is missing. */
interface Sections extends Partial<Pick<Manifest, 'name' | 'env' | 'formation' | 'scripts' | 'buildpacks'>> {
  readonly build?: ImageBuild | null
  readonly tasuki?: TasukiSection
  readonly health?: ReadonlyMap<string, GivenSettings>
}

const NO_TASUKI: TasukiSection = { all: {}, perType: new Map(), staticRoot: null }

function readSections(document: Unread, problems: Problems): Sections {
  warnOfTopLevel(document, problems)
  const { name, build, buildpacks, env, formation, scripts, tasuki, healthchecks } = document
  return {
    ...(tasuki === undefined ? {} : { tasuki: readTasuki(tasuki, problems) }),
    ...(healthchecks === undefined ? {} : { health: readHealthchecks(healthchecks, problems) }),
    ...(name === undefined ? {} : { name: readName(name, problems) }),
    ...(build === undefined ? {} : { build: readBuild(build, problems) }),
    ...(buildpacks === undefined ? {} : { buildpacks: readBuildpacks(buildpacks, problems) }),
    ...(env === undefined ? {} : { env: readEnv(env, problems) }),
    ...(formation === undefined ? {} : { formation: readFormation(formation, problems) }),
    ...(scripts === undefined ? {} : { scripts: readScripts(scripts, problems) }),
  }
}

function parseJson(text: string): Unread {
  if (text.length > MOST_BYTES) {
    throw new TasukiError('invalid_app_json', `app.json has more than ${MOST_BYTES} bytes.`)
  }
  const document = tryParse(text.replace(/^\uFEFF/, ''))
  if (isObject(document)) return document
  throw new TasukiError('invalid_app_json', `app.json holds ${shown(document)}, but must be an object.`)
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw new TasukiError('invalid_app_json', `app.json is not JSON: ${what}.`, { cause: error })
  }
}

function warnOfTopLevel(document: Unread, problems: Problems): void {
  for (const [key, value] of Object.entries(document)) {
    const known = (TOP_LEVEL_KEYS as readonly string[]).includes(key)
    if (!known) problems.warn(member('', key), `is not known${didYouMean(key, TOP_LEVEL_KEYS)}`)
    else if (WITHOUT_EFFECT.includes(key) && !isEmpty(value)) problems.warn(key, 'has no effect here')
  }
}

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0)
}

function readName(value: unknown, problems: Problems): string | null {
  if (value === null) return null
  if (typeof value === 'string') return value
  problems.error('name', `is ${shown(value)}, but must be a string`)
  return null
}

interface TasukiSection {
  readonly all: GivenSettings
  readonly perType: ReadonlyMap<string, GivenSettings>
  readonly staticRoot: string | null
}

function readTasuki(value: unknown, problems: Problems): TasukiSection {
  const object = problems.object(value, 'tasuki') ?? {}
  return {
    all: readSettings(object, 'tasuki', problems, OTHER_TASUKI_KEYS),
    perType: readTypes(object.types, problems),
    staticRoot: readStaticRoot(object.static, problems),
  }
}

function readTypes(value: unknown, problems: Problems): Map<string, GivenSettings> {
  const types = value === undefined ? {} : (problems.object(value, 'tasuki.types') ?? {})
  const found = new Map<string, GivenSettings>()
  for (const [type, given] of Object.entries(types)) {
    const place = member('tasuki.types', type)
    const object = problems.object(given, place)
    if (object) found.set(type, readSettings(object, place, problems))
  }
  if (found.get(ROUTABLE_TYPE)?.singleton) {
    problems.error(
      `tasuki.types.${ROUTABLE_TYPE}.singleton`,
      'visitors would find nobody; use it for other types',
    )
  }
  return found
}

function readStaticRoot(value: unknown, problems: Problems): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string' && isInside(value)) return value
  problems.error('tasuki.static', `is ${shown(value)}, but must be a folder of the app, such as "public"`)
  return null
}

function isInside(path: string): boolean {
  return path !== '' && /^[\w./@ -]+$/.test(path) && !path.startsWith('/') && !path.split('/').includes('..')
}

interface GivenPerType extends TasukiSection {
  readonly health: ReadonlyMap<string, GivenSettings>
}

function settingsPerType(
  given: GivenPerType,
  types: readonly string[],
  problems: Problems,
): Readonly<Record<string, RolloutSettings>> {
  warnOfStrangers(given, types, problems)
  return Object.fromEntries(
    types.map((type) => {
      const settings = merged(given, type)
      refuseStandstill(settings, given.perType.has(type) ? `tasuki.types.${type}` : 'tasuki', problems)
      return [type, settings]
    }),
  )
}

function merged(given: GivenPerType, type: string): RolloutSettings {
  const all = { ...DEFAULT_SETTINGS, ...given.health.get(type), ...given.all, ...given.perType.get(type) }
  return type === ROUTABLE_TYPE ? { ...all, singleton: false } : all
}

function warnOfStrangers(given: GivenPerType, types: readonly string[], problems: Problems): void {
  const places = [
    ...[...given.perType.keys()].map((type) => [type, member('tasuki.types', type)] as const),
    ...[...given.health.keys()].map((type) => [type, member('healthchecks', type)] as const),
  ]
  for (const [type, place] of places) {
    if (!types.includes(type))
      problems.warn(place, `the app has no such process type${didYouMean(type, types)}`)
  }
}

/** With no instance above the quantity and none below, nothing could ever be replaced. */
function refuseStandstill(settings: RolloutSettings, place: string, problems: Problems): void {
  if (settings.strategy !== 'rolling' || settings.surge !== 0 || settings.maxUnavailable !== 0) return
  const what = 'surge 0 with max_unavailable 0 lets nothing be replaced; set one of them to 1 or more'
  if (!problems.errors.includes(`${place}: ${what}`)) problems.error(place, what)
}
