import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import WebSocket from 'ws'
import { Builder } from '../../src/build/builder.ts'
import type { Artifact } from '../../src/domain/artifact.ts'
import { freePorts } from '../harness/ports.ts'
import { packApp, type TestApp } from './source.ts'

/** An app's web process, run as an instance would be, but by hand. */
class Running {
  readonly url: string
  readonly privateUrl: string
  readonly child: ChildProcess

  constructor(child: ChildProcess, port: number, privatePort: number) {
    this.child = child
    this.url = `http://127.0.0.1:${port}`
    this.privateUrl = `http://127.0.0.1:${privatePort}`
  }

  /** Waits for a first answer of the health check, whatever it is. */
  async ready(path = '/health'): Promise<void> {
    for (;;) {
      if (this.child.exitCode !== null) assert.fail(`The app ended with ${this.child.exitCode}.`)
      const answer = await fetch(this.url + path).catch(() => null)
      await answer?.arrayBuffer()
      if (answer) return
      await pause(10)
    }
  }

  async json(path: string, init?: RequestInit): Promise<Record<string, unknown>> {
    const answer = await fetch(this.url + path, init)
    return (await answer.json()) as Record<string, unknown>
  }

  /** A request that the app has taken for sure: it has been told to go on. */
  async begun(path: string): Promise<{ readonly body: Promise<string> }> {
    const sent = request(this.url + path, { headers: { expect: '100-continue' }, agent: false })
    const body = new Promise<string>((resolve, reject) => {
      sent.on('response', (answer) => text(answer).then(resolve, reject))
      sent.on('error', reject)
    })
    sent.flushHeaders()
    await Promise.race([once(sent, 'continue'), body])
    sent.end()
    return { body }
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const ended =
      this.child.exitCode === null && this.child.signalCode === null ? once(this.child, 'exit') : null
    process.kill(-this.child.pid!, signal)
    await ended
    return this.child.exitCode
  }
}

