import { setTimeout as pause } from 'node:timers/promises'
import { TestApp, type TestServer } from '../test/harness/index.ts'
import { Hello } from './hello.ts'
import { median } from './measure.ts'
import { measurePass, type PassResult } from './pass.ts'
import { cpuMs, programOf, rssMiB } from './proc.ts'

const APPS = 200
/** Apps that have an instance each; the others are created only. */
const WITH_INSTANCES = 5
const INSTANCES_OF_FIRST = 10
const WATCH_MS = 20_000

/** The server with nothing to do. */
interface AtRest {
  readonly apps: number
  readonly instances: number
  readonly controlMiB: number
  /** Percent of one core. */
  readonly controlCpu: number
  readonly routerMiB: number
  readonly routerCpu: number
}

export interface RestResult {
  readonly watchedMs: number
  readonly few: AtRest
  readonly many: AtRest
  /** Median time of `POST /apps`. */
  readonly createMs: number
  readonly pass: PassResult
}

/**
 * Memory and processor time of a server at rest, with one app and with many; then the control plane is ended and its
 * pass over all those apps is timed in this process. The server is of no use afterwards.
 */
export async function measureRest(server: TestServer): Promise<RestResult> {
  await Hello.create(server, 'app-0', INSTANCES_OF_FIRST, { bake_seconds: 0 })
  const few = await atRest(server, 1, INSTANCES_OF_FIRST)
  const createMs = median(await createApps(server))
  const many = await atRest(server, APPS, INSTANCES_OF_FIRST + WITH_INSTANCES - 1)
  await server.kill('SIGTERM')
  return { watchedMs: WATCH_MS, few, many, createMs, pass: await measurePass(server) }
}

async function createApps(server: TestServer): Promise<number[]> {
  const times: number[] = []
  for (let number = 1; number < WITH_INSTANCES; number++)
    await Hello.create(server, `app-${number}`, 1, { bake_seconds: 0 })
  for (let number = WITH_INSTANCES; number < APPS; number++) {
    const started = performance.now()
    const { status, body } = await server.call('POST', '/apps', { name: `app-${number}` })
    if (status !== 201) throw new Error(`POST /apps: ${status} ${JSON.stringify(body)}`)
    times.push(performance.now() - started)
  }
  return times
}

async function atRest(server: TestServer, apps: number, instances: number): Promise<AtRest> {
  const running = await runningInstances(server, apps)
  if (running !== instances) throw new Error(`${running} instances run instead of ${instances}`)
  const router = server.processes().filter((pid) => programOf(pid) === 'haproxy')
  const before = [cpuMs([server.pid]), cpuMs(router)] as const
  await pause(WATCH_MS)
  const percent = (ms: number): number => (ms * 100) / WATCH_MS
  return {
    apps,
    instances,
    controlMiB: rssMiB(server.pid),
    controlCpu: percent(cpuMs([server.pid]) - before[0]),
    routerMiB: router.reduce((sum, pid) => sum + rssMiB(pid), 0),
    routerCpu: percent(cpuMs(router) - before[1]),
  }
}

async function runningInstances(server: TestServer, apps: number): Promise<number> {
  const candidates = Math.min(apps, WITH_INSTANCES)
  let running = 0
  for (let number = 0; number < candidates; number++) {
    const dynos = await TestApp.existing(server, `app-${number}`).dynos()
    running += dynos.filter((dyno) => dyno.state === 'up').length
  }
  return running
}
