import { TasukiError } from './errors.ts'

/** A machine with Docker on which instances run: reached over SSH, or the control plane's own by its Docker socket. */
export interface Host {
  readonly id: string
  /** Unique. By default its address. */
  readonly name: string
  /** `ssh://USER@ADDRESS:PORT` or `unix:///PATH`, as `hostUrl` writes it. */
  readonly url: string
  /** What apps ask for; a host can have several. */
  readonly labels: readonly string[]
  /** Where the router reaches its instances: an IP address that instances are published on, and on no other. */
  readonly privateAddress: string
  /** Its SSH key, pinned: `SHA256:…`; null for a local socket. */
  readonly hostKey: string | null
  /** `draining`: gets no new instances, and those that it has are moved away. */
  readonly state: 'active' | 'draining'
  /** UTC ms. */
  readonly createdAt: number
}

/** Where a host's URL leads to. */
export type HostAddress =
  | { readonly kind: 'ssh'; readonly user: string; readonly address: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string }

const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const USER = /^[a-z_][a-z0-9_.-]{0,31}$/i
const SOCKET = /^(\/[A-Za-z0-9._-]+)+$/
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/
const IPV6 = /^[0-9a-f]*:[0-9a-f:.]+$/i
const SSH_PORT = 22
const MOST_LABELS = 20
const LOOPBACK = '127.0.0.1'
const LOCAL_NAME = 'local'

/** Reads a host's URL, without any of its parts being secret. Throws `invalid_params`. */
export function hostAddress(text: string): HostAddress {
  if (text.startsWith('unix://')) return socketOf(text)
  const url = text.startsWith('ssh://') && URL.canParse(text) ? new URL(text) : null
  if (!url) throw noUrl(text)
  if (url.password !== '')
    throw new TasukiError('invalid_params', 'A host is reached with a key; its URL has no password.', {
      next: 'Leave the password out, and give the host the key that `tasuki hosts:key` prints.',
    })
  const rest = (url.pathname === '' || url.pathname === '/') && url.search === '' && url.hash === ''
  const user = decodeURIComponent(url.username)
  if (!rest || url.hostname === '' || !USER.test(user)) throw noUrl(text)
  const port = url.port === '' ? SSH_PORT : Number(url.port)
  return { kind: 'ssh', user, address: asciiAddress(url.hostname), port }
}

/** The one way to write a host's URL. */
export function hostUrl(to: HostAddress): string {
  if (to.kind === 'socket') return `unix://${to.path}`
  return `ssh://${to.user}@${inUrl(to.address)}:${to.port}`
}

/** What a host is called that was given no name: its address, or `local`. */
export function defaultHostName(to: HostAddress): string {
  return to.kind === 'socket' ? LOCAL_NAME : to.address.replaceAll(/^:+|:+$/g, '').replaceAll(':', '-')
}

/** Returns the name when a host can have it; throws `invalid_params`. */
export function hostName(name: string): string {
  if (NAME.test(name)) return name
  throw new TasukiError('invalid_params', `"${shown(name)}" is not a name for a host.`, {
    next: 'Use up to 63 of a-z, 0-9, dot and dash, with a letter or digit first and last.',
  })
}

/** Returns the label when it is one; throws `invalid_params`. */
export function hostLabel(label: string): string {
  if (LABEL.test(label)) return label
  throw new TasukiError('invalid_params', `"${shown(label)}" is not a label.`, {
    next: 'Use up to 63 of a-z, 0-9 and dash, with a letter or digit first and last: http-api.',
  })
}

/** The labels of a host, each once and in order. Throws `invalid_params`. */
export function hostLabels(labels: readonly string[]): string[] {
  const unique = [...new Set(labels.map(hostLabel))].sort()
  if (unique.length <= MOST_LABELS) return unique
  throw new TasukiError('invalid_params', `A host can have ${MOST_LABELS} labels.`)
}

/**
 * The IP address that a host's instances are published on: the one that was given, else that of its URL. Null when the
 * URL has a name instead, which is to be looked up first. Throws `invalid_params` for what is no IP address.
 */
export function privateAddressOf(to: HostAddress, given: string | null): string | null {
  if (given === null) {
    if (to.kind === 'socket') return LOOPBACK
    return isAddress(to.address) ? to.address : null
  }
  const address = addressIn(given)
  if (address !== null && address !== '0.0.0.0' && address !== '::') return address
  throw new TasukiError('invalid_params', `"${shown(given)}" is not an address that instances can have.`, {
    next: 'Give the IP address at which the router reaches the host, on a private network: 10.0.0.11.',
  })
}

/** Why a host does not answer, in words that can follow a colon: those of an error that names the host, without that. */
export function whyUnreachable({ message }: Error): string {
  return message.replace(/^The host \S+ does not answer: /, '').replace(/\.$/, '')
}

function socketOf(text: string): HostAddress {
  const path = text.slice('unix://'.length)
  if (SOCKET.test(path)) return { kind: 'socket', path }
  throw noUrl(text)
}

/** The address when the text is one, IPv6 in its shortest form; else null. */
function addressIn(text: string): string | null {
  const written = IPV6.test(text) ? `[${text}]` : text
  const url = `http://${written}/`
  if (!(IPV4.test(text) || IPV6.test(text)) || !URL.canParse(url)) return null
  return asciiAddress(new URL(url).hostname)
}

/** Without the brackets that a URL has around an IPv6 address. */
function asciiAddress(hostname: string): string {
  return hostname.replaceAll(/^\[|\]$/g, '').toLowerCase()
}

function inUrl(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}

function isAddress(text: string): boolean {
  return IPV4.test(text) || text.includes(':')
}

function noUrl(text: string): TasukiError {
  return new TasukiError('invalid_params', `"${shown(text)}" is not the URL of a host.`, {
    next: 'Write it as ssh://USER@ADDRESS or ssh://USER@ADDRESS:PORT, or unix:///var/run/docker.sock for this machine.',
  })
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 80)).slice(1, -1)
}