describe('the apps that tests and the demo deploy', () => {
  let dir: string
  let builder: Builder
  const running = new Set<ChildProcess>()
  const artifacts = new Map<TestApp, Promise<Artifact>>()

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tasuki-apps-'))
    await chmod(dir, 0o777)
    builder = await Builder.open({ data: join(dir, 'data') })
  })

  after(async () => {
    for (const child of running) process.kill(-child.pid!, 'SIGKILL')
    await rm(dir, { recursive: true })
  })

  async function build(app: TestApp): Promise<Artifact> {
    const tarball = join(dir, `${app}.tgz`)
    await packApp(app, tarball)
    const signal = new AbortController().signal
    const request = {
      appId: app,
      source: { tarball },
      commit: null,
      env: {},
      buildpacks: null,
      log: () => undefined,
      signal,
    }
    return builder.build(request)
  }

  function artifactOf(app: TestApp): Promise<Artifact> {
    const known = artifacts.get(app) ?? build(app)
    artifacts.set(app, known)
    return known
  }

  async function start(app: TestApp, env: Record<string, string> = {}): Promise<Running> {
    const artifact = await artifactOf(app)
    const [port, privatePort] = await freePorts(2)
    // A shell that waits for the command when the whole group gets SIGTERM, and ends with the command's status.
    const child = spawn('sh', ['-c', `trap : TERM; ${artifact.processTypes.web}`], {
      cwd: builder.artifactPath(artifact.digest),
      env: {
        ...artifact.env,
        HOME: dir,
        PORT: String(port),
        HOST: '127.0.0.1',
        TASUKI_PRIVATE_PORT: String(privatePort),
        TASUKI_INSTANCE: 'web-1-abc',
        TASUKI_RELEASE: 'v7',
        ...env,
      },
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit'],
      ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
    })
    running.add(child)
    child.once('exit', () => running.delete(child))
    return new Running(child, port!, privatePort!)
  }

  for (const app of ['hello', 'steady'] as const) {
    it(`${app} answers with who it is, counts uploads, and writes each order once`, async () => {
      const log = join(dir, `${app}-orders`)
      const web = await start(app, { ORDERS_LOG: log })
      await web.ready()
      const { instance, release } = await web.json('/')
      assert.deepEqual([instance, release], ['web-1-abc', 'v7'])
      const body = Buffer.alloc(3_000_000, 'x')
      const uploaded = await web.json('/upload', { method: 'POST', body })
      assert.equal(uploaded.bytes, body.length)
      assert.equal(uploaded.sha256, createHash('sha256').update(body).digest('hex'))
      for (const id of ['a', 'b']) await web.json('/orders', { method: 'POST', body: JSON.stringify({ id }) })
      assert.equal(await readFile(log, 'utf8'), 'a web-1-abc\nb web-1-abc\n')
      assert.equal(await web.stop(), 0)
    })

    it(`${app} finishes slow requests after SIGTERM`, async () => {
      const web = await start(app)
      await web.ready()
      const slow = await web.begun('/slow?ms=400')
      assert.equal(await web.stop(), 0)
      assert.equal(JSON.parse(await slow.body).instance, 'web-1-abc')
    })

    it(`${app} echoes over WebSockets and closes them, and event streams, when its shutdown hook is called`, async () => {
      const web = await start(app)
      await web.ready()
      const socket = new WebSocket(`${web.url.replace('http', 'ws')}/ws`)
      await once(socket, 'open')
      for (const text of ['hello', 'x'.repeat(70_000)]) {
        socket.send(text)
        const [echo] = await once(socket, 'message')
        assert.equal(String(echo), text)
      }
      const stream = await fetch(`${web.url}/events`)
      assert.equal(stream.headers.get('content-type'), 'text/event-stream')
      const closed = once(socket, 'close')
      assert.equal((await fetch(`${web.privateUrl}/shutdown`)).status, 200)
      assert.equal((await closed)[0], 1001)
      assert.match(await stream.text(), /event: bye/)
      assert.equal((await fetch(`${web.url}/health`)).status, 200)
      assert.equal(await web.stop(), 0)
    })
  }

  it('steady misbehaves as it is told', async () => {
    const atOnce = await start('steady', { BEHAVIOUR: 'exit-at-once' })
    await atOnce.ready()
    const slow = await atOnce.begun('/slow?ms=5000')
    const lost = assert.rejects(slow.body)
    assert.equal(await atOnce.stop(), 143)
    await lost

    const crashing = await start('steady', { BEHAVIOUR: 'crash-at-boot' })
    assert.deepEqual(await once(crashing.child, 'exit'), [1, null])

    const ill = await start('steady', { BEHAVIOUR: 'never-healthy' })
    await ill.ready()
    assert.equal((await fetch(`${ill.url}/health`)).status, 503)
    await ill.stop('SIGKILL')

    const later = await start('steady', { BEHAVIOUR: 'crash-later', CRASH_MS: '10' })
    await later.ready()
    const crashed = once(later.child, 'exit')
    for (let check = 1; check < 10; check++) await fetch(`${later.url}/health`)
    assert.deepEqual(await crashed, [1, null])

    const failing = await start('steady', { BEHAVIOUR: '500s' })
    await failing.ready()
    assert.equal((await fetch(failing.url)).status, 500)
    assert.equal(await failing.stop(), 0)

    const stubborn = await start('steady', { BEHAVIOUR: 'ignore-term' })
    await stubborn.ready()
    process.kill(-stubborn.child.pid!, 'SIGTERM')
    assert.equal((await fetch(`${stubborn.url}/health`)).status, 200)
    await stubborn.stop('SIGKILL')
  })

  it('steady breaks off answers in every way', async () => {
    const app = await start('steady')
    await app.ready()
    for (const path of ['/no-response', '/cut', '/garbage']) await assert.rejects(web(app, path), path)
    const { BEHAVIOUR } = await app.json('/env?name=BEHAVIOUR')
    assert.equal(BEHAVIOUR, null)
    await app.stop()
  })

  it('steady is also started by npm, which passes SIGTERM on by way of the process group', async () => {
    const app = await start('steady-npm')
    assert.equal((await artifactOf('steady-npm')).processTypes.web, 'npm start')
    await app.ready()
    await app.stop()
    // npm does not wait for what it started: the server may still be on its way out.
    while (await fetch(app.url).catch(() => null)) await pause(10)
  })

  it('the Python app answers, and stops within its requests', async () => {
    const app = await start('python-worker')
    await app.ready()
    assert.equal((await app.json('/')).language, 'python')
    assert.equal(await app.stop(), 0)
    const { manifest, processTypes } = await artifactOf('python-worker')
    assert.equal(manifest.settings.worker?.singleton, true)
    assert.deepEqual(Object.keys(processTypes), ['web', 'worker', 'release'])
  })

  it('the static site is served by the server in its own slug', async () => {
    const app = await start('static-site')
    await app.ready('/')
    const page = await fetch(app.url)
    assert.match(await page.text(), /<h1>A static site/)
    const missing = await fetch(`${app.url}/nowhere`)
    assert.equal(missing.status, 404)
    assert.match(await missing.text(), /Not here/)
    assert.equal(await app.stop(), 0)
  })
})

async function web(app: Running, path: string): Promise<string> {
  return (await fetch(app.url + path)).text()
}
