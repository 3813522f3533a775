import assert from 'node:assert/strict'
import { once } from 'node:events'
import { PassThrough, Writable } from 'node:stream'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import type { AttachedRun } from '../services/ports.ts'
import { deployed } from '../services/testing.ts'
import { liveApi } from './testing.ts'

/** Reads a stream until it has seen the text, then lets go of it. */
async function readUntil(url: string, wanted: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { headers })
  let text = ''
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString()
    if (text.includes(wanted)) break
  }
  return text
}

test('a log session shows what was and what comes, at an address that needs no token', async (t) => {
  const { call, services, logs } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  logs.append(app.id, { dyno: 'web.1', message: 'one' })
  logs.append(app.id, { dyno: 'web.1', message: 'two' })
  const once_ = await call('POST', '/apps/shop/log-sessions', { lines: 1 })
  assert.equal(once_.status, 201)
  assert.match(
    await (await fetch(once_.body.logplex_url)).text(),
    /^:\n\nid: 2\ndata: \S+ tasuki\[web\.1\]: two\n\n$/,
  )

  const { body } = await call('POST', '/apps/shop/log-sessions', { tail: true, dyno: 'web.1' })
  const tail = readUntil(body.logplex_url, 'three')
  const speaking = setInterval(() => logs.append(app.id, { dyno: 'web.1', message: 'three' }), 20)
  assert.match(await tail, /one\n\nid: 2\ndata: .*two\n\n(id: \d+\ndata: .*)+three/s)
  clearInterval(speaking)
})

test('the events of a rollout come as they happen, with ids, and end with the receipt', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  await deployed(api, app, 'a', 'running')
  await api.engine.enter(app.id, 'prepare')
  const [{ id }] = (await api.call('GET', '/tasuki/apps/shop/rollouts')).body
  const headers = { authorization: `Bearer ${api.token}` }
  const response = await fetch(`${api.url}/tasuki/rollouts/${id}/events`, { headers })
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const until = async (wanted: string) => {
    while (!text.includes(wanted)) {
      const { value, done } = await reader.read()
      assert.ok(!done, `ended before ${wanted}: ${text}`)
      text += value
    }
  }
  await until('"kind":"prepare"')
  await api.engine.enter(app.id, 'mark-switched')
  await until(
    '"kind":"mark-switched","instance":null,"name":null,"release":null,"note":"mark-switched now","state":"done"',
  )
  await api.engine.finish(app.id)
  await until('event: end')
  while (!(await reader.read()).done);
  assert.equal(text.match(/"kind":"prepare"/g)?.length, 1)
  assert.match(text, /event: journal\nid: \d+\ndata: \{"id":\d+,"kind":"mark-switched".*"state":"intent"/)
})

test('a rollout that ended long ago is told whole', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  await deployed(api, app, 'a', 'running')
  await api.engine.enter(app.id, 'prepare')
  await api.engine.finish(app.id, 'returned')
  const [{ id }] = (await api.call('GET', '/tasuki/apps/shop/rollouts')).body
  const { body } = await api.call('GET', `/tasuki/rollouts/${id}/events`)
  assert.match(body, /event: journal.*event: end\ndata: .*"status":"returned","reason":"The test says so\."/s)
})

test('the connection ends with its stream, so that no client waits for more', async (t) => {
  const { call, services } = await liveApi(t)
  await services.apps.create('shop', 'me')
  const { body } = await call('POST', '/apps/shop/log-sessions', {})
  const answer = await fetch(body.logplex_url)
  await answer.text()
  assert.equal(answer.headers.get('connection'), 'close')
})

test('who leaves a stream leaves nobody listening behind', async (t) => {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  api.logs.append(app.id, { dyno: 'web.1', message: 'hello' })
  const { body } = await api.call('POST', '/apps/shop/log-sessions', { tail: true })
  await readUntil(body.logplex_url, 'hello')
  while (api.logs.waiting.size > 0) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(api.logs.waiting.size, 0)
})

test('a client that comes back to a tail goes on after the last line that it has seen', async (t) => {
  const { call, services, logs } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  for (const message of ['one', 'two', 'three']) logs.append(app.id, { dyno: 'web.1', message })
  for (const tail of [true, false]) {
    const { body } = await call('POST', '/apps/shop/log-sessions', { tail })
    const text = await readUntil(body.logplex_url, 'three', { 'last-event-id': '2' })
    assert.match(text, /^:\n\nid: 3\ndata: \S+ tasuki\[web\.1\]: three\n\n$/)
  }
})

