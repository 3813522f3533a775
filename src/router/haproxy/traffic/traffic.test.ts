import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { TrafficReport } from '../../../domain/traffic.ts'
import { startApp, type TestApp } from './testing/app.ts'
import { EVENT_STREAM, request, UPGRADE, Visitor } from './testing/client.ts'
import { startRouter, type TestRouter, until } from './testing/router.ts'
import { HaproxyTraffic, type RouterLine } from './traffic.ts'

const SHOP = { appId: 'shop', type: 'web' }
const NONE = { appId: 'idle', type: 'web' }
const OTHER = { appId: 'other', type: 'web' }
const BACKENDS = [
  { ...SHOP, backend: 'app', kind: 'plain' },
  { ...SHOP, backend: 'app_streams', kind: 'stream' },
  { ...NONE, backend: 'none', kind: 'plain' },
  { ...OTHER, backend: 'half', kind: 'plain' },
] as const

let app: TestApp
let router: TestRouter
let directory: string
let traffic: HaproxyTraffic

const instances = () => [
  { ...SHOP, address: `127.0.0.1:${app.port}`, instance: 'web-1-a', name: 'web.1', release: 7 },
]

before(async () => {
  app = await startApp()
  router = await startRouter(app.port)
  directory = await mkdtemp(join(tmpdir(), 'tasuki-receipts-'))
  traffic = new HaproxyTraffic({
    statsSocket: router.statsSocket,
    directory: join(directory, 'main'),
    monotonic: () => performance.now(),
    outages: (from) => [{ from, ms: 3 }],
  })
  await traffic.start(BACKENDS, instances())
})

