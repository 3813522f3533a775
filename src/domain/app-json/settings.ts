import type { PreStop, RolloutSettings } from '../settings.ts'
import { didYouMean, isObject, member, type Problems, shown, type Unread } from './problems.ts'
import { SETTING_KEYS, type SettingValue } from './setting-keys.ts'

/** What a path in a check or a hook may be: it ends up in a request line, so no blanks and no control characters. */
export const URL_PATH = /^\/[\x21-\x7e]{0,1023}$/

/** Settings that were written down; the rest keep their defaults. */
export type GivenSettings = Partial<RolloutSettings>

/** Reads the setting keys of an object; keys that are no settings, save those in `also`, are errors. */
export function readSettings(
  object: Unread,
  place: string,
  problems: Problems,
  also: readonly string[] = [],
): GivenSettings {
  problems.refuseUnknown(object, [...Object.keys(SETTING_KEYS), ...also], place)
  const given: Record<string, unknown> = {}
  for (const [key, { field, value: wanted }] of Object.entries(SETTING_KEYS)) {
    if (!Object.hasOwn(object, key)) continue
    const value = readValue(object[key], wanted, member(place, key), problems)
    if (value !== undefined) given[field] = value
  }
  return given
}

/** The value as the domain has it; undefined, with an error, when it does not fit. */
function readValue(value: unknown, wanted: SettingValue, place: string, problems: Problems): unknown {
  switch (wanted.kind) {
    case 'boolean':
      return readBoolean(value, place, problems)
    case 'choice':
      return readChoice(value, wanted.choices, place, problems)
    case 'surge':
      if (value === '100%') return 'default'
      return readNumber(value, { integer: true, min: 0, max: wanted.max }, place, problems, ' or "100%"')
    case 'pre_stop':
      return value === null ? null : readPreStop(value, place, problems)
    case 'number':
      if (value === null && wanted.nullable) return null
      return readNumber(value, wanted, place, problems, wanted.nullable ? ' or null' : '')
  }
}

function readBoolean(value: unknown, place: string, problems: Problems): boolean | undefined {
  if (typeof value === 'boolean') return value
  problems.error(place, `is ${shown(value)}, but must be true or false`)
  return undefined
}

function readChoice(
  value: unknown,
  choices: readonly string[],
  place: string,
  problems: Problems,
): string | undefined {
  if (typeof value === 'string' && choices.includes(value)) return value
  problems.error(place, `is ${shown(value)}, which is not known${didYouMean(String(value), choices)}`)
  return undefined
}

export interface NumberRule {
  readonly integer: boolean
  readonly min: number
  readonly max: number
}

/** The value when it is a number that the rule allows; undefined, with an error, when not. */
export function readNumber(
  value: unknown,
  rule: NumberRule,
  place: string,
  problems: Problems,
  or = '',
): number | undefined {
  const fits = typeof value === 'number' && value >= rule.min && value <= rule.max
  if (fits && (!rule.integer || Number.isInteger(value))) return value
  const kind = rule.integer ? 'a whole number' : 'a number'
  problems.error(place, `is ${shown(value)}, but must be ${kind} from ${rule.min} to ${rule.max}${or}`)
  return undefined
}

/** The value when it is a path for a request; undefined, with an error, when not. */
export function readPath(value: unknown, place: string, problems: Problems): string | undefined {
  if (typeof value === 'string' && URL_PATH.test(value)) return value
  problems.error(place, `is ${shown(value)}, but must be a path such as "/health", without blanks`)
  return undefined
}

function hasOnly(value: object, keys: readonly string[]): boolean {
  return Object.keys(value).every((key) => keys.includes(key))
}

function readPreStop(value: unknown, place: string, problems: Problems): PreStop | undefined {
  if (isObject(value) && 'path' in value && hasOnly(value, ['path', 'port'])) {
    const path = readPath(value.path, member(place, 'path'), problems)
    const { port = 'private' } = value
    if (port === 'private' || port === 'public')
      return path === undefined ? undefined : { path, ...(port === 'public' ? { port } : {}) }
    problems.error(member(place, 'port'), `is ${shown(port)}, but must be "private" or "public"`)
    return undefined
  }
  if (isObject(value) && hasOnly(value, ['command'])) {
    if (typeof value.command === 'string' && value.command.trim() !== '') return { command: value.command }
  }
  problems.error(
    place,
    `is ${shown(value)}, but must be {"path": "/shutdown"}, {"command": "./stop"}, or null`,
  )
  return undefined
}
