import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { type Fate, fateOf } from './classify.ts'
import { NO_COUNT, unlogged } from './counters.ts'
import { field, type LogLine, parseLine } from './parse.ts'
import { startApp, type TestApp } from './testing/app.ts'
import { EVENT_STREAM, request, type Seen, UPGRADE, Visitor } from './testing/client.ts'
import { startRouter, type TestRouter, until } from './testing/router.ts'
import { WorkerLink } from './worker-link.ts'

/** What the log has to say: a fate, or nothing at all. */
type Told = Fate | 'unlogged'

interface Case {
  readonly name: string
  /** What the visitor does; what it saw. Its path begins with `base`, which no other case has. */
  readonly run: (base: string) => Promise<Seen | 'left'>
  readonly told: Told
  readonly heroku?: string
}

let app: TestApp
let router: TestRouter
let link: WorkerLink
const lines: LogLine[] = []

before(async () => {
  app = await startApp()
  router = await startRouter(app.port)
  link = await WorkerLink.connect(router.statsSocket)
  link.follow(
    (text) => {
      const line = parseLine(text)
      if (line) lines.push(line)
    },
    () => undefined,
  )
})

after(async () => {
  link.close()
  await router.stop()
  await app.stop()
})

const BODY = { method: 'POST', body: 'abc' }

/** Asks, lets the instance go on once its answer has begun, and says what came of it. */
async function ask(visitor: Visitor, path: string, options = {}): Promise<Seen> {
  visitor.begin(request(path, options))
  await visitor.begun()
  app.go(path)
  return visitor.outcome()
}

/** Asks on a new connection. */
function fresh(name: string, options = {}) {
  return async (base: string) => {
    const visitor = await Visitor.connect(router.port)
    const seen = await ask(visitor, `${base}/${name}`, options)
    visitor.close()
    return seen
  }
}

/** Asks on a connection that has carried a request before. */
function reused(name: string, options = {}) {
  return async (base: string) => {
    const visitor = await Visitor.connect(router.port)
    await visitor.ask(request('/ok'))
    const seen = await ask(visitor, `${base}/${name}`, options)
    visitor.close()
    return seen
  }
}

/** Goes away once the instance has its head: in the upload, or in the answer. */
function leaving(name: string, text: (base: string) => string, how: 'close' | 'reset') {
  return async (base: string): Promise<'left'> => {
    const visitor = await Visitor.connect(router.port)
    visitor.begin(text(base))
    await until(() => app.heads.has(`${base}/${name}`))
    if (name === 'big') await visitor.begun()
    if (how === 'close') visitor.close()
    else visitor.socket.resetAndDestroy()
    return 'left'
  }
}

/** Goes away while the instance still thinks; then the instance answers. */
async function leavingEarly(base: string): Promise<'left'> {
  const path = `${base}/later`
  const visitor = await Visitor.connect(router.port)
  visitor.begin(request(path))
  await until(() => app.seen.has(path))
  const gone = once(visitor.socket, 'close')
  visitor.socket.resetAndDestroy()
  await gone
  app.go(path)
  return 'left'
}

/** Opens a stream and waits until it has ended. */
function streaming(name: string, headers: string) {
  return async (base: string): Promise<Seen> => {
    const visitor = await Visitor.connect(router.port)
    const seen = await ask(visitor, `${base}/${name}`, { headers })
    if (seen.kind === 'answer' && seen.status === 101) await visitor.ended()
    visitor.close()
    return seen
  }
}

const unfinished = (base: string) =>
  `POST ${base}/ok HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 100\r\n\r\nabc`
const upload = (base: string, name: string) =>
  `POST ${base}/${name} HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 2000000\r\n\r\n${'x'.repeat(2_000_000)}`

