import { TasukiError } from './errors.ts'

const WILDCARD = '*.'
const LONGEST = 253
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
/** What no hostname holds, and what a URL would take for something else than its host. */
const NOT_IN_A_NAME = /[\s\p{Cc}/\\?#@:%[\]<>^|`{}"'*,;!$&()=+~_]/u

/**
 * The hostname as DNS has it: lower case, international letters as punycode, without a final dot. `*.` at its beginning
 * stands for every name below. Throws `invalid_params` for what can not be one, for addresses, and for single labels.
 */
export function hostname(given: string): string {
  const wildcard = given.startsWith(WILDCARD)
  const name = (wildcard ? given.slice(WILDCARD.length) : given).replace(/\.$/, '')
  const ascii = NOT_IN_A_NAME.test(name) ? null : asciiOf(name)
  const whole = `${wildcard ? WILDCARD : ''}${ascii}`
  if (ascii !== null && isName(ascii) && whole.length <= LONGEST) return whole
  throw new TasukiError('invalid_params', `"${shown(given)}" is not a hostname.`, {
    next: 'Use a name such as www.example.org, or *.example.org for every name below; no address and no URL.',
  })
}

/** The platform's own URL parser knows IDNA, and turns every way to write an IPv4 address into the usual one. */
function asciiOf(name: string): string | null {
  const url = `http://${name}/`
  return URL.canParse(url) ? new URL(url).hostname : null
}

function isName(ascii: string): boolean {
  const labels = ascii.split('.')
  return labels.length > 1 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1)!)
}

/** Whether the name lies somewhere below the domain. */
export function isBelow(name: string, domain: string): boolean {
  return name.endsWith(`.${domain}`)
}

/** The wildcards that could cover the name, the most specific first: `*.b.test`, `*.test` for `a.b.test`. */
export function wildcardsOver(name: string): string[] {
  const labels = name.replace(/^\*\./, '').split('.')
  const first = name.startsWith(WILDCARD) ? 0 : 1
  return labels.slice(first).map((_, index) => `${WILDCARD}${labels.slice(first + index).join('.')}`)
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80)).slice(1, -1)
}
