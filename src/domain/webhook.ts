import { TasukiError } from './errors.ts'

/** What webhooks can tell of. */
export const ENTITIES = [
  'api:app',
  'api:build',
  'api:collaborator',
  'api:domain',
  'api:dyno',
  'api:formation',
  'api:release',
  'dyno',
] as const

/** `notify`: given up after some attempts within minutes. `sync`: tried for days. */
export const LEVELS = ['notify', 'sync'] as const

export type Level = (typeof LEVELS)[number]

/** Entities that people subscribe to elsewhere, which never change here: taken, so that their scripts work. */
const SILENT = new Set(['api:addon', 'api:addon-attachment', 'api:sni-endpoint'])
const MOST_URL = 2000
/** What a header may hold. */
const HEADER = /^[\x20-\x7e]{1,1000}$/

/** The entities, each once. Throws `invalid_params` for one that does not exist, and for none. */
export function included(given: readonly string[]): string[] {
  const unknown = given.find((one) => !SILENT.has(one) && !ENTITIES.some((entity) => entity === one))
  if (unknown === undefined && given.length > 0) return [...new Set(given)].sort()
  const what =
    unknown === undefined ? 'A webhook needs something to tell of.' : `There is no "${unknown.slice(0, 60)}".`
  throw new TasukiError('invalid_params', what, { next: `Use some of ${ENTITIES.join(', ')}.` })
}

/** Throws `invalid_params`. */
export function levelOf(given: string): Level {
  const level = LEVELS.find((one) => one === given)
  if (level) return level
  throw new TasukiError('invalid_params', `There is no level "${given.slice(0, 40)}".`, {
    next: 'Use notify (some attempts within minutes) or sync (tried for days).',
  })
}

/** The URL in its normal form. Throws `invalid_params` for other schemes than HTTP(S), and for one that holds a password. */
export function receiverUrl(given: string): string {
  const url = URL.canParse(given) && given.length <= MOST_URL ? new URL(given) : null
  const web = url !== null && (url.protocol === 'https:' || url.protocol === 'http:')
  if (url !== null && web && url.username === '' && url.password === '') {
    url.hash = ''
    return url.href
  }
  throw new TasukiError('invalid_params', 'The URL of a webhook has to be a plain http:// or https:// one.', {
    next: 'What it needs to let us in goes into the authorization, not into the URL.',
  })
}

/** A value that can stand in a header, or null. Throws `invalid_params`. */
export function headerValue(what: string, given: string | null): string | null {
  if (given === null || HEADER.test(given)) return given
  throw new TasukiError('invalid_params', `The ${what} can not stand in a header.`, {
    next: 'Use 1 to 1,000 plain characters, without line ends.',
  })
}
