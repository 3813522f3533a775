import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { type IncomingMessage, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { readRange } from './ranges.ts'
import { staticServer } from './server.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

describe('the static file server', () => {
  let dir: string
  let server: Server
  let port: number
  const text = 'body { color: red }\n'.repeat(200)

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tasuki-static-'))
    const root = join(dir, 'site')
    await mkdir(join(root, 'docs'), { recursive: true })
    await mkdir(join(root, 'empty'))
    await mkdir(join(root, '.well-known'))
    await writeFile(join(root, 'index.html'), '<h1>front</h1>')
    await writeFile(join(root, 'docs/index.html'), '<h1>docs</h1>')
    await writeFile(join(root, '404.html'), '<h1>not here</h1>')
    await writeFile(join(root, 'site.css'), text)
    await writeFile(join(root, 'with space é.txt'), 'odd')
    await writeFile(join(root, 'nothing.txt'), '')
    await writeFile(join(root, 'video.bin'), '0123456789')
    await writeFile(join(root, '.env'), 'SECRET=1')
    await writeFile(join(root, '.well-known/security.txt'), 'contact')
    await writeFile(join(dir, 'outside.txt'), 'secret')
    await symlink('../outside.txt', join(root, 'escape.txt'))
    await symlink('site.css', join(root, 'linked.css'))
    server = await staticServer(root)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
  })

  after(async () => {
    server.close()
    server.closeAllConnections()
    await rm(dir, { recursive: true })
  })

  /** Sends the path exactly as given: `fetch` would tidy it up. */
  async function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
    const asked = request({ host: '127.0.0.1', port, path, headers, method })
    asked.end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    return { status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }
  }

  it('sends files with type and length, and index.html for a folder', async () => {
    const front = await get('/')
    assert.deepEqual([front.status, String(front.body)], [200, '<h1>front</h1>'])
    assert.equal(front.headers['content-type'], 'text/html; charset=utf-8')
    assert.equal(front.headers['content-length'], '14')
    assert.equal(String((await get('/docs/?a=b')).body), '<h1>docs</h1>')
    assert.equal(String((await get('/with%20space%20%C3%A9.txt')).body), 'odd')
    assert.equal((await get('/nothing.txt')).body.length, 0)
    assert.equal(String((await get('/.well-known/security.txt')).body), 'contact')
  })

  it('sends a folder without its slash on, to the same host', async () => {
    const moved = await get('/docs?x=1')
    assert.deepEqual([moved.status, moved.headers.location], [301, '/docs/?x=1'])
    assert.equal((await get('//docs')).headers.location, '/docs/')
  })

  it('answers 404 with the page of the site, and lists no folder', async () => {
    for (const path of [
      '/nowhere',
      '/empty/',
      '/empty',
      '/docs/index.html/',
      '/index.html/x',
      '/%ff',
      '/a%00b',
    ]) {
      const missing = await get(path)
      assert.deepEqual([path, missing.status, String(missing.body)], [path, 404, '<h1>not here</h1>'])
    }
  })

  it('gives out nothing that is hidden or lies outside', async () => {
    const paths = [
      '/../outside.txt',
      '/docs/../../outside.txt',
      '/..%2foutside.txt',
      '/%2e%2e/outside.txt',
      '/..%5coutside.txt',
      '/escape.txt',
      '/.env',
      '/%2eenv',
      '/docs/../.env',
    ]
    for (const path of paths) assert.deepEqual([path, (await get(path)).status], [path, 404])
    assert.equal(String((await get('/linked.css')).body), text)
  })

  it('answers HEAD without a body and refuses other methods', async () => {
    const head = await get('/video.bin', {}, 'HEAD')
    assert.deepEqual([head.status, head.headers['content-length'], head.body.length], [200, '10', 0])
    assert.equal((await get('/nowhere', {}, 'HEAD')).status, 404)
    const post = await get('/', {}, 'POST')
    assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
  })

  it('answers 304 to whoever has the content already, whenever the file was written', async () => {
    const first = await get('/video.bin')
    const etag = first.headers.etag!
    const again = await get('/video.bin', { 'if-none-match': `"other", W/${etag}` })
    assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, etag])
    assert.equal((await get('/video.bin', { 'if-none-match': '"other"' })).status, 200)

    await utimes(join(dir, 'site/video.bin'), 1, 1)
    const restarted = await staticServer(join(dir, 'site'))
    restarted.listen(0, '127.0.0.1')
    await once(restarted, 'listening')
    const answer = await fetch(`http://127.0.0.1:${(restarted.address() as AddressInfo).port}/video.bin`)
    assert.equal(answer.headers.get('etag'), etag)
    await answer.arrayBuffer()
    restarted.close()
    restarted.closeAllConnections()
  })

  it('sends ranges', async () => {
    const part = await get('/video.bin', { range: 'bytes=2-4' })
    assert.deepEqual([part.status, String(part.body)], [206, '234'])
    assert.equal(part.headers['content-range'], 'bytes 2-4/10')
    assert.equal(String((await get('/video.bin', { range: 'bytes=-3' })).body), '789')
    const beyond = await get('/video.bin', { range: 'bytes=10-' })
    assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */10'])
    const changed = await get('/video.bin', { range: 'bytes=0-1', 'if-range': '"old"' })
    assert.deepEqual([changed.status, changed.body.length], [200, 10])
  })

  it('compresses text for those who take it, under another tag', async () => {
    const plain = await get('/site.css')
    const packed = await get('/site.css', { 'accept-encoding': 'br, gzip' })
    assert.equal(packed.headers['content-encoding'], 'gzip')
    assert.equal(String(gunzipSync(packed.body)), text)
    assert.notEqual(packed.headers.etag, plain.headers.etag)
    for (const answer of [plain, packed]) assert.equal(answer.headers.vary, 'accept-encoding')
    assert.equal(
      (await get('/site.css', { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
      undefined,
    )
    assert.equal(
      (await get('/video.bin', { 'accept-encoding': 'gzip' })).headers['content-encoding'],
      undefined,
    )
  })

  it('serves on when a visitor goes away in the middle', async () => {
    const socket = connect(port, '127.0.0.1')
    socket.write('GET /site.css HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\n\r\n')
    await once(socket, 'connect')
    socket.destroy()
    assert.equal((await get('/')).status, 200)
  })
})

describe('a Range header', () => {
  it('names one range of bytes, or is passed over', () => {
    assert.deepEqual(readRange('bytes=0-0', 10), { start: 0, end: 0 })
    assert.deepEqual(readRange('bytes=5-', 10), { start: 5, end: 9 })
    assert.deepEqual(readRange('bytes=5-99', 10), { start: 5, end: 9 })
    assert.deepEqual(readRange('bytes=-99', 10), { start: 0, end: 9 })
    for (const header of [undefined, '', 'bytes=', 'bytes=-', 'bytes=4-2', 'bytes=0-1,3-4', 'lines=1-2']) {
      assert.equal(readRange(header, 10), null)
    }
    for (const header of ['bytes=10-', 'bytes=-0']) assert.equal(readRange(header, 10), 'unsatisfiable')
    assert.equal(readRange('bytes=0-', 0), 'unsatisfiable')
  })
})
