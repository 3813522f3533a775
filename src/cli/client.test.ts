import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { freePorts } from '../../test/harness/ports.ts'
import { TasukiError } from '../domain/errors.ts'
import { ApiClient } from './client.ts'
import { type Answer, ApiError, eventStream, fakeApi } from './testing/fake-api.ts'

const TOKEN = 'secret-token'

function failure(code: string, message?: string) {
  return (error: unknown) => {
    assert.ok(error instanceof TasukiError)
    assert.equal(error.code, code)
    if (message !== undefined) assert.equal(error.message, message)
    return true
  }
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  return (await freePorts(1))[0]!
}

describe('the API client', () => {
  it('sends token, request id, Heroku media type and JSON', async () => {
    await using api = await fakeApi({ 'POST /apps': () => ({ name: 'shop' }) })
    const client = new ApiClient({ url: `${api.url}/`, token: TOKEN })
    assert.deepEqual(await client.post('/apps', { name: 'shop' }), { name: 'shop' })
    const { headers } = api.calls[0]!
    assert.equal(headers.authorization, `Bearer ${TOKEN}`)
    assert.match(String(headers['request-id']), /^[0-9a-f-]{36}$/)
    assert.equal(headers.accept, 'application/vnd.heroku+json; version=3')
    assert.deepEqual(api.body('POST /apps'), { name: 'shop' })
  })

  it('throws what the server said, with what to do next apart', async () => {
    const next = 'Choose another name.'
    const body = { id: 'name_taken', message: `The name "x" is taken. ${next}`, next }
    await using api = await fakeApi({
      'POST /apps': () => {
        throw new ApiError(422, body)
      },
    })
    const client = new ApiClient({ url: api.url, token: TOKEN })
    await assert.rejects(client.post('/apps'), failure('name_taken', 'The name "x" is taken.'))
  })

  it('makes the best of an answer that is not ours', async () => {
    await using api = await fakeApi({
      'GET /page': (_, response) => void response.end('<html>'),
      'GET /proxy': (_, response) => void response.writeHead(502).end('<h1>Bad gateway</h1>'),
      'GET /forbidden': (_, response) => void response.writeHead(403).end(),
    })
    const client = new ApiClient({ url: api.url, token: TOKEN })
    await assert.rejects(client.get('/page'), failure('unreachable'))
    await assert.rejects(
      client.patient(0).get('/proxy'),
      failure('unreachable', 'The server answered with status 502.'),
    )
    await assert.rejects(client.get('/forbidden'), failure('forbidden'))
  })

  it('says that nothing listens, and where', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`
    const client = new ApiClient({ url, token: null, patienceMs: 0 })
    await assert.rejects(
      client.get('/apps'),
      failure('unreachable', `Can not reach the server at ${url} (ECONNREFUSED).`),
    )
  })

  it('waits for a server that is being restarted', async () => {
    const port = await closedPort()
    const client = new ApiClient({ url: `http://127.0.0.1:${port}`, token: null, patienceMs: 10_000 })
    const answer = client.post('/apps')
    const server = createServer((_, response) => response.end('{"name":"late"}'))
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    assert.deepEqual(await answer, { name: 'late' })
    server.closeAllConnections()
    server.close()
  })

  it('repeats a GET whose connection broke, never a POST', async () => {
    let broken = 0
    const breakOnce = (_: unknown, response: { destroy(): void }) => {
      if (broken++ === 0) response.destroy()
      else return []
    }
    let cut = 0
    const cutOnce: Answer = (_, response) => {
      if (cut++ > 0) return { email: 'a' }
      response.writeHead(200, { 'content-length': 100 }).write('{"ema')
      setTimeout(() => response.destroy(), 20)
    }
    await using api = await fakeApi({
      'GET /apps': breakOnce,
      'POST /apps': (_, response) => void response.destroy(),
      'GET /account': cutOnce,
    })
    const client = new ApiClient({ url: api.url, token: null })
    assert.deepEqual(await client.get('/apps'), [])
    assert.deepEqual(await client.get('/account'), { email: 'a' })
    await assert.rejects(client.post('/apps'), failure('unreachable'))
    assert.deepEqual(api.lines(), ['GET /apps', 'GET /apps', 'GET /account', 'GET /account', 'POST /apps'])
  })

  it('reads all pages of a list, or only its newest', async () => {
    const pages: Record<string, object> = { '': [1, 2], 'id ]2..; max=2': [3] }
    await using api = await fakeApi({
      'GET /apps': ({ headers }, response) => {
        const range = String(headers.range ?? '')
        if (range === '') response.setHeader('next-range', 'id ]2..; max=2')
        return pages[range] ?? { range }
      },
      'GET /releases': ({ headers }) => [headers.range],
    })
    const client = new ApiClient({ url: api.url, token: null })
    assert.deepEqual(await client.list('/apps'), [1, 2, 3])
    const newest = await client.list('/releases', { field: 'version', count: 5 })
    assert.deepEqual(newest, ['version ..; order=desc,max=5'])
  })

  it('takes an address from the server as one of the server, over TLS when it is itself', () => {
    const client = new ApiClient({ url: 'https://example.test/tasuki/', token: TOKEN })
    assert.equal(client.resolve('/apps').href, 'https://example.test/tasuki/apps')
    assert.equal(client.resolve('http://example.test/put').href, 'https://example.test/put')
    assert.deepEqual(client.authorization(new URL('https://elsewhere.test/')), {})
  })

  it('gives its token to no other server', async () => {
    await using other = await fakeApi({ 'PUT /put': (_, response) => void response.end() })
    await using api = await fakeApi({ 'PUT /put': (_, response) => void response.end() })
    const client = new ApiClient({ url: api.url, token: TOKEN })
    const open = async () => new Blob(['x']).stream()
    await client.upload(`${other.url}/put`, open, () => undefined)
    await client.upload(`${api.url}/put`, open, () => undefined)
    assert.equal(other.calls[0]?.headers.authorization, undefined)
    assert.equal(api.calls[0]?.headers.authorization, `Bearer ${TOKEN}`)
  })

  it('uploads as a stream and says how far it is', async () => {
    await using api = await fakeApi({ 'PUT /put': (_, response) => void response.end() })
    const client = new ApiClient({ url: api.url, token: TOKEN })
    const bytes = Buffer.alloc(300_000, 'x')
    const progress: number[] = []
    await client.upload(
      '/put',
      async () => new Blob([bytes]).stream(),
      (sent) => progress.push(sent),
    )
    assert.ok(api.calls[0]?.body.equals(bytes))
    assert.equal(progress.at(-1), bytes.length)
  })

  it('follows events over a broken connection, which tells all again', async () => {
    let connections = 0
    await using api = await fakeApi({
      'GET /events': (_, response) => {
        const send = eventStream(response)
        send('journal', 1)
        if (++connections === 1) return void setTimeout(() => response.destroy(), 20)
        send('end', 2)
        response.end()
      },
    })
    const client = new ApiClient({ url: api.url, token: TOKEN, patienceMs: 5000 })
    const seen: string[] = []
    const events = client.allEvents(
      '/events',
      ({ event }) => event === 'end',
      () => seen.push('connection'),
    )
    for await (const { event, data } of events) seen.push(`${event} ${data}`)
    assert.deepEqual(seen, ['connection', 'journal 1', 'connection', 'journal 1', 'end 2'])
  })

  it('gives up following when the server stays away', async () => {
    const url = `http://127.0.0.1:${await closedPort()}`
    const client = new ApiClient({ url, token: null, patienceMs: 50 })
    const events = client.allEvents(
      '/events',
      () => true,
      () => undefined,
    )
    await assert.rejects(events.next(), failure('unreachable'))
  })
})