after(async () => {
  await traffic.stop()
  await router.stop()
  await app.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Asks on one kept connection, `times` in a row. */
async function ask(times: number, path = '/ok'): Promise<void> {
  const visitor = await Visitor.connect(router.port)
  for (let i = 0; i < times; i++)
    assert.deepEqual(await visitor.ask(request(path)), { kind: 'answer', status: 200 })
  visitor.close()
}

/** Asks, and lets the instance break the answer off once it has begun. */
async function askInTwo(visitor: Visitor, path: string, headers = ''): Promise<void> {
  visitor.begin(request(path, { headers }))
  await visitor.begun()
  app.go(path)
  await visitor.outcome()
}

/** Steady load on kept connections until stopped; says how many were answered. */
function load(connections: number): () => Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let answered = 0
  let on = true
  const one = () =>
    new Promise<void>((resolve, reject) => {
      get({ port: router.port, host: '127.0.0.1', path: '/ok', agent }, (response) => {
        response.resume().on('end', () => {
          answered++
          resolve()
        })
      }).on('error', reject)
    })
  const all = Array.from({ length: connections }, async () => {
    while (on) await one()
  })
  return async () => {
    on = false
    await Promise.all(all)
    agent.destroy()
    return answered
  }
}

const lostOf = (report: TrafficReport) => Object.values(report.lost).reduce((sum, each) => sum + each, 0)

test('a receipt counts before, during and after apart, each request once', async () => {
  await ask(20)
  await traffic.sample(SHOP, ['web-1-a'], performance.now() - 1000)
  await until(
    async () => (await traffic.sample(SHOP, ['web-1-a'], performance.now() - 10_000)).requests === 20,
  )
  await traffic.open('r1', [SHOP], 30_000)
  await ask(30)
  await ask(1, '/slow')
  await traffic.switched('r1')
  await ask(40)
  const report = await traffic.close('r1')
  assert.equal(report.before.requests, 20)
  assert.equal(report.during.requests, 31)
  assert.equal(report.after.requests, 40)
  assert.equal(report.after.byStatus['2xx'], 40)
  assert.deepEqual(report.byRelease, { 7: 71 })
  assert.equal(lostOf(report), 0)
  assert.ok(report.during.max !== null && report.during.max >= 295 && report.during.max < 30_000)
  assert.ok(report.during.p50 !== null && report.during.p50 < 295)
  assert.deepEqual(report.gaps, [])
  assert.equal(report.complete, true)
  assert.equal(report.outages.length, 1)
})

test('a receipt is complete although visitors never stop coming', async () => {
  const stop = load(4)
  try {
    await traffic.open('busy', [SHOP], 1000)
    const report = await traffic.close('busy')
    assert.deepEqual(report.gaps, [])
    assert.ok(report.complete)
  } finally {
    await stop()
  }
})

test('opening twice changes nothing, and closing again gives the same receipt', async () => {
  await traffic.open('r2', [SHOP], 0)
  await ask(5)
  await traffic.open('r2', [SHOP], 0)
  const report = await traffic.close('r2')
  await ask(5)
  assert.equal(report.during.requests, 5)
  await traffic.open('r2', [SHOP], 0)
  assert.deepEqual(await traffic.close('r2'), report)
})

test('a rollout that was over before its counting began has an empty receipt that says so', async () => {
  const report = await traffic.close('never-opened')
  assert.deepEqual([report.during.requests, report.complete], [0, false])
  assert.match(report.gaps.join(), /over before its counting had begun/)
  assert.deepEqual(await traffic.close('never-opened'), report)
})

test('requests that HAProxy drops without a line are in the receipt as lost', async () => {
  await traffic.open('r3', [SHOP], 0)
  const visitors = await Promise.all([1, 2, 3].map(() => Visitor.connect(router.port)))
  for (const visitor of visitors) {
    await visitor.ask(request('/ok'))
    assert.deepEqual(await visitor.ask(request('/close', { method: 'POST', body: 'x' })), { kind: 'nothing' })
  }
  const fresh = await Visitor.connect(router.port)
  assert.deepEqual(await fresh.ask(request('/close', { method: 'POST', body: 'x' })), {
    kind: 'answer',
    status: 502,
  })
  fresh.close()
  const report = await traffic.close('r3')
  assert.equal(report.lost.no_response, 4)
  assert.equal(lostOf(report), 4)
  assert.equal(report.during.requests, 7)
  assert.equal(report.during.byStatus.none, 3)
  assert.equal(report.complete, true)
})

test('a request that waited and then found nobody is held and lost', async () => {
  await traffic.open('r4', [NONE], 0)
  const visitor = await Visitor.connect(router.port)
  assert.deepEqual(await visitor.ask(request('/none/ok')), { kind: 'answer', status: 503 })
  visitor.close()
  const report = await traffic.close('r4')
  assert.equal(report.lost.no_instance, 1)
  assert.equal(report.held.requests, 1)
  assert.ok(report.held.longestMs >= 100)
})

test('streams are counted apart, those still open too', async () => {
  await traffic.open('r5', [SHOP], 0)
  const kept = await Visitor.connect(router.port)
  await kept.ask(request('/ws', { headers: UPGRADE }))
  const ended = await Visitor.connect(router.port)
  await ended.ask(request('/ws-end', { headers: UPGRADE }))
  app.go('/ws-end')
  await ended.ended()
  const events = await Visitor.connect(router.port)
  await askInTwo(events, '/events-cut', EVENT_STREAM)
  const left = await Visitor.connect(router.port)
  await left.ask(request('/ws', { headers: UPGRADE }))
  left.socket.resetAndDestroy()
  await until(async () => (await router.command('show stat app_streams 2 -1')).includes('BACKEND,0,0,1,'))
  const report = await traffic.close('r5')
  kept.close()
  assert.deepEqual(report.streams, { opened: 4, closed: 2 })
  assert.equal(report.during.requests, 0)
  assert.equal(lostOf(report), 0)
  assert.equal(report.complete, true)
})

test('the last requests of old workers are counted over reloads under load', async () => {
  await traffic.open('r6', [SHOP], 0)
  const stop = load(8)
  const slow = ask(1, '/slow')
  for (let i = 0; i < 3; i++) {
    const before = await router.workerPid()
    await router.reload()
    await traffic.attach()
    assert.notEqual(await router.workerPid(), before)
    await pause(100)
  }
  await slow
  const answered = (await stop()) + 1
  const report = await traffic.close('r6')
  assert.equal(report.during.requests, answered)
  assert.equal(lostOf(report), 0)
  assert.deepEqual(report.gaps, [])
})

test('an old worker may exit once its last visitor has gone', async () => {
  const pid = await router.workerPid()
  await traffic.attach()
  await router.reload()
  await traffic.attach()
  await until(() => !alive(pid))
})

test('an instance that fails shows in a sample at once', async () => {
  const since = performance.now()
  const sample = () => traffic.sample(OTHER, ['web-1-a'], since)
  await ask(2, '/half/ok')
  await ask(1, '/half/slow')
  const visitor = await Visitor.connect(router.port)
  await visitor.ask(request('/half/500'))
  await askInTwo(visitor, '/half/cut-length')
  await until(async () => (await sample()).requests === 5)
  const { serverErrors, p95 } = await sample()
  assert.equal(serverErrors, 2)
  assert.ok(p95 !== null && p95 >= 290)
  assert.deepEqual(await traffic.sample(OTHER, ['another'], since), {
    requests: 0,
    serverErrors: 0,
    p95: null,
  })
})

test('lines for people come for followed apps only', async () => {
  const got: RouterLine[] = []
  const stopListening = traffic.onLines((batch) => got.push(...batch))
  await ask(1, '/unfollowed')
  const unfollow = traffic.follow('shop')
  await ask(1, '/followed?secret=1')
  const visitor = await Visitor.connect(router.port)
  await visitor.ask(request('/never'))
  await until(() => got.length >= 2)
  unfollow()
  stopListening()
  assert.match(
    got[0]?.line ?? '',
    /^at=info method=GET path="\/followed" host=shop.example request_id=[0-9a-f-]{36} fwd="127.0.0.1" dyno=web.1 connect=\d+ms service=\d+ms status=200 bytes=\d+ protocol=http$/,
  )
  assert.match(
    got[1]?.line ?? '',
    /^at=error code=H12 desc="Request timeout" method=GET path="\/never" .* status=504/,
  )
  assert.equal(got[0]?.appId, 'shop')
})

test('a control plane that is killed loses nothing of its receipt', async () => {
  const home = join(directory, 'killed')
  const first = await controlPlane(home)
  await first.say('open r7')
  const stop = load(4)
  await pause(300)
  const killed = once(first.child, 'exit')
  first.child.kill('SIGKILL')
  await killed
  await pause(300)
  const second = await controlPlane(home)
  await second.say('open r7')
  await second.say('switched r7')
  const answered = await stop()
  const report = (await second.say('close r7')) as TrafficReport
  assert.equal(report.during.requests + report.after.requests, answered)
  assert.equal(lostOf(report), 0)
  assert.deepEqual(report.gaps, [])
  const ended = once(second.child, 'exit')
  second.child.kill('SIGKILL')
  await ended
})

test('a worker that is killed leaves a gap in words, and what it had in flight is lost', async () => {
  await traffic.attach()
  await traffic.open('r8', [SHOP], 0)
  const stuck = await Visitor.connect(router.port)
  const open = await Visitor.connect(router.port)
  await open.ask(request('/ws', { headers: UPGRADE }))
  stuck.send(request('/later'))
  await until(() => app.seen.has('/later'))
  // Reads the counters, as is done each second too.
  await traffic.switched('r8')
  const pid = await router.workerPid()
  process.kill(pid, 'SIGKILL')
  assert.deepEqual(await stuck.outcome(), { kind: 'nothing' })
  await until(() => !alive(pid))
  // A lost connection is given two seconds to come back.
  await pause(2500)
  const report = await traffic.close('r8')
  assert.equal(report.lost.no_response, 1)
  assert.equal(report.streams.closed, 1)
  assert.equal(report.complete, false)
  assert.match(report.gaps.join(), /ended suddenly/)
})

interface ControlPlane {
  readonly child: ChildProcess
  say(text: string): Promise<unknown>
}

async function controlPlane(home: string): Promise<ControlPlane> {
  const script = new URL('./testing/process.ts', import.meta.url).pathname
  const args = ['--disable-warning=ExperimentalWarning', script, router.statsSocket, home, String(app.port)]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]()
  await answers.next()
  return {
    child,
    say: async (text) => {
      child.stdin.write(`${text}\n`)
      return JSON.parse(String((await answers.next()).value))
    },
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
