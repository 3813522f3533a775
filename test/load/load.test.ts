import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { answer, type Behaviour, badServer } from './bad-server.ts'
import { checkPosts, startLoad } from './index.ts'
import { Load } from './load.ts'
import type { LoadOptions, LoadReport } from './types.ts'

/** Where nobody listens: a port that the kernel gives to nobody who asks for any. */
const NOBODY = 'http://127.0.0.1:1'

/** Runs a load in this process until that many requests have had their outcome. */
async function loadUntil(
  t: TestContext,
  behave: Behaviour | null,
  outcomes: number,
  options: Partial<LoadOptions>,
): Promise<LoadReport> {
  let url = NOBODY
  if (behave !== null) {
    const server = await badServer(behave)
    t.after(() => server.close())
    url = server.url
  }
  const load = new Load({ url, host: 'app.test', ...options })
  for (let waited = 0; waited < 10_000; waited += 5) {
    const { ok, lost } = load.snapshot()
    if (ok + lost >= outcomes) break
    await pause(5)
  }
  return load.stop()
}

function losesAs(cause: string, behave: Behaviour | null, options: Partial<LoadOptions> = {}) {
  return async (t: TestContext) => {
    const report = await loadUntil(t, behave, 5, { rates: { get: 200 }, ...options })
    assert.ok(report.sent >= 5)
    assert.equal(report.ok, 0)
    assert.deepEqual(report.byCause, { [cause]: report.sent })
    assert.equal(report.lost, report.sent)
    assert.equal(report.losses[0]?.cause, cause)
  }
}

const good: Behaviour = (socket) =>
  void socket.write(answer(200, '{"instance":"a","release":7}', 'content-type: application/json\r\n'))