const CASES: readonly Case[] = [
  { name: 'an answer', run: fresh('ok'), told: 'answered' },
  { name: "the app's own 500", run: fresh('500'), told: 'answered' },
  { name: "the app's own 503", run: fresh('503'), told: 'answered' },
  { name: "the app's own 504", run: fresh('504'), told: 'answered' },
  { name: 'GET, instance closes', run: fresh('close'), told: 'no_response' },
  { name: 'GET, instance resets', run: fresh('reset'), told: 'no_response' },
  { name: 'POST, instance closes', run: fresh('close', BODY), told: 'no_response' },
  { name: 'POST, instance resets', run: fresh('reset', BODY), told: 'no_response' },
  { name: 'GET on a used connection, instance closes', run: reused('close'), told: 'unlogged' },
  { name: 'GET on a used connection, instance resets', run: reused('reset'), told: 'unlogged' },
  { name: 'POST on a used connection, instance closes', run: reused('close', BODY), told: 'unlogged' },
  { name: 'POST on a used connection, instance resets', run: reused('reset', BODY), told: 'unlogged' },
  { name: 'half a head', run: fresh('half-head', BODY), told: 'no_response' },
  { name: 'half a head on a used connection', run: reused('half-head', BODY), told: 'unlogged' },
  { name: 'an interim answer, then nothing', run: fresh('interim', BODY), told: 'no_response' },
  { name: 'an interim answer to a GET, then nothing', run: fresh('interim'), told: 'no_response' },
  { name: 'an upload that the instance breaks off', run: uploading('close'), told: 'no_response' },
  { name: 'an upload that is refused early', run: uploading('early'), told: 'answered' },
  { name: 'garbage', run: fresh('garbage'), told: 'bad_gateway' },
  { name: 'garbage on a used connection', run: reused('garbage', BODY), told: 'bad_gateway' },
  { name: 'no answer in time', run: fresh('never'), told: 'timeout' },
  { name: 'no answer in time on a used connection', run: reused('never', BODY), told: 'timeout' },
  { name: 'an answer of known length is cut', run: fresh('cut-length'), told: 'cut' },
  { name: 'the same on a used connection', run: reused('cut-length', BODY), told: 'cut' },
  { name: 'an answer is reset', run: fresh('cut-reset'), told: 'cut' },
  { name: 'a chunked answer is cut', run: fresh('cut-chunked'), told: 'cut' },
  { name: 'a chunk is broken', run: fresh('bad-chunk'), told: 'cut' },
  { name: 'an answer stalls', run: fresh('stall'), told: 'cut' },
  { name: 'all instances refuse', run: at('/dead', fresh('ok')), told: 'no_instance' },
  { name: 'all instances refuse a POST', run: at('/dead', fresh('ok', BODY)), told: 'no_instance' },
  { name: 'one of two refuses', run: at('/half', fresh('ok')), told: 'answered' },
  { name: 'one of two refuses a POST', run: at('/half', fresh('ok', BODY)), told: 'answered' },
  { name: 'the hold passes', run: at('/none', fresh('ok')), told: 'no_instance' },
  { name: 'the hold passes, with a page', run: async () => fresh('page')('/none'), told: 'no_instance' },
  { name: 'maintenance', run: async () => fresh('maintenance')(''), told: 'answered' },
  { name: 'unknown host', run: async () => fresh('unknown')(''), told: 'answered' },
  { name: 'the visitor leaves in its upload', run: leaving('ok', unfinished, 'close'), told: 'aborted' },
  { name: 'the visitor resets in its upload', run: leaving('ok', unfinished, 'reset'), told: 'aborted' },
  {
    name: 'the visitor resets while it waits',
    run: leavingEarly,
    told: 'aborted',
  },
  {
    name: 'the visitor leaves in the answer',
    run: leaving('big', (base) => request(`${base}/big`), 'close'),
    told: 'aborted',
  },
  {
    name: 'the visitor resets in the answer',
    run: leaving('big', (base) => request(`${base}/big`), 'reset'),
    told: 'aborted',
  },
  { name: 'a stream that the instance ends', run: streaming('ws-end', UPGRADE), told: 'answered' },
  { name: 'a stream that the instance resets', run: streaming('ws-reset', UPGRADE), told: 'cut' },
  { name: 'events that end', run: streaming('events-end', EVENT_STREAM), told: 'answered' },
  { name: 'events that are cut', run: streaming('events-cut', EVENT_STREAM), told: 'cut' },
  { name: 'an upgrade without an answer', run: streaming('close', UPGRADE), told: 'no_response' },
  { name: 'an upgrade on a used connection', run: reused('close', { headers: UPGRADE }), told: 'unlogged' },
]

function at(prefix: string, run: Case['run']): Case['run'] {
  return (base) => run(prefix + base)
}

function uploading(name: string): Case['run'] {
  return async (base) => {
    const visitor = await Visitor.connect(router.port)
    const seen = await visitor.ask(upload(base, name))
    visitor.close()
    return seen
  }
}

/** The visitor's own judgement, which knows nothing of the log. */
function judged(seen: Seen | 'left', name: string): string {
  if (seen === 'left') return 'aborted'
  if (seen.kind === 'nothing') return 'lost'
  if (seen.kind === 'cut') return 'lost'
  const own = /own|maintenance/.test(name) || seen.status < 500
  return own ? 'answered' : 'lost'
}

const isKindOf = (told: Told) => (told === 'answered' || told === 'aborted' ? told : 'lost')

test('the log tells of each outcome what the visitor saw, or the counters do', async (context) => {
  const bases = CASES.map((_, index) => `/case-${index}`)
  const seen = await Promise.all(CASES.map((each, index) => each.run(bases[index] ?? '')))
  const logged = CASES.filter(({ told }) => told !== 'unlogged')
  await until(() => logged.every((each) => lineOf(each)))
  for (const [index, each] of CASES.entries()) {
    await context.test(each.name, () => {
      const line = lineOf(each)
      assert.equal(line ? fateOf(line) : 'unlogged', each.told)
      const stream = /stream|upgrade|events/.test(each.name) && each.told === 'cut'
      const saw = seen[index]
      if (saw !== undefined && !stream) assert.equal(isKindOf(each.told), judged(saw, each.name))
    })
  }
  await context.test('and the counters know of as many requests without a line as visitors had', async () => {
    const silent = CASES.filter(({ told }) => told === 'unlogged').length
    await until(async () => (await unloggedIn('app')) + (await unloggedIn('app_streams')) === silent)
    for (const backend of ['dead', 'half', 'none', 'unknown']) assert.equal(await unloggedIn(backend), 0)
  })
})

async function unloggedIn(backend: string): Promise<number> {
  return unlogged((await link.count(backend)) ?? NO_COUNT, NO_COUNT)
}

function lineOf(each: Case): LogLine | undefined {
  const path = new Map([
    ['maintenance', '/maintenance'],
    ['unknown host', '/unknown'],
    ['the hold passes, with a page', '/none/page'],
  ]).get(each.name)
  const base = `/case-${CASES.indexOf(each)}/`
  return lines.find((line) => {
    const asked = field(line.fields, 'path')
    return path === undefined ? asked.includes(base) : asked === path
  })
}
