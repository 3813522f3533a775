/**
 * `npm run bench:logs`: how late a line reaches one who follows, how many a second go through to a drain, what a dead drain
 * costs, and what the router's lines cost. Prints the figures; takes about 1.5 minutes; needs Linux and HAProxy.
 */
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf, SyslogReceiver } from '../src/observe/drains/testing.ts'
import { sourceFrom, TestApp, TestServer, until } from '../test/harness/index.ts'

import { cpuMs, rssMiB } from './proc.ts'

const TALKER = join(import.meta.dirname, '..', 'test', 'apps', 'talker')
const TAIL_LINES = 500
const TAIL_RATE = 50
const DRAIN_RATE = 5_000
const DRAIN_SECONDS = 20
const REQUESTS_A_SECOND = 2_000
const REQUEST_SECONDS = 10
const LINE = /line (\d+) (\d+\.?\d*) /

process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

const server = await TestServer.start({ flags: ['--log-level', 'warn'] })
try {
  const app = await TestApp.create(server, { name: 'talker' })
  await app.mustDeploy(await sourceFrom(server, TALKER, {}))
  await measureTail(app)
  const receiver = await new SyslogReceiver().open()
  await measureDrain(app, receiver, `syslog://127.0.0.1:${receiver.port}`)
  await receiver.close()
  await measureDeadDrain(app)
  await measureRouter(app)
} catch (error) {
  console.error(server.log())
  throw error
} finally {
  await server.close()
}

/** Time from the writing of a line to its event at a client, a line at a time. */
async function measureTail(app: TestApp): Promise<void> {
  const times: number[] = []
  const { body } = await server.call('POST', `/apps/${app.name}/log-sessions`, {
    tail: true,
    lines: 0,
    source: 'app',
  })
  const ended = new AbortController()
  const response = await fetch(body.logplex_url, { signal: ended.signal })
  const decoder = new TextDecoder()
  let rest = ''
  await app.visit(`/talk?from=1&lines=${TAIL_LINES}&rate=${TAIL_RATE}`)
  for await (const chunk of response.body!) {
    const now = performance.timeOrigin + performance.now()
    const events = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const at = LINE.exec(event)?.[2]
      if (at !== undefined) times.push(now - Number(at))
    }
    if (times.length >= TAIL_LINES) break
  }
  ended.abort()
  times.sort((a, b) => a - b)
  const of = (share: number) => times[Math.ceil(times.length * share) - 1]!.toFixed(0)
  console.log(`tail, ${TAIL_RATE} lines a second: p50 ${of(0.5)} ms, p99 ${of(0.99)} ms, most ${of(1)} ms`)
}

/** Lines through to a drain that takes them: how many arrived, how late the last one was, what it cost. */
async function measureDrain(app: TestApp, receiver: SyslogReceiver, url: string): Promise<void> {
  const { status, body } = await server.call('POST', `/apps/${app.name}/log-drains`, { url })
  if (status !== 201) throw new Error(`POST log-drains: ${status} ${JSON.stringify(body)}`)
  const lines = DRAIN_RATE * DRAIN_SECONDS
  const cpuBefore = cpuMs([server.pid])
  await app.visit(`/talk?from=1&lines=${lines}&rate=${DRAIN_RATE}`)
  const begun = performance.now()
  const last = `line ${lines} `
  await until('the last line', () => receiver.frames.some((frame) => frame.includes(last)) || null, 90_000)
  const seconds = (performance.now() - begun) / 1000
  const cpu = (cpuMs([server.pid]) - cpuBefore) / (seconds * 10)
  const numbers = receiver.frames.flatMap((frame) => LINE.exec(messageOf(frame))?.[1] ?? []).map(Number)
  const inOrder = numbers.every((number, index) => index === 0 || number > numbers[index - 1]!)
  console.log(
    `drain, ${DRAIN_RATE} lines a second for ${DRAIN_SECONDS} s: ${new Set(numbers).size} of ${lines} arrived, ` +
      `${numbers.length - new Set(numbers).size} twice, ${inOrder ? 'in order' : 'NOT in order'}, the last after ` +
      `${seconds.toFixed(1)} s; control plane ${cpu.toFixed(0)} % of a core, ${rssMiB(server.pid).toFixed(0)} MiB`,
  )
  await server.call('DELETE', `/apps/${app.name}/log-drains/${body.id}`)
}

/** The same with nobody there to take them. */
async function measureDeadDrain(app: TestApp): Promise<void> {
  const url = 'syslog://127.0.0.1:1'
  await server.call('POST', `/apps/${app.name}/log-drains`, { url })
  const before = rssMiB(server.pid)
  const cpuBefore = cpuMs([server.pid])
  const lines = DRAIN_RATE * DRAIN_SECONDS
  await app.visit(`/talk?from=1&lines=${lines}&rate=${DRAIN_RATE}`)
  let most = before
  for (let second = 0; second < DRAIN_SECONDS; second += 1) {
    await pause(1000)
    most = Math.max(most, rssMiB(server.pid))
  }
  const cpu = (cpuMs([server.pid]) - cpuBefore) / (DRAIN_SECONDS * 10)
  console.log(
    `dead drain, ${DRAIN_RATE} lines a second for ${DRAIN_SECONDS} s: control plane ${before.toFixed(0)} MiB before, ` +
      `at most ${most.toFixed(0)} MiB; ${cpu.toFixed(0)} % of a core`,
  )
  await server.call('DELETE', `/apps/${app.name}/log-drains/${encodeURIComponent(url)}`)
}

/** What requests cost the control plane, which counts them and keeps a line of each. */
async function measureRouter(app: TestApp): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 })
  const [host, port] = server.http.split(':')
  const options = { host, port, path: '/', headers: { host: app.host }, agent }
  const cpuBefore = cpuMs([server.pid])
  const begun = performance.now()
  let sent = 0
  let answered = 0
  let failed = 0
  while (performance.now() - begun < REQUEST_SECONDS * 1000) {
    const due = ((performance.now() - begun) / 1000) * REQUESTS_A_SECOND
    for (; sent < due; sent += 1)
      request(options, (response) => {
        response.resume().once('end', () => (answered += 1))
      })
        .once('error', () => (failed += 1))
        .end()
    await pause(5)
  }
  await until('all answers', () => answered + failed === sent || null)
  const seconds = (performance.now() - begun) / 1000
  const cpu = (cpuMs([server.pid]) - cpuBefore) / (seconds * 10)
  agent.destroy()
  console.log(
    `router, ${(answered / seconds).toFixed(0)} requests a second (${failed} failed): control plane ${cpu.toFixed(0)} % of ` +
      `a core, ${rssMiB(server.pid).toFixed(0)} MiB`,
  )
}
