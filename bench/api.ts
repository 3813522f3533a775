/**
 * How long the API takes to show an app while a thousand are known, at a steady rate of calls.
 *
 *   node bench/api.ts [APPS] [CALLS_PER_SECOND] [SECONDS]
 *
 * Each call's time counts from the instant at which it was due, so that a stall is not hidden by calls that wait for it.
 */
import { Agent, request } from 'node:http'
import { cpus, loadavg } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { TestServer } from '../test/harness/index.ts'

const [apps = 1000, rate = 200, seconds = 20] = process.argv.slice(2).map(Number)
const WARM_UP_SECONDS = 3
const LIST_CALLS = 20
const agent = new Agent({ keepAlive: true, maxSockets: 64 })

interface Times {
  readonly p50: number
  readonly p99: number
  readonly most: number
}

const server = await TestServer.start({ flags: ['--log-level', 'warn', '--rate-limit', '0'] })
const token = await server.token()
try {
  console.log(
    `Node ${process.version} on ${cpus().length} × ${cpus()[0]?.model}, load ${loadavg()[0]?.toFixed(1)}`,
  )
  const create = await timed(apps, (n) => call('POST', '/apps', { name: `app-${n}` }))
  print(`POST /apps, one after the other`, create)
  await call('PATCH', '/apps/app-7/config-vars', { COLOUR: 'green' })
  await steady(WARM_UP_SECONDS)
  print(`GET /apps/NAME with ${apps} apps at ${rate}/s for ${seconds} s`, await steady(seconds))
  const lists = await timed(LIST_CALLS, () => call('GET', '/apps', undefined, { range: 'name ..; max=1000' }))
  print(`GET /apps, ${apps} at once`, lists)
  print('GET /apps/NAME/releases', await timed(100, () => call('GET', '/apps/app-7/releases')))
} finally {
  agent.destroy()
  await server.close()
}

/** Calls for different apps at the wanted rate, whether or not the earlier ones have ended. */
async function steady(forSeconds: number): Promise<Times> {
  const times: number[] = []
  const open: Promise<void>[] = []
  const begun = performance.now()
  for (let n = 0; n < rate * forSeconds; n++) {
    const due = begun + (n * 1000) / rate
    const early = due - performance.now()
    if (early > 0) await pause(early)
    open.push(
      call('GET', `/apps/app-${(n * 7919) % apps}`).then(() => void times.push(performance.now() - due)),
    )
  }
  await Promise.all(open)
  return timesOf(times)
}

async function timed(count: number, work: (n: number) => Promise<unknown>): Promise<Times> {
  const times: number[] = []
  for (let n = 0; n < count; n++) {
    const begun = performance.now()
    await work(n)
    times.push(performance.now() - begun)
  }
  return timesOf(times)
}

function timesOf(times: readonly number[]): Times {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
  return { p50: at(0.5), p99: at(0.99), most: sorted.at(-1)! }
}

function print(what: string, { p50, p99, most }: Times): void {
  console.log(`${what}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, longest ${most.toFixed(1)} ms`)
}

/** Rejects unless it is answered with a status below 300. */
function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<void> {
  const authorization = `Bearer ${token}`
  const text = body === undefined ? undefined : JSON.stringify(body)
  const type = text === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const options = { agent, method, headers: { authorization, ...type, ...headers } }
    const sent = request(`http://${server.api}${path}`, options, (response) => {
      response.resume()
      response.on('end', () =>
        response.statusCode! < 300
          ? resolve()
          : reject(new Error(`${method} ${path} was answered with ${response.statusCode}`)),
      )
    })
    sent.on('error', reject)
    sent.end(text)
  })
}
