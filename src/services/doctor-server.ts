import { stat, statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import { join } from 'node:path'
import type { Finding, FindingLevel } from '../domain/finding.ts'
import type { ServiceDeps } from './context.ts'

const GIB = 2 ** 30
const MIB = 2 ** 20
const DAY_MS = 24 * 3_600_000
const LEAST_FREE_DISK = GIB
const LEAST_FREE_SHARE = 0.1
const LEAST_FREE_MEMORY = 256 * MIB
/** Whoever reads one of them can act as the server; some come into being only with their first use. */
const SECRETS = [
  'key',
  'token',
  'state.db',
  'ca.key',
  'tls.pem',
  join('ssh', 'id_ed25519'),
  join('registry', 'ca.key'),
]
const OTHERS_MAY = 0o077
const USER = 0

/** What is to be said of the server's own machine, its data, and its router. */
export async function serverFindings(deps: Pick<ServiceDeps, 'server' | 'now'>): Promise<Finding[]> {
  const info = await deps.server.info()
  const now = (deps.now ?? Date.now)()
  return [
    ...(await diskFindings(info.data)),
    ...memoryFindings(),
    ...(await secretFindings(info.data)),
    ...routerFindings(info.router, now),
    ...processFindings(),
  ]
}

function say(level: FindingLevel, code: string, text: string, next = ''): Finding {
  return { code, level, about: 'server', text, next }
}

async function diskFindings(data: string): Promise<Finding[]> {
  const { bavail, blocks, bsize } = await statfs(data)
  const [free, total] = [bavail * bsize, blocks * bsize]
  const text = `${gib(free)} of ${gib(total)} are free on the disk of ${data}`
  const next =
    'Free some: old slugs go with their releases, `tasuki builds:cache:purge` empties build caches.'
  if (free < LEAST_FREE_DISK) return [say('problem', 'server_disk_full', `Only ${text}.`, next)]
  if (free < total * LEAST_FREE_SHARE) return [say('warning', 'server_disk_low', `Only ${text}.`, next)]
  return [say('ok', 'server_disk', `${text}.`)]
}

function memoryFindings(): Finding[] {
  const free = freemem()
  if (free >= LEAST_FREE_MEMORY) return []
  return [
    say(
      'warning',
      'server_memory_low',
      `Only ${gib(free)} of memory are free.`,
      'A hand-over needs room for both: use fewer or smaller instances, or a smaller surge.',
    ),
  ]
}

async function secretFindings(data: string): Promise<Finding[]> {
  const modes = await Promise.all(
    SECRETS.map(async (file) => ({ file, mode: await modeOf(join(data, file)) })),
  )
  const open = modes.filter(({ mode }) => mode !== null && (mode & OTHERS_MAY) !== 0)
  if (open.length === 0)
    return [say('ok', 'secrets', 'Its keys and its token are readable for its own user only.')]
  return open.map(({ file }) =>
    say(
      'problem',
      'secret_readable',
      `Others on the machine can read ${join(data, file)}.`,
      `\`chmod 600 ${join(data, file)}\`, then make a new one: somebody may have read it.`,
    ),
  )
}

async function modeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ mode }) => mode,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    },
  )
}

function routerFindings(
  { pid, version, outages }: Awaited<ReturnType<ServiceDeps['server']['info']>>['router'],
  now: number,
): Finding[] {
  const recent = outages.filter(({ from, ms }) => from + ms > now - DAY_MS)
  const lost = recent.reduce((sum, { ms }) => sum + ms, 0)
  return [
    pid === null
      ? say(
          'problem',
          'router_down',
          'The router is down: nobody reaches any app.',
          'See the log of the server.',
        )
      : say('ok', 'router', `The router runs: HAProxy ${version ?? 'of unknown version'}.`),
    ...(recent.length === 0
      ? []
      : [
          say(
            'warning',
            'router_outages',
            `The router was down ${recent.length === 1 ? 'once' : `${recent.length} times`} in the last day, for ${(lost / 1000).toFixed(1)} s in all.`,
            '`tasuki server:info` says when; the log of the server and of the machine (out of memory?) may say why.',
          ),
        ]),
  ]
}

function processFindings(): Finding[] {
  const findings: Finding[] = []
  if (process.env.TASUKI_FAULT)
    findings.push(
      say(
        'problem',
        'fault_injection',
        'TASUKI_FAULT is set: the server breaks things on purpose.',
        'Start it without.',
      ),
    )
  if (process.getuid?.() !== USER)
    findings.push(
      say(
        'note',
        'one_user',
        'The server does not run as root: apps run as its own user and could read its data.',
        'Start it as root, so that each app gets a user of its own, or run only what you trust.',
      ),
    )
  return findings
}

function gib(bytes: number): string {
  return bytes < GIB ? `${Math.round(bytes / MIB)} MiB` : `${(bytes / GIB).toFixed(1)} GiB`
}
