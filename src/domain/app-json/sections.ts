import type { Manifest, ManifestEnv } from '../artifact.ts'
import { asTasukiError } from '../errors.ts'
import { changedConfig, processType } from '../names.ts'
import { sizeOf } from '../size.ts'
import { isObject, member, type Problems, shown, type Unread } from './problems.ts'
import { readNumber } from './settings.ts'

const MOST_QUANTITY = 1000

/** `buildpacks`: their URLs, which count until somebody sets others; only then are they looked at more closely. */
export function readBuildpacks(value: unknown, problems: Problems): readonly string[] {
  if (absent(value)) return []
  if (!Array.isArray(value)) {
    problems.error('buildpacks', `is ${shown(value)}, but must be a list such as [{"url": "…"}]`)
    return []
  }
  const urls = value.map((entry, index) => readBuildpack(entry, `buildpacks[${index}]`, problems))
  return urls.filter((url) => url !== undefined)
}

function readBuildpack(entry: unknown, place: string, problems: Problems): string | undefined {
  const url = isObject(entry) ? entry.url : entry
  if (typeof url === 'string') return url
  problems.error(place, `is ${shown(entry)}, but must be {"url": "…"}`)
  return undefined
}

/** `env`: names with a value, or with an object that says where the value comes from. */
export function readEnv(value: unknown, problems: Problems): Manifest['env'] {
  return readMembers(value, 'env', problems, (key, entry, place) => {
    refuse(place, problems, () => changedConfig({}, { [key]: '' }))
    return readEnvEntry(entry, place, problems)
  })
}

function readEnvEntry(entry: unknown, place: string, problems: Problems): ManifestEnv | undefined {
  if (typeof entry === 'string') return { value: entry, required: true, generator: null, description: null }
  if (!isObject(entry)) {
    problems.error(place, `is ${shown(entry)}, but must be a string such as ${JSON.stringify(String(entry))}`)
    return undefined
  }
  return {
    value: readOptional(entry, 'value', 'string', place, problems) ?? null,
    required: readOptional(entry, 'required', 'boolean', place, problems) ?? true,
    generator: readGenerator(entry, place, problems),
    description: readOptional(entry, 'description', 'string', place, problems) ?? null,
  }
}

function readGenerator(entry: Unread, place: string, problems: Problems): 'secret' | null {
  if (entry.generator === undefined || entry.generator === null) return null
  if (entry.generator === 'secret') return 'secret'
  problems.error(member(place, 'generator'), `is ${shown(entry.generator)}, but can only be "secret"`)
  return null
}

interface Primitives {
  string: string
  boolean: boolean
}

function readOptional<Kind extends keyof Primitives>(
  object: Unread,
  key: string,
  kind: Kind,
  place: string,
  problems: Problems,
): Primitives[Kind] | undefined {
  const value = object[key]
  if (value === undefined || value === null) return undefined
  if (typeof value === kind) return value as Primitives[Kind]
  problems.error(member(place, key), `is ${shown(value)}, but must be a ${kind}`)
  return undefined
}

/** `formation`: how many instances of each process type the first deploy makes, and of which size. */
export function readFormation(value: unknown, problems: Problems): Manifest['formation'] {
  return readMembers(value, 'formation', problems, (type, entry, place) => {
    if (type === '_default_') {
      problems.warn(place, 'has no effect here; name each process type')
      return undefined
    }
    refuse(place, problems, () => processType(type))
    const object = problems.object(entry, place)
    return object ? readFormationEntry(object, place, problems) : undefined
  })
}

function readFormationEntry(object: Unread, place: string, problems: Problems) {
  const rule = { integer: true, min: 0, max: MOST_QUANTITY }
  const given = object.quantity ?? 1
  return {
    quantity: readNumber(given, rule, member(place, 'quantity'), problems) ?? 1,
    size: readSize(object, place, problems),
  }
}

/** A size that we do not have is no reason to refuse an app made for another platform: it gets the default. */
function readSize(object: Unread, place: string, problems: Problems): string | null {
  const size = readOptional(object, 'size', 'string', place, problems)
  if (size === undefined) return null
  try {
    return sizeOf(size).name
  } catch (error) {
    problems.warn(member(place, 'size'), `${asTasukiError(error).message} The default size is used.`)
    return null
  }
}

/** `scripts`: a command, or an object with a command; Dokku's own lie one level deeper, under `dokku`. */
export function readScripts(value: unknown, problems: Problems): Manifest['scripts'] {
  const scripts = absent(value) ? {} : problems.object(value, 'scripts')
  const found = Object.entries(scripts ?? {}).flatMap(([name, script]) => {
    const place = member('scripts', name)
    if (name !== 'dokku') return [[name, readCommand(script, place, problems)]]
    const inner = problems.object(script, place) ?? {}
    return Object.entries(inner).map(([key, command]) => [
      `dokku.${key}`,
      readCommand(command, member(place, key), problems),
    ])
  })
  return Object.fromEntries(found.filter(([, command]) => command !== undefined))
}

function readCommand(script: unknown, place: string, problems: Problems): string | undefined {
  const command = isObject(script) ? script.command : script
  if (typeof command === 'string' && command.trim() !== '') return command
  problems.error(place, `is ${shown(script)}, but must be a command, or {"command": "…"}`)
  return undefined
}

function absent(value: unknown): boolean {
  return value === undefined || value === null
}

function readMembers<Entry>(
  value: unknown,
  section: string,
  problems: Problems,
  read: (key: string, entry: unknown, place: string) => Entry | undefined,
): Readonly<Record<string, Entry>> {
  const object = absent(value) ? {} : problems.object(value, section)
  const entries = Object.entries(object ?? {}).map(
    ([key, entry]) => [key, read(key, entry, member(section, key))] as const,
  )
  return Object.fromEntries(entries.filter((entry): entry is [string, Entry] => entry[1] !== undefined))
}

/** Runs a check that throws, and keeps what it says as an error of that place. */
function refuse(place: string, problems: Problems, check: () => unknown): void {
  try {
    check()
  } catch (error) {
    const { message, next } = asTasukiError(error)
    problems.error(place, `${message} ${next}`)
  }
}
