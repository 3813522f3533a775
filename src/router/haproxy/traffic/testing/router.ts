import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { freePort } from '../../free-port.ts'
import { Cli, connected } from '../cli.ts'
import { frontendLogLines, ringSection } from '../log-format.ts'

/** A real HAProxy for tests, with the logging of the real configuration and short time limits. */
export interface TestRouter {
  readonly port: number
  readonly directory: string
  readonly statsSocket: string
  /** A new worker takes over; the old one serves what it has. */
  reload(): Promise<void>
  /** One command to the present worker. */
  command(text: string): Promise<string>
  workerPid(): Promise<number>
  stop(): Promise<void>
}

const HAPROXY = 'haproxy'

const HOLD = `core.register_action('hold', {'http-req'}, function(txn, ms)
  local waited = 0
  while waited < tonumber(ms) do core.msleep(10); waited = waited + 10 end
  txn:set_var('txn.held_ms', waited)
end, 1)
`

/** Starts HAProxy before an app on `appPort`: backends `app` and `app_streams`, and by path prefix some that are broken. */
export async function startRouter(appPort: number): Promise<TestRouter> {
  const directory = await mkdtemp(join(tmpdir(), 'tasuki-traffic-'))
  const port = await freePort()
  await writeFile(join(directory, 'hold.lua'), HOLD)
  await writeFile(join(directory, 'haproxy.cfg'), configuration(directory, port, appPort))
  const master = join(directory, 'master.sock')
  const child = spawn(HAPROXY, ['-W', '-S', master, '-f', join(directory, 'haproxy.cfg')], {
    stdio: 'ignore',
  })
  const statsSocket = join(directory, 'stats.sock')
  await until(() => answers(statsSocket))
  const command = async (text: string) => {
    const cli = await Cli.connect(statsSocket)
    const answer = await cli.ask(text)
    cli.close()
    return answer
  }
  const workerPid = async () => Number(/^Pid: (\d+)$/m.exec(await command('show info'))?.[1])
  return {
    port,
    directory,
    statsSocket,
    command,
    workerPid,
    reload: () => reload(master, workerPid),
    stop: () => stop(child, directory),
  }
}

/** Waits for a condition, at most 30 s. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const limit = Date.now() + 30_000
  while (!(await condition())) {
    if (Date.now() > limit) throw new Error(`waited 30 s in vain for ${condition}`)
    await pause(10)
  }
}

async function reload(master: string, workerPid: () => Promise<number>): Promise<void> {
  const before = await workerPid()
  const socket = await connected(master)
  socket.on('error', () => undefined)
  socket.resume().end('reload\n')
  await until(async () => (await workerPid().catch(() => before)) !== before)
}

async function stop(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await rm(directory, { recursive: true, force: true })
}

async function answers(path: string): Promise<boolean> {
  try {
    const cli = await Cli.connect(path)
    cli.close()
    return true
  } catch {
    return false
  }
}

function configuration(directory: string, port: number, appPort: number): string {
  return `global
  stats socket ${directory}/stats.sock mode 600 level admin expose-fd listeners
  stats timeout 1h
  lua-load ${directory}/hold.lua
  nbthread 2
  hard-stop-after 20s
${ringSection()}
defaults
  mode http
  timeout connect 300ms
  timeout client 2500ms
  timeout server 1500ms
  timeout http-request 2500ms
  timeout http-keep-alive 5s
  timeout tunnel 5s
  timeout queue 300ms
  retries 2
  option redispatch 1
  option idle-close-on-response
  retry-on conn-failure empty-response
  default-server pool-purge-delay 250ms
frontend visitors
  bind 127.0.0.1:${port}
${frontendLogLines()
  .map((line) => `  ${line}`)
  .join('\n')}
  http-request set-var(txn.app) str(shop)
  acl stream hdr(upgrade) -m found
  acl stream hdr(accept) -m sub text/event-stream
  http-request return status 503 content-type text/plain string maintenance if { path /maintenance }
  use_backend unknown if { path /unknown }
  use_backend dead if { path_beg /dead }
  use_backend none if { path_beg /none }
  use_backend half if { path_beg /half }
  use_backend app_streams if stream
  default_backend app
backend unknown
  http-request return status 404 content-type text/plain string unknown
${[backend('app', [appPort]), backend('dead', [1]), backend('half', [1, appPort])].join('\n')}
backend app_streams
  retries 0
  no option redispatch
  server s1 127.0.0.1:${appPort}
backend none
  http-request lua.hold 100 if { nbsrv eq 0 }
  http-request return status 503 content-type text/plain string unavailable if { path /none/page }
  server s1 127.0.0.1:1 disabled
`
}

function backend(name: string, ports: readonly number[]): string {
  return [
    `backend ${name}`,
    '  http-request disable-l7-retry unless METH_GET or { method HEAD OPTIONS PUT DELETE }',
    ...ports.map((port, index) => `  server s${index + 1} 127.0.0.1:${port}`),
  ].join('\n')
}
