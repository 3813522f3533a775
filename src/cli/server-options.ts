import { readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { TasukiError } from '../domain/errors.ts'
import type { HostPort, ServerOptions } from '../server/options.ts'
import { suggestions } from './suggest.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/** Settings as text, by the names of the flags. */
export type ServerFlags = Partial<Record<keyof typeof SERVER_DEFAULTS | 'config', string>>

/** What counts when nothing else was said. */
export const SERVER_DEFAULTS = {
  data: process.getuid?.() === 0 ? '/var/lib/tasuki' : join(homedir(), '.local', 'share', 'tasuki'),
  http: '0.0.0.0:8080',
  api: '127.0.0.1:5999',
  domain: 'localhost',
  ports: '20000-29999',
  'rate-limit': '4500',
  'tls-cert': '',
  'tls-key': '',
  rendezvous: '',
  'run-hours': '24',
  'source-limit': '512',
  'push-limit': '2048',
  'log-size': '50',
  'log-days': '30',
  'local-buildpacks': '',
  'github-api': 'https://api.github.com',
  'log-level': 'info',
} as const

/** Settings given, then those of the file that `config` names, then the defaults. Throws `invalid_params`. */
export async function serverOptions(given: ServerFlags): Promise<ServerOptions> {
  const { config, ...flags } = given
  const file = config === undefined ? {} : await settingsFile(config)
  const all = { ...SERVER_DEFAULTS, ...file, ...flags }
  return {
    data: resolve(all.data),
    http: hostPort('http', all.http),
    api: hostPort('api', all.api),
    domain: domain(all.domain),
    ports: portRange(all.ports),
    localBuildpacks: folders('local-buildpacks', all['local-buildpacks']),
    tls: tlsFiles(all['tls-cert'], all['tls-key']),
    rendezvous: all.rendezvous === '' ? null : hostPort('rendezvous', all.rendezvous),
    runHours: runHours(all['run-hours']),
    sourceMiB: mebibytes('source-limit', all['source-limit']),
    pushMiB: mebibytes('push-limit', all['push-limit']),
    keptLog: { mebibytes: mebibytes('log-size', all['log-size']), days: days('log-days', all['log-days']) },
    rateLimit: rateLimit(all['rate-limit']),
    githubApi: webAddress('github-api', all['github-api']),
    logLevel: logLevel(all['log-level']),
  }
}

async function settingsFile(file: string): Promise<ServerFlags> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new TasukiError('invalid_params', `Can not read ${file}: ${cause.message}.`, { cause })
  })
  const settings = parsed(file, text)
  for (const [name, value] of Object.entries(settings)) checkSetting(file, name, value)
  return settings as ServerFlags
}

function parsed(file: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (cause) {
    throw new TasukiError('invalid_params', `${file} is not JSON: ${(cause as Error).message}.`, { cause })
  }
  throw new TasukiError('invalid_params', `${file} is not a JSON object.`)
}

function checkSetting(file: string, name: string, value: unknown): void {
  const names = Object.keys(SERVER_DEFAULTS)
  if (!names.includes(name)) {
    const near = suggestions(name, names)[0]
    throw new TasukiError('invalid_params', `${file} sets "${name}", which is no setting of the server.`, {
      next: near ? `Did you mean "${near}"?` : `Use ${names.join(', ')}.`,
    })
  }
  if (typeof value !== 'string')
    throw new TasukiError('invalid_params', `${file}: the value of "${name}" is not a string.`)
}

function hostPort(name: string, text: string): HostPort {
  const [, host, port] = /^\[?([^\]]*?)\]?:(\d+)$/.exec(text) ?? []
  if (
    host === undefined ||
    host === '' ||
    (host.includes(':') && isIP(host) !== 6) ||
    !isPort(Number(port))
  ) {
    throw new TasukiError('invalid_params', `--${name}: "${text}" is not HOST:PORT.`, {
      next: 'Give it as 127.0.0.1:8080, or [::1]:8080.',
    })
  }
  return { host, port: Number(port) }
}

function domain(text: string): string {
  if (/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text)) return text.toLowerCase()
  throw new TasukiError('invalid_params', `--domain: "${text}" is not a domain.`, {
    next: 'Give it as apps.example.com.',
  })
}

function portRange(text: string): { from: number; to: number } {
  const [, from, to] = /^(\d+)-(\d+)$/.exec(text)?.map(Number) ?? []
  if (from === undefined || to === undefined || !isPort(from) || !isPort(to) || from >= to) {
    throw new TasukiError('invalid_params', `--ports: "${text}" is not a range of ports.`, {
      next: 'Give it as 20000-29999.',
    })
  }
  return { from, to }
}

/** Both or none. */
function tlsFiles(cert: string, key: string): ServerOptions['tls'] {
  if (cert === '' && key === '') return null
  if (cert !== '' && key !== '') return { cert: resolve(cert), key: resolve(key) }
  throw new TasukiError('invalid_params', `--tls-${cert === '' ? 'cert' : 'key'} is missing.`, {
    next: 'Give a certificate with --tls-cert and its key with --tls-key, or neither.',
  })
}

/** At most a week: what goes on for longer is better a process type. */
function runHours(text: string): number {
  const hours = Number(text)
  if (text !== '' && hours > 0 && hours <= 168) return hours
  throw new TasukiError('invalid_params', `--run-hours: "${text}" is not a number of hours up to 168.`, {
    next: 'Give it as 24, or 0.5.',
  })
}

function mebibytes(name: string, text: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text)
  throw new TasukiError('invalid_params', `--${name}: "${text}" is not a number of MiB.`, {
    next: 'Give it as 512.',
  })
}

function days(name: string, text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new TasukiError('invalid_params', `--${name}: "${text}" is not a number of days.`, {
    next: 'Give it as 30.',
  })
}

function rateLimit(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new TasukiError('invalid_params', `--rate-limit: "${text}" is not a number of calls.`, {
    next: 'Give it as 4500, or as 0 for no limit.',
  })
}

/** Several are separated by colons, as in PATH. */
function folders(name: string, text: string): string[] {
  const given = text.split(':').filter((folder) => folder !== '')
  const relative = given.find((folder) => !isAbsolute(folder))
  if (relative === undefined) return given.map((folder) => resolve(folder))
  throw new TasukiError('invalid_params', `--${name}: "${relative}" is not an absolute path.`, {
    next: 'Give it as /srv/buildpacks, several as /srv/buildpacks:/opt/buildpacks.',
  })
}

/** Of an API: without a query, and without what would let anybody in. */
function webAddress(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  const known =
    url && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '' && url.hash === ''
  if (known) return text
  throw new TasukiError('invalid_params', `--${name}: "${text}" is not a web address.`, {
    next: 'Give it as https://github.example.org/api/v3.',
  })
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port > 0 && port < 65_536
}

function logLevel(text: string): ServerOptions['logLevel'] {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level !== undefined) return level
  throw new TasukiError('invalid_params', `--log-level: "${text}" is none of ${LOG_LEVELS.join(', ')}.`)
}
