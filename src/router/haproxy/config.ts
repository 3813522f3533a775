import { checkRules } from './backend-file.ts'
import type { Layout } from './layout.ts'
import type { MapPaths } from './maps.ts'
import type { PagePaths } from './pages.ts'
import { type ProbeClass, probeBackend } from './probe-class.ts'
import type { Prober } from './prober.ts'
import { frontendLogLines, ringSection } from './traffic/log-format.ts'

/** What the parts of the configuration that belong to no app depend on. */
export interface CommonContext {
  readonly layout: Layout
  readonly maps: MapPaths
  readonly pages: PagePaths
  readonly prober: Prober
  /** `HOST:PORT` that visitors connect to. */
  readonly http: string
  /** Most file descriptors that HAProxy may have. */
  readonly descriptors: number
  /** Slots of all backends together. */
  readonly slots: number
  readonly probeClasses: readonly ProbeClass[]
}

/** File name → text. In lexical order the sections that others refer to come first. */
export function commonFiles(context: CommonContext): Map<string, string> {
  return new Map([
    ['00-global.cfg', globalSection(context)],
    ['10-defaults.cfg', defaultsSections(context.pages)],
    ['20-frontend.cfg', commonSections(context).join('\n')],
    ['30-probes.cfg', probes(context)],
  ])
}

function commonSections(context: CommonContext): string[] {
  return [ringSection(), visitors(context), prober(context.prober), listing(context.layout)]
}

/** The prober's connections are not to wait behind those of visitors. */
const KEPT_FOR_CHECKS = 200
const MOST_CONNECTIONS = 50_000

/** For sockets, files, threads and connections of the control plane. */
const KEPT_DESCRIPTORS = 500
const FEWEST_CONNECTIONS = 1000

/** Two descriptors a connection, and one for each server's check. */
function mostConnections({ descriptors, slots, probeClasses }: CommonContext): number {
  const checks = slots + probeClasses.reduce((sum, { size }) => sum + size, 0)
  const left = Math.floor((descriptors * 0.95 - checks - KEPT_DESCRIPTORS) / 2)
  return Math.max(FEWEST_CONNECTIONS, Math.min(MOST_CONNECTIONS, left))
}

function globalSection(context: CommonContext): string {
  const { layout } = context
  return `# Made by Tasuki; written anew at each start.
global
  stats socket ${layout.stats} mode 600 level admin
  stats timeout 1h
  maxconn ${mostConnections(context)}
  hard-stop-after 1h
  noreuseport
  lua-load-per-thread ${layout.lua}
`
}

/**
 * A full accept queue on the same machine lets a connect wait, and a dead process refuses it at once: so the limit for
 * connecting is long, and yet an instance that died is out within milliseconds (`observe layer4`).
 * A stream whose visitor has gone ends at once: its instance may have nothing to say for hours. For that the
 * frontend has to look for it (`abortonclose`), and the stream backends to heed it. A plain request whose visitor has
 * only closed his half still gets its answer.
 */
function defaultsSections(pages: PagePaths): string {
  const common = `  mode http
  balance roundrobin
  timeout connect 20s
  timeout client 60s
  timeout http-request 10s
  timeout http-keep-alive 75s
  timeout queue 15s
  timeout tunnel 1h
  retries 3
  option redispatch 1
  option idle-close-on-response
  errorfile 502 ${pages.error502}
  errorfile 503 ${pages.error503}
  errorfile 504 ${pages.error504}`
  return `defaults tasuki_visitors
${common}
  option abortonclose
defaults tasuki
${common}
  timeout server 60s
  retry-on conn-failure empty-response
defaults tasuki_stream
${common}
  timeout server 1h
  option abortonclose
  retry-on conn-failure
defaults tasuki_commands
  mode tcp
  timeout connect 5s
  timeout client 5s
  timeout server 5s
`
}

function visitors(context: CommonContext): string {
  const { http, maps, pages } = context
  const page = (status: number, file: string, more = '') =>
    `  http-request return status ${status}${more} hdr Cache-Control no-store content-type "text/html; charset=utf-8" file ${file}`
  return `frontend visitors from tasuki_visitors
  bind ${http}
  maxconn ${mostConnections(context) - KEPT_FOR_CHECKS}
  option forwardfor
${frontendLogLines()
  .map((line) => `  ${line}`)
  .join('\n')}
  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]
  http-request set-header X-Forwarded-Port %[dst_port]
  http-request set-header X-Request-Start %[date(0,ms)]
  http-request set-var(txn.host) req.hdr(host,-1),host_only,lower
  http-request set-var(txn.app) var(txn.host),map_str(${maps.hosts})
${wildcardLookups(maps.hosts)}
${page(404, pages.unknownHost)} unless { var(txn.app) -m found }
${page(503, pages.maintenance, ' hdr Retry-After 60')} if { var(txn.app),map_str(${maps.maintenance}) -m found }
  http-request set-var(txn.backend) var(txn.app),map_str(${maps.backends})
${page(503, pages.notDeployed, ' hdr Retry-After 60')} unless { var(txn.backend) -m found }
  acl upgrades req.hdr(upgrade) -m found
  acl only_h2c req.hdr(upgrade) -i -m str h2c
  acl events req.hdr(accept) -i -m sub text/event-stream
  use_backend %[var(txn.backend)]-stream if upgrades !only_h2c or events
  use_backend %[var(txn.backend)]
`
}

/** How many names deep a wildcard reaches: `*.a.test` takes eight labels before `a.test`. */
const WILDCARD_DEPTH = 8

/**
 * A host that stands in the map itself is found by then. Else one label after the other is taken off, so that of several
 * wildcards the most specific wins.
 */
function wildcardLookups(hosts: string): string {
  const unknown = 'unless { var(txn.app) -m found }'
  return Array.from({ length: WILDCARD_DEPTH }, () =>
    [
      `  http-request set-var(txn.host) var(txn.host),field(2,.,0) ${unknown}`,
      `  http-request set-var(txn.app) str(*),concat(.,txn.host),map_str(${hosts}) ${unknown}`,
    ].join('\n'),
  ).join('\n')
}

function prober({ address, secret }: Prober): string {
  return `frontend prober from tasuki
  bind ${address.host}:${address.port}
  http-request deny status 404 unless { path_beg /${secret}/ }
  http-request use-service lua.prober
`
}

/** Long answers to commands, as the Lua can read them: all on the thread that asks. */
function listing({ listing, stats }: Layout): string {
  return `listen listing from tasuki_commands
  bind ${listing} mode 600 thread 1
  tcp-response inspect-delay 5s
  tcp-response content lua.listing
  server stats ${stats}
`
}

/** Servers that check instances which are not yet in rotation: ten times a second, and also soon after they are set. */
function probes({ maps, probeClasses }: CommonContext): string {
  return probeClasses
    .map((each) =>
      [
        `backend ${probeBackend(each)} from tasuki`,
        `  timeout check ${each.timeoutMs}ms`,
        ...checkRules(maps.probes(each)),
        `  default-server check inter 100ms rise ${each.rise} fall 2`,
        ...Array.from({ length: each.size }, (_, index) => `  server p${index + 1} 127.0.0.1:1 disabled`),
        '',
      ].join('\n'),
    )
    .join('')
}
