import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { deployed } from '../services/testing.ts'
import { artifactNamed } from '../store/testing.ts'
import { liveApi } from './testing.ts'

/** A build that says two lines, the second with letters of more than one byte. */
async function built(t: TestContext) {
  const api = await liveApi(t)
  const app = await api.services.apps.create('shop', 'me')
  api.builder = async ({ log }) => {
    log('one')
    log('zwölf €')
    return artifactNamed('a')
  }
  await deployed(api, app, 'a')
  const [build] = (await api.call('GET', '/apps/shop/builds')).body
  return { api, build, url: build.output_stream_url as string }
}

const WHOLE = 'one\nzwölf €\n-----> Released v2\n'

test('a reader goes on at the byte where it was', async (t) => {
  const { url } = await built(t)
  assert.equal(await (await fetch(url)).text(), WHOLE)
  for (const from of [0, 4, 9, 10_000]) {
    const response = await fetch(url, { headers: { range: `bytes=${from}-` } })
    assert.deepEqual([response.status, response.headers.get('content-range')], [206, `bytes ${from}-*/*`])
    const expected = Buffer.from(WHOLE).subarray(from)
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), expected, String(from))
  }
})

test('a reader of events goes on after the one that it saw last', async (t) => {
  const { url } = await built(t)
  const events = async (more: Record<string, string> = {}) => {
    const text = await (await fetch(url, { headers: { accept: 'text/event-stream', ...more } })).text()
    return text.split('\n\n').filter((event) => event.startsWith('id:'))
  }
  const all = await events()
  assert.deepEqual(all, ['id: 4\ndata: one', 'id: 15\ndata: zwölf €', 'id: 34\ndata: -----> Released v2'])
  assert.equal(Buffer.byteLength(WHOLE), 34)
  assert.deepEqual(await events({ 'last-event-id': '4' }), all.slice(1))
  assert.deepEqual(await events({ 'last-event-id': 'nonsense' }), all)
})

test('a build that runs is cancelled, and no release comes of it', async (t) => {
  const { api, build } = await built(t)
  assert.equal((await api.call('DELETE', `/apps/shop/builds/${build.id}`)).status, 409)
  const begun = Promise.withResolvers<AbortSignal>()
  api.builder = ({ signal }) => {
    begun.resolve(signal)
    return new Promise((resolve) =>
      signal.addEventListener('abort', () => resolve(artifactNamed('b')), { once: true }),
    )
  }
  const { source_blob: source } = (await api.call('POST', '/sources')).body
  await fetch(source.put_url, { method: 'PUT', body: 'b source' })
  const { body: next } = await api.call('POST', '/apps/shop/builds', { source_blob: { url: source.get_url } })
  const { body: waiting } = await api.call('POST', '/apps/shop/builds', {
    source_blob: { url: source.get_url },
  })
  await begun.promise
  for (const { id } of [waiting, next]) {
    const cancelled = await api.call('DELETE', `/apps/shop/builds/${id}`)
    assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'failed'])
    assert.equal(cancelled.body.tasuki.error.message, 'The build was cancelled.')
  }
  assert.match(await (await fetch(next.output_stream_url)).text(), /cancelled/)
  assert.match(await (await fetch(waiting.output_stream_url)).text(), /cancelled/)
  assert.equal((await api.call('GET', '/apps/shop/releases')).body.length, 2)
  assert.equal((await api.call('GET', `/apps/shop/builds/${next.id}`)).body.release, null)
})

test('a source that is another than its checksum says is not built', async (t) => {
  const { api } = await built(t)
  const { source_blob: source } = (await api.call('POST', '/sources')).body
  await fetch(source.put_url, { method: 'PUT', body: 'a source' })
  const build = async (checksum: string) => {
    const answer = await api.call('POST', '/apps/shop/builds', {
      source_blob: { url: source.get_url, checksum },
    })
    if (answer.status !== 201) return answer.body.id
    await (await fetch(answer.body.output_stream_url)).text()
    const { body } = await api.call('GET', `/apps/shop/builds/${answer.body.id}`)
    assert.equal(body.source_blob.checksum, checksum)
    return body.tasuki.error?.id ?? body.status
  }
  const right = createHash('sha256').update('a source').digest('hex')
  assert.equal(await build(`SHA256:${right}`), 'succeeded')
  assert.equal(await build(`sha256:${right.toUpperCase()}`), 'succeeded')
  assert.equal(await build(`SHA256:${'0'.repeat(64)}`), 'invalid_source')
  assert.equal(await build('md5:abc'), 'invalid_params')
})
