import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePorts } from '../test/harness/ports.ts'
import { until } from '../test/harness/until.ts'
import { visit } from '../test/harness/visit.ts'
import { startLoad } from '../test/load/index.ts'
import { HELLO, LIGHT } from './hello.ts'
import { listening, type Workspace } from './workspace.ts'

/** The recipe as it is usually written down, ms. */
export const RECIPE = { hosts: 2, failMs: 30_000, passMs: 40_000, checkMs: 10_000 } as const

const SHARE = 0.1

export interface RecipeResult {
  /** At its own times, computed: all waits together. */
  readonly computedMs: number
  /** As run for real: at this share of its times. */
  readonly share: number
  readonly ranMs: number
  /** Of which stopping and starting took. */
  readonly replaceMs: number
  readonly sent: number
  readonly lost: number
  readonly byCause: Readonly<Record<string, number>>
}

interface Host {
  readonly port: number
  readonly folder: string
  child: ChildProcess
}

/**
 * The fixed-sleep recipe behind a plain HAProxy with active checks: fail the health check, sleep until it must have been
 * seen, replace, sleep until it must have been seen to pass, then the next host. Nobody asks the balancer.
 */
export async function runRecipe(workspace: Workspace): Promise<RecipeResult> {
  const hosts = await startHosts(workspace)
  const url = await startBalancer(workspace, hosts)
  const load = await startLoad({ url, host: 'hello.test', ...LIGHT })
  const started = performance.now()
  let replaceMs = 0
  for (const host of hosts) replaceMs += await exchange(workspace, host)
  const ranMs = performance.now() - started
  const { sent, lost, byCause } = await load.stop()
  const computedMs = RECIPE.hosts * (RECIPE.failMs + RECIPE.passMs)
  return { computedMs, share: SHARE, ranMs, replaceMs, sent, lost, byCause }
}

/** Returns the time that the replacement itself took. */
async function exchange(workspace: Workspace, host: Host): Promise<number> {
  host.child.kill('SIGUSR2')
  await pause(RECIPE.failMs * SHARE)
  const started = performance.now()
  const gone = once(host.child, 'exit')
  host.child.kill('SIGTERM')
  await gone
  await start(workspace, host)
  const replaced = performance.now() - started
  await pause(RECIPE.passMs * SHARE)
  return replaced
}

async function startHosts(workspace: Workspace): Promise<Host[]> {
  const ports = await freePorts(RECIPE.hosts)
  return Promise.all(
    ports.map(async (port) => {
      const folder = workspace.folder(`host-${port}`)
      return start(workspace, { port, folder })
    }),
  )
}

async function start(workspace: Workspace, host: Pick<Host, 'port' | 'folder'>): Promise<Host> {
  const env = { PORT: String(host.port), HOST: '127.0.0.1' }
  const child = workspace.spawn(host.folder, process.execPath, [join(HELLO, 'server.mjs')], env)
  await listening(host.port, host.folder)
  return Object.assign(host, { child })
}

async function startBalancer(workspace: Workspace, hosts: readonly Host[]): Promise<string> {
  const folder = workspace.folder('balancer')
  const [port] = await freePorts(1)
  writeFileSync(join(folder, 'haproxy.cfg'), config(port!, hosts))
  workspace.spawn(folder, 'haproxy', ['-db', '-f', 'haproxy.cfg'])
  await listening(port!, folder)
  const url = `http://127.0.0.1:${port}`
  await until(
    'the balancer to find its hosts',
    async () => (await visit(url, 'hello.test', '/')).status === 200,
  )
  return url
}

function config(port: number, hosts: readonly Host[]): string {
  return `defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
frontend visitors
  bind 127.0.0.1:${port}
  default_backend app
backend app
  option httpchk GET /health
  http-check expect status 200-399
  default-server check inter ${RECIPE.checkMs * SHARE}ms fall 2 rise 3
${hosts.map((host) => `  server s${host.port} 127.0.0.1:${host.port}`).join('\n')}
`
}