test('the address of a log session is nobody knows what when it is forged, has expired or its app is gone', async (t) => {
  const { call, services, url } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  const { body } = await call('POST', '/apps/shop/log-sessions', {})
  assert.equal((await fetch(`${body.logplex_url.slice(0, -3)}abc`)).status, 404)
  assert.equal((await fetch(`${url}/streams/logs/x/y`)).status, 404)
  assert.equal((await fetch(body.logplex_url)).status, 200)
  await services.apps.gone(app.id)
  assert.equal((await fetch(body.logplex_url)).status, 404)
})

/** A run that says back what it gets, and notes what it is told. */
function echo() {
  const { promise, resolve } = Promise.withResolvers<number>()
  const noted: unknown[] = []
  const output = new PassThrough()
  output.write('ready')
  const input = new Writable({
    write(chunk, _encoding, done) {
      output.write(chunk)
      done()
    },
    final(done) {
      noted.push('end')
      done()
    },
  })
  const run: AttachedRun = {
    tty: true,
    output,
    input,
    resize: (columns, lines) => noted.push([columns, lines]),
    signal: (name) => noted.push(name),
    exited: promise,
  }
  const exit = (code: number) => {
    resolve(code)
    output.end()
  }
  return { run, exit, noted }
}

async function attached(t: Parameters<typeof liveApi>[0]) {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const played = echo()
  api.deps.oneOffs.runAttached = async () => played.run
  api.deps.oneOffs.hangUp = async () => void played.noted.push('hung up')
  const { body } = await api.call('POST', '/tasuki/apps/shop/run', { command: 'cat', tty: true })
  assert.equal(body.state, 'starting')
  return { ...api, ...played, record: body }
}

test('a run is attached to: bytes both ways, resize, end of input, signals, exit code', async (t) => {
  const { call, record, exit, noted } = await attached(t)
  const socket = new WebSocket(record.attach_url.replace('http', 'ws'))
  const got: string[] = []
  socket.on('message', (data, binary) => got.push(`${binary ? 'bytes' : 'text'} ${data}`))
  await once(socket, 'open')
  socket.send(Buffer.from('hello'))
  socket.send(JSON.stringify({ resize: { columns: 120, lines: 40 } }))
  socket.send(JSON.stringify({ resize: { columns: 'wide', lines: -1 } }))
  socket.send(JSON.stringify({ signal: 'SIGINT' }))
  socket.send(JSON.stringify({ signal: 'SIGSTOP' }))
  socket.send(JSON.stringify({ eof: true }))
  while (!noted.includes('end')) await new Promise((resolve) => setImmediate(resolve))
  exit(3)
  await once(socket, 'close')
  assert.deepEqual(got, ['bytes ready', 'bytes hello', 'text {"exit":3}'])
  assert.deepEqual(noted, [[120, 40], 'SIGINT', 'end'])
  const ended = (await call('GET', `/tasuki/apps/shop/run/${record.id}`)).body
  assert.deepEqual([ended.state, ended.exit_code, ended.attach_url], ['down', 3, null])
})

test('a terminal that goes away hangs up', async (t) => {
  const { record, noted } = await attached(t)
  const socket = new WebSocket(record.attach_url.replace('http', 'ws'))
  await once(socket, 'message')
  socket.terminate()
  while (noted.length === 0) await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(noted, ['hung up'])
})

test('a second terminal, a wrong secret and a wrong path are refused', async (t) => {
  const { record, url } = await attached(t)
  const address: string = record.attach_url.replace('http', 'ws')
  const first = new WebSocket(address)
  await once(first, 'open')
  const refusals: [string, number][] = [
    [address, 409],
    [address.replace(/.$/, '!'), 404],
    [address.replace(/.....$/, 'AAAAA'), 404],
    [`${url.replace('http', 'ws')}/apps`, 404],
  ]
  for (const [where, status] of refusals) {
    const socket = new WebSocket(where)
    socket.on('error', () => undefined)
    const [, response] = await once(socket, 'unexpected-response')
    assert.equal(response.statusCode, status, where)
    response.resume()
  }
  first.terminate()
})
