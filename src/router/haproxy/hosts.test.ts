import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { connect as connectH2 } from 'node:http2'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { keepingConnection, opened, visit } from './testing/visitor.ts'
import { HaproxyWorld, HOST, KEY } from './testing/world.ts'

describe('what visitors get', () => {
  let world: HaproxyWorld
  beforeEach(async () => {
    world = await HaproxyWorld.open()
  })
  afterEach(() => world.close())

  it('says 404 for a host that nobody has', async () => {
    const answer = await visit(world.http, { host: 'nobody.test' })
    assert.equal(answer.status, 404)
    assert.match(answer.body, /There is no app at this address/)
  })

  it('says that an app was not deployed yet, at once', async () => {
    await world.router.setHosts(KEY.appId, [HOST])
    const answer = await visit(world.http)
    assert.equal(answer.status, 503)
    assert.match(answer.body, /has not been deployed/)
  })

  it('leads all of an app’s hosts to it, in any case and with any port, and no longer those that it gave up', async () => {
    await world.prepare()
    await world.serve(await world.instance())
    await world.router.setHosts(KEY.appId, ['a.test', 'www.a.test'])
    for (const host of ['a.test', 'WWW.A.test', 'a.test:8080'])
      assert.equal((await visit(world.http, { host })).body, 'hello')
    await world.router.setHosts(KEY.appId, ['www.a.test'])
    assert.equal((await visit(world.http, { host: 'a.test' })).status, 404)
    assert.equal((await visit(world.http, { host: 'www.a.test' })).body, 'hello')
  })

  it('leads all names below a wildcard to its app, where none is more specific', async () => {
    const other = { appId: 'app-2', type: 'web' }
    await world.prepare()
    await world.serve(await world.instance())
    await world.prepare(4, other)
    await world.serve(await world.app((_, response) => response.end('other')), '/health', other)
    await world.router.setHosts(KEY.appId, ['*.a.test', 'a.a.test', '*.b.test'])
    await world.router.setHosts(other.appId, ['shop.a.test', '*.deep.a.test'])
    const led = async (host: string) => {
      const { status, body } = await visit(world.http, { host })
      return status === 200 ? body : String(status)
    }
    assert.equal(await led('www.a.test'), 'hello')
    assert.equal(await led('A.B.C.a.test:8080'), 'hello')
    assert.equal(await led('shop.a.test'), 'other')
    assert.equal(await led('www.shop.a.test'), 'hello')
    assert.equal(await led('x.deep.a.test'), 'other')
    assert.equal(await led('deep.a.test'), 'hello')
    for (const host of ['a.test', 'test', 'xa.test', 'www.c.test', '.', 'www.a.test.evil.test'])
      assert.equal(await led(host), '404', host)
    await world.replaceRouter()
    assert.equal(await led('www.b.test'), 'hello')
    await world.router.setHosts(KEY.appId, ['a.a.test'])
    assert.equal(await led('www.a.test'), '404')
    assert.equal(await led('x.deep.a.test'), 'other')
  })

  it('loses no request while hosts come and go, and reloads nothing', async () => {
    await world.prepare()
    await world.serve(await world.instance())
    const { pid } = await world.router.status()
    let done = false
    const visitors = Array.from({ length: 4 }, async () => {
      const agent = keepingConnection()
      const seen: number[] = []
      while (!done) seen.push((await visit(world.http, { agent })).status)
      agent.destroy()
      return seen
    })
    for (let round = 0; round < 40; round += 1) {
      const fresh = `n${round}.test`
      await world.router.setHosts(KEY.appId, [HOST, fresh, `*.${fresh}`])
      assert.equal((await visit(world.http, { host: fresh })).body, 'hello')
    }
    done = true
    const seen = (await Promise.all(visitors)).flat()
    assert.ok(seen.length > 100 && seen.every((status) => status === 200), `${seen.length} visits`)
    const after = await world.router.status()
    assert.deepEqual([after.pid, after.workers], [pid, 1])
  })

  it('refuses a host that belongs to another app', async () => {
    await world.router.setHosts('app-1', ['a.test'])
    await assert.rejects(world.router.setHosts('app-2', ['b.test', 'a.test']), { code: 'conflict' })
    assert.equal((await visit(world.http, { host: 'b.test' })).status, 404)
  })

  it('shows the maintenance page while it is on, and the app again after', async () => {
    await world.prepare()
    await world.serve(await world.instance())
    await world.router.maintenance(KEY.appId, true)
    await world.router.maintenance(KEY.appId, true)
    const answer = await visit(world.http)
    assert.equal(answer.status, 503)
    assert.match(answer.body, /maintenance/)
    await world.router.maintenance(KEY.appId, false)
    assert.equal((await visit(world.http)).body, 'hello')
  })

  it('forgets an app with all that it had', async () => {
    await world.prepare()
    await world.serve(await world.instance())
    await world.router.maintenance(KEY.appId, true)
    await world.router.removeApp(KEY.appId)
    assert.equal((await visit(world.http)).status, 404)
    assert.equal(await world.router.observe(KEY), null)
    await world.router.setHosts(KEY.appId, [HOST])
    assert.match((await visit(world.http)).body, /has not been deployed/)
  })

  it('lets visitors wait while there is no instance, and serves them as soon as there is one', async () => {
    await world.prepare()
    const waiting = visit(world.http)
    const app = await world.instance()
    await world.serve(app)
    assert.equal((await waiting).body, 'hello')
  })

  it('gives up after the hold with a page that says when to come again', async () => {
    const settings = { rise: 3, fall: 2, checkSeconds: 2, checkTimeoutSeconds: 2, holdSeconds: 0.2 }
    await world.router.prepare({ ...KEY, slots: 4, settings })
    await world.router.setHosts(KEY.appId, [HOST])
    const answer = await visit(world.http)
    assert.equal(answer.status, 503)
    assert.equal(answer.headers['retry-after'], '5')
    assert.match(answer.body, /does not answer at the moment/)
  })

  it('shares requests out by weight', async () => {
    await world.prepare()
    const [whole, fifth] = [await world.app(named('whole')), await world.app(named('fifth'))]
    await world.serve(whole)
    await world.serve(fifth)
    await world.router.admit(KEY, fifth.id, 20)
    let hits = 0
    for (let count = 0; count < 60; count += 1) hits += (await visit(world.http)).body === 'fifth' ? 1 : 0
    assert.ok(hits >= 9 && hits <= 11, `${hits} of 60`)

    function named(name: string): RequestListener {
      return (_, response) => response.end(name)
    }
  })

  it('tells an instance who asked, and gives each request an id', async () => {
    await world.prepare()
    await world.serve(await world.app((request, response) => response.end(JSON.stringify(request.headers))))
    const before = Date.now()
    const own = JSON.parse((await visit(world.http, { headers: { 'x-forwarded-for': '192.0.2.7' } })).body)
    assert.equal(own['x-forwarded-for'], '192.0.2.7, 127.0.0.1')
    assert.equal(own['x-forwarded-proto'], 'http')
    assert.equal(own['x-forwarded-port'], String(world.http.port))
    assert.ok(Number(own['x-request-start']) >= before - 1 && Number(own['x-request-start']) <= Date.now())
    assert.match(own['x-request-id'], /^[0-9a-f]{8}-[0-9a-f-]{27}$/)
    const kept = await visit(world.http, { headers: { 'x-request-id': 'abcdefghij0123456789_/+=-' } })
    assert.equal(JSON.parse(kept.body)['x-request-id'], 'abcdefghij0123456789_/+=-')
    const refused = await visit(world.http, { headers: { 'x-request-id': 'short' } })
    assert.notEqual(JSON.parse(refused.body)['x-request-id'], 'short')
  })

  it('speaks HTTP/2 without TLS', async () => {
    await world.prepare()
    await world.serve(await world.instance())
    const session = connectH2(`http://127.0.0.1:${world.http.port}`)
    const stream = session.request({ ':path': '/', ':authority': HOST })
    let body = ''
    for await (const chunk of stream) body += chunk
    session.close()
    assert.equal(body, 'hello')
  })

  it('passes large uploads and answers whole', async () => {
    await world.prepare()
    const app = await world.app((request, response) => {
      request.pipe(response)
    })
    await world.serve(app)
    const body = Buffer.alloc(20_000_000, 'tasuki')
    const answer = await visit(world.http, { method: 'POST', body })
    assert.equal(answer.body.length, body.length)
    assert.equal(Buffer.compare(Buffer.from(answer.body), body), 0)
  })

  it('loses nothing to instances that close their connections early', async () => {
    await world.prepare()
    const app = await world.instance()
    app.server.keepAliveTimeout = 1
    app.server.keepAliveTimeoutBuffer = 0
    await world.serve(app)
    for (let round = 0; round < 60; round += 1) {
      const answers = await Promise.all(Array.from({ length: 10 }, () => visit(world.http)))
      assert.ok(answers.every(({ status }) => status === 200))
    }
    assert.equal((await world.server(app)).health, 'up')
  })

  it('counts a request in flight from its beginning to its end', async () => {
    await world.prepare()
    const release = Promise.withResolvers<void>()
    const app = await world.serve(
      await world.app(async (_, response) => {
        response.write('begun')
        await release.promise
        response.end()
      }),
    )
    const answer = await opened(world.http)
    assert.deepEqual(await counts(), [1, 0])
    release.resolve()
    answer.resume()
    await world.until('nothing is in flight', async () => (await counts())[0] === 0)

    async function counts(): Promise<number[]> {
      const { inFlight, streams } = await world.server(app)
      return [inFlight, streams]
    }
  })
})
