import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RegistryClient } from '../client.ts'
import { OwnRegistry } from './own-registry.ts'

const KEYS = { push: { user: 'push', password: 'p-s3cret' }, pull: { user: 'pull', password: 'l-s3cret' } }
const LOG = { warn: () => undefined }
const NO_PROGRAM = spawnSync('docker-registry', ['--version']).error
const skip = NO_PROGRAM ? 'the program docker-registry is not installed' : false

function temp(t: TestContext): string {
  const data = mkdtempSync(join(tmpdir(), 'tasuki-registry-'))
  t.after(() => rmSync(data, { recursive: true, force: true }))
  return data
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function opened(t: TestContext, data = temp(t)) {
  const port = await freePort()
  const own = new OwnRegistry(data, LOG)
  t.after(() => own.stop())
  const authority = await own.start({ host: '127.0.0.1', port }, KEYS)
  const access = { host: `127.0.0.1:${port}`, prefix: '', tls: true, authority }
  const client = (login: typeof KEYS.push | null) => new RegistryClient(access, login)
  return { own, data, port, authority, access, client }
}

type Opened = Awaited<ReturnType<typeof opened>>

/** One request with a login, as an engine makes it. */
function call(
  { port, authority }: Opened,
  method: string,
  path: string,
  login: typeof KEYS.push | null,
  body = '',
  type = '',
) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number
    location: string
    body: string
  }>()
  const auth = login ? { auth: `${login.user}:${login.password}` } : {}
  const headers = type === '' ? {} : { 'content-type': type }
  const sent = request(
    { host: '127.0.0.1', port, ca: authority, method, path, headers, ...auth, agent: false },
    (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          location: answer.headers.location ?? '',
          body: Buffer.concat(chunks).toString(),
        }),
      )
    },
  )
  sent.on('error', reject)
  sent.end(body)
  return promise
}

const MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json'
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Puts an image of no layers under a tag, and answers with its digest. */
async function pushed(
  registry: Opened,
  tag: string,
  config: object = { config: { Cmd: ['node', tag] } },
): Promise<string> {
  const text = JSON.stringify(config)
  const begun = await call(registry, 'POST', '/v2/shop/blobs/uploads/', KEYS.push)
  const put = `${begun.location}${begun.location.includes('?') ? '&' : '?'}digest=${digestOf(text)}`
  assert.equal((await call(registry, 'PUT', put, KEYS.push, text, 'application/octet-stream')).status, 201)
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: {
      mediaType: 'application/vnd.docker.container.image.v1+json',
      size: text.length,
      digest: digestOf(text),
    },
    layers: [],
  })
  assert.equal(
    (await call(registry, 'PUT', `/v2/shop/manifests/${tag}`, KEYS.push, manifest, MANIFEST)).status,
    201,
  )
  return digestOf(manifest)
}

test('one login writes, the other only reads, and nobody else does anything', { skip }, async (t) => {
  const registry = await opened(t)
  await pushed(registry, 'latest')
  for (const login of [KEYS.push, KEYS.pull])
    assert.notEqual(await registry.client(login).find('shop', 'latest'), null, login.user)
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE'])
    assert.equal((await call(registry, method, '/v2/shop/blobs/uploads/', KEYS.pull)).status, 403, method)
  const strangers = [null, { ...KEYS.push, password: 'x' }, { ...KEYS.push, password: KEYS.pull.password }]
  for (const login of strangers) {
    assert.equal((await call(registry, 'GET', '/v2/', login)).status, 401)
    await assert.rejects(registry.client(login).check(), { code: 'registry_refused' })
  }
  await assert.rejects(new RegistryClient({ ...registry.access, authority: null }, KEYS.push).check(), {
    code: 'registry_unavailable',
    message: /authority that is not known here/,
    next: /--ca FILE/,
  })
  assert.doesNotMatch(readFileSync(join(registry.data, 'registry', 'config.yml'), 'utf8'), /s3cret/)
})

test('an image is found by its tag and its digest, with what it runs', { skip }, async (t) => {
  const registry = await opened(t)
  const client = registry.client(KEYS.pull)
  assert.equal(await client.find('shop', 'latest'), null)
  const digest = await pushed(registry, 'latest')
  const found = await client.find('shop', 'latest')
  assert.deepEqual([found?.digest, found?.config.command], [digest, ['node', 'latest']])
  assert.deepEqual(await client.find('shop', digest), found)
  assert.equal(await client.find('other', 'latest'), null)
})

test('what is removed is gone after a collection, the rest stays, and what was removed can be pushed again', {
  skip,
}, async (t) => {
  const registry = await opened(t)
  const client = registry.client(KEYS.push)
  const [old, kept] = [await pushed(registry, 'old'), await pushed(registry, 'kept')]
  assert.equal(await client.remove('shop', old), true)
  assert.equal(await client.remove('shop', old), false)
  const before = await registry.own.collectGarbage()
  assert.ok(before > 0)
  assert.equal(await client.find('shop', 'old'), null)
  assert.equal((await client.find('shop', 'kept'))?.digest, kept)
  assert.equal(await pushed(registry, 'old'), old)
  assert.equal((await client.find('shop', old))?.config.command[1], 'old')
})

test('the next control plane goes on with what it stores, after the one before was killed', {
  skip,
}, async (t) => {
  const data = temp(t)
  const first = await opened(t, data)
  const digest = await pushed(first, 'latest')
  const pid = Number(readFileSync(join(data, 'registry', 'pid'), 'utf8').split(' ')[0])

  const second = await opened(t, data)
  assert.equal((await second.client(KEYS.pull).find('shop', 'latest'))?.digest, digest)
  assert.equal(
    spawnSync('sh', ['-c', `ps -o stat= -p ${pid} | grep -v Z`]).status,
    1,
    'the first daemon still runs',
  )
})

test('a daemon that dies is started again', { skip }, async (t) => {
  const registry = await opened(t)
  const digest = await pushed(registry, 'latest')
  const file = join(registry.data, 'registry', 'pid')
  const before = readFileSync(file, 'utf8')
  process.kill(Number(before.split(' ')[0]), 'SIGKILL')
  const client = registry.client(KEYS.pull)
  const found = async () => (await client.find('shop', 'latest').catch(() => null))?.digest === digest
  for (const end = Date.now() + 20_000; !((await found()) && readFileSync(file, 'utf8') !== before); ) {
    assert.ok(Date.now() < end, 'it was not started again')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
})

test('an address that is taken is refused, and nothing is left running', { skip }, async (t) => {
  const first = await opened(t)
  const own = new OwnRegistry(temp(t), LOG)
  const starting = own.start({ host: '127.0.0.1', port: first.port }, KEYS)
  await assert.rejects(starting, { code: 'setup_missing' })
  assert.equal(own.running, false)
  await first.client(KEYS.pull).check()
})
