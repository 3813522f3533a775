import { ROUTABLE_TYPE } from '../release.ts'
import { DEFAULT_SETTINGS } from '../settings.ts'
import { didYouMean, member, type Problems, shown, type Unread } from './problems.ts'
import { type GivenSettings, readNumber, readPath } from './settings.ts'

const CHECK_TYPES = ['startup', 'readiness', 'liveness']

/** Dokku's other keys: taken, but they change nothing here. */
const WITHOUT_EFFECT = [
  'command',
  'content',
  'httpHeaders',
  'initialDelay',
  'listening',
  'onFailure',
  'port',
  'scheme',
  'uptime',
]

const KNOWN = ['name', 'description', 'type', 'path', 'timeout', 'attempts', 'interval', 'wait', 'warn']

interface Check {
  readonly type: string
  readonly path?: string
  readonly timeout?: number
  readonly attempts?: number
  readonly interval?: number
}

/**
 * Dokku's `healthchecks` as settings, per process type. The router's check is the `readiness` one, else the `startup`
 * one: its path, its time limit, the interval between two checks and, of a readiness check, the attempts that may fail
 * before the instance is taken out. A startup check with attempts and interval can lengthen the boot limit, never shorten it.
 */
export function readHealthchecks(value: unknown, problems: Problems): Map<string, GivenSettings> {
  const settings = new Map<string, GivenSettings>()
  if (value === undefined) return settings
  const types = problems.object(value, 'healthchecks')
  for (const [type, list] of Object.entries(types ?? {})) {
    const place = member('healthchecks', type)
    settings.set(type, settingsOf(readList(list, place, problems)))
    if (type !== ROUTABLE_TYPE) problems.warn(place, `only ${ROUTABLE_TYPE} is checked by the router`)
  }
  return settings
}

function readList(value: unknown, place: string, problems: Problems): Check[] {
  if (!Array.isArray(value)) {
    problems.error(place, `is ${shown(value)}, but must be a list of checks, \`[{ … }]\``)
    return []
  }
  return value.flatMap((check, index) => {
    const at = `${place}[${index}]`
    const object = problems.object(check, at)
    return object ? [readCheck(object, at, problems)] : []
  })
}

function readCheck(object: Unread, place: string, problems: Problems): Check {
  warnOfKeys(object, place, problems)
  const number = (key: string, rule: { integer: boolean; min: number; max: number }) =>
    object[key] === undefined ? undefined : readNumber(object[key], rule, member(place, key), problems)
  return {
    type: readType(object.type, place, problems),
    path: object.path === undefined ? undefined : readPath(object.path, member(place, 'path'), problems),
    timeout: number('timeout', { integer: false, min: 0.1, max: 300 }),
    attempts: number('attempts', { integer: true, min: 1, max: 100 }),
    interval: number('interval' in object ? 'interval' : 'wait', { integer: false, min: 0.1, max: 300 }),
  }
}

function readType(value: unknown, place: string, problems: Problems): string {
  if (value === undefined) return 'startup'
  if (typeof value === 'string' && CHECK_TYPES.includes(value)) {
    if (value === 'liveness') problems.warn(place, 'liveness checks are not made; use readiness')
    return value
  }
  const near = didYouMean(String(value), CHECK_TYPES)
  problems.error(member(place, 'type'), `is ${shown(value)}, which is not known${near}`)
  return 'startup'
}

function warnOfKeys(object: Unread, place: string, problems: Problems): void {
  for (const key of Object.keys(object)) {
    const at = member(place, key)
    if (key === 'port') problems.warn(at, 'the check goes to PORT, whatever stands here')
    else if (WITHOUT_EFFECT.includes(key)) problems.warn(at, 'has no effect here')
    else if (!KNOWN.includes(key)) problems.warn(at, `is not known${didYouMean(key, KNOWN)}`)
  }
}

function settingsOf(checks: readonly Check[]): GivenSettings {
  const startup = checks.find((check) => check.type === 'startup')
  const readiness = checks.find((check) => check.type === 'readiness')
  const check = readiness ?? startup
  if (!check) return {}
  return defined({
    checkPath: check.path,
    checkTimeoutSeconds: check.timeout,
    checkSeconds: check.interval,
    fall: readiness?.attempts,
    bootSeconds: bootSeconds(startup),
  })
}

function bootSeconds(startup: Check | undefined): number | undefined {
  if (startup?.attempts === undefined || startup.interval === undefined) return undefined
  return Math.max(DEFAULT_SETTINGS.bootSeconds, startup.attempts * startup.interval)
}

function defined(settings: { [Key in keyof GivenSettings]: GivenSettings[Key] | undefined }): GivenSettings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