test('a port where nobody listens counts as refused', losesAs('refused', null))
test(
  'a reset before the answer counts as reset',
  losesAs('reset', (socket) => void socket.resetAndDestroy()),
)
test(
  'an end before the answer counts as closed',
  losesAs('closed', (socket) => void socket.end()),
)
test(
  'a body shorter than its length counts as cut',
  losesAs('cut', (socket) => void socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort')),
)
test(
  'a chunked body without its end counts as cut',
  losesAs(
    'cut',
    (socket) => void socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort'),
  ),
)
test(
  'a reset in the middle of the head counts as cut',
  losesAs('cut', (socket) => socket.write('HTTP/1.1 20', () => void socket.resetAndDestroy())),
)
for (const status of [502, 503, 504]) {
  test(
    `an answer of ${status} counts as http_${status}`,
    losesAs(`http_${status}`, (socket) => void socket.write(answer(status, ''))),
  )
}
test(
  'no answer within the limit counts as timeout',
  losesAs('timeout', () => undefined, { timeoutMs: 50 }),
)
test(
  'half an answer within the limit counts as timeout',
  losesAs('timeout', (socket) => void socket.write('HTTP/1.1 200 OK\r\n'), { timeoutMs: 50 }),
)
test(
  'what is not HTTP counts as malformed',
  losesAs('malformed', (socket) => void socket.write('hello\r\n\r\n')),
)
test(
  'an upload with another digest counts as corrupt',
  losesAs('corrupt', (socket) => void socket.write(answer(200, 'deadbeef')), {
    rates: { upload: 100 },
    uploadBytes: 1_000,
    uploadMs: 1,
  }),
)

test('an upload with its own digest is ok', async (t) => {
  const behave: Behaviour = (socket, head) => {
    const body = Buffer.from(head.slice(head.indexOf('\r\n\r\n') + 4), 'latin1')
    socket.write(answer(200, createHash('sha256').update(body).digest('hex')))
  }
  const report = await loadUntil(t, behave, 5, { rates: { upload: 100 }, uploadBytes: 5_000, uploadMs: 5 })
  assert.equal(report.lost, 0)
  assert.equal(report.ok, report.sent)
})

test('a kept-alive connection carries many requests, and every answer is told by instance and release', async (t) => {
  const report = await loadUntil(t, good, 50, { rates: { get: 500 }, connections: 1 })
  assert.equal(report.lost, 0)
  assert.equal(report.connections.opened, 1)
  assert.deepEqual(report.byStatus, { 200: report.ok })
  assert.deepEqual(report.byInstance, { a: report.ok })
  assert.deepEqual(report.byRelease, { 7: report.ok })
  assert.ok(report.p50 > 0 && report.p50 <= report.p99 && report.p99 <= report.max)
})

test('a connection that the server closes while it is idle loses nothing and is counted', async (t) => {
  const closing: Behaviour = (socket, head, number) => {
    good(socket, head, number)
    setTimeout(() => socket.end(), 10)
  }
  // So slow that the end of one connection is seen long before the next request, also on a busy machine.
  const report = await loadUntil(t, closing, 5, { rates: { get: 4 }, connections: 1 })
  assert.equal(report.lost, 0)
  assert.ok(report.connections.closedIdle >= 4)
})

test('an answer that announces the end of its connection is followed by a new connection', async (t) => {
  const behave: Behaviour = (socket) => void socket.write(answer(200, '', 'connection: close\r\n'))
  const report = await loadUntil(t, behave, 10, { rates: { get: 200 }, connections: 1 })
  assert.equal(report.lost, 0)
  assert.equal(report.connections.opened, report.ok)
})

test('an error status of the app is an answer and not a loss', async (t) => {
  const behave: Behaviour = (socket) => void socket.write(answer(500, 'oh'))
  const report = await loadUntil(t, behave, 5, { rates: { get: 200 } })
  assert.deepEqual(report.byStatus, { 500: report.ok })
  assert.equal(report.lost, 0)
})

test('nothing is sent twice: a lost POST is lost', async (t) => {
  const seen: string[] = []
  const behave: Behaviour = (socket, head) => {
    seen.push(/"id":"(.+?)"/.exec(head)![1]!)
    if (seen.length % 2) socket.resetAndDestroy()
    else socket.write(answer(200, ''))
  }
  const report = await loadUntil(t, behave, 10, { rates: { post: 200 } })
  assert.equal(seen.length, report.sent)
  assert.equal(new Set(seen).size, report.sent)
  assert.ok(report.lost > 0)
  assert.deepEqual(checkPosts(report, seen), { missing: [], doubled: [] })
})

test('posts that were never or twice processed are found', async (t) => {
  const seen: string[] = []
  const behave: Behaviour = (socket, head) => {
    seen.push(/"id":"(.+?)"/.exec(head)![1]!)
    socket.write(answer(200, ''))
  }
  const report = await loadUntil(t, behave, 4, { rates: { post: 200 } })
  const [first, second, ...others] = seen.sort()
  assert.deepEqual(checkPosts(report, [first!, first!, ...others]), { missing: [second], doubled: [first] })
})

test('a new connection for each request', async (t) => {
  const report = await loadUntil(t, good, 10, { rates: { fresh: 200 } })
  assert.equal(report.lost, 0)
  assert.equal(report.connections.opened, report.sent)
})

test('the pace does not wait for slow answers', async (t) => {
  const waiting: (() => void)[] = []
  let enough = false
  const behave: Behaviour = (socket) => {
    waiting.push(() => socket.write(answer(200, '')))
    // Nobody is answered before there are this many at once.
    enough ||= waiting.length === 20
    if (enough) for (const go of waiting.splice(0)) go()
  }
  const report = await loadUntil(t, behave, 20, { rates: { slow: 100 } })
  assert.ok(enough)
  assert.equal(report.lost, 0)
})

test('what waits for a connection when the load is stopped is unsent, not lost', async (t) => {
  const behave: Behaviour = (socket) => void setTimeout(() => socket.write(answer(200, '')), 100)
  const report = await loadUntil(t, behave, 2, { rates: { get: 200 }, connections: 1 })
  assert.ok(report.unsent > 0)
  assert.equal(report.sent, report.ok)
})

test('a load in a process of its own tells how it goes and reports at its end', async (t) => {
  const server = await badServer(good)
  t.after(() => server.close())
  const load = await startLoad({ url: server.url, host: 'app.test', rates: { get: 200, fresh: 50 } })
  while ((load.snapshot()?.ok ?? 0) < 20) await pause(10)
  const report = await load.stop()
  assert.equal(report.lost, 0)
  assert.equal(report.sent, report.ok)
  assert.equal(report.sent, (report.byKind.get?.sent ?? 0) + (report.byKind.fresh?.sent ?? 0))
})

test('a load ends by itself after its time', async (t) => {
  const server = await badServer(good)
  t.after(() => server.close())
  const load = await startLoad({ url: server.url, host: 'app.test', rates: { get: 50 }, maxSeconds: 0.5 })
  const { ok, lost } = await load.ended
  assert.ok(ok > 0)
  assert.equal(lost, 0)
})
