import { TasukiError } from './errors.ts'

const SCHEMES = ['https:', 'http:', 'syslog+tls:', 'syslog:']
const MOST_LENGTH = 1000
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i

/**
 * The address of a drain, checked and in one form. Plain HTTP is for loopback: over a network it would show the lines, and
 * the credentials of the address, to everybody. Throws `invalid_params`; the message never holds the address.
 */
export function drainUrl(given: string): string {
  const text = given.trim()
  const url = text.length <= MOST_LENGTH && /^[\x21-\x7e]+$/.test(text) ? URL.parse(text) : null
  if (url === null || !SCHEMES.includes(url.protocol) || url.hostname === '' || url.hash !== '')
    throw invalid('This is not the address of a drain.')
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw invalid('A drain over plain HTTP is for this machine only.', 'Use https://…')
  if (url.protocol.startsWith('syslog')) refuseMore(url)
  decodable(url)
  return text
}

/** The same without credentials, for people and logs. */
export function withoutCredentials(text: string): string {
  const url = URL.parse(text)
  if (url === null) return ''
  const query = url.search === '' ? '' : '?…'
  const path = url.protocol.startsWith('http') ? url.pathname : ''
  const user = url.username === '' && url.password === '' ? '' : '…@'
  return `${url.protocol}//${user}${url.host}${path}${query}`
}

/** Syslog has a host and a port, no more. */
function refuseMore({ username, password, pathname, search }: URL): void {
  if (username === '' && password === '' && search === '' && (pathname === '' || pathname === '/')) return
  throw invalid(
    'A syslog drain has a host and a port, no more.',
    'Give it as syslog+tls://logs.example.com:6514.',
  )
}

function decodable({ username, password }: URL): void {
  try {
    decodeURIComponent(`${username}${password}`)
  } catch {
    throw invalid('The credentials in the address are not percent-encoded well.')
  }
}

function invalid(
  what: string,
  next = 'Give https://USER:PASSWORD@HOST/PATH, syslog+tls://HOST:PORT or syslog://HOST:PORT.',
): TasukiError {
  return new TasukiError('invalid_params', what, { next })
}
