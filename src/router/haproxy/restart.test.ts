import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { MasterSocket } from './master.ts'
import { isAlive, readRun } from './proc.ts'
import { visit } from './testing/visitor.ts'
import { HaproxyWorld, KEY, type TestApp, until } from './testing/world.ts'

/** Health 4, of a server that is up: `rise` 3 and `fall` 2. */
const CREDIT = / s1 \S+ 2 \d+ 100 100 \d+ \d+ \d+ 4 /

describe('a restart', () => {
  let world: HaproxyWorld
  let app: TestApp

  beforeEach(async () => {
    world = await HaproxyWorld.open()
    await world.prepare()
    app = await world.serve(await world.instance())
  })
  afterEach(() => world.close())

  it('of HAProxy happens by itself, with the same servers, and is noted', async () => {
    const drained = await world.serve(await world.app((_, response) => response.end('drained')))
    const assigned = await world.instance()
    await world.assign(assigned)
    await world.router.drain(KEY, drained.id)
    const before = await world.router.observe(KEY)
    const killedAt = Date.now()
    await killHaproxy()
    for (let count = 0; count < 6; count += 1) assert.equal((await visit(world.http)).body, 'hello')
    const after = await world.router.observe(KEY)
    assert.notEqual(after?.boot, before?.boot)
    assert.deepEqual(
      after?.servers.map(({ instance, admin }) => [instance, admin]),
      [
        [app.id, 'ready'],
        [drained.id, 'maint'],
        [assigned.id, 'maint'],
      ],
    )
    await until('the outage is noted', async () => (await world.router.status()).outages.length > 0)
    const [outage, ...others] = (await world.router.status()).outages
    assert.equal(others.length, 0)
    assert.ok(outage!.from >= killedAt - 50 && outage!.ms < 5000, JSON.stringify(outage))
    await world.assign(drained)
    await world.until('it is up', async () => (await world.server(drained)).health === 'up')
  })

  it('of HAProxy leaves an instance its credit: one failed check does not take it out', async () => {
    await killHaproxy()
    const master = new MasterSocket(join(world.options.directory, 'master.sock'))
    const full = async () => {
      const [table] = await master.ask([`@1 show servers state ${world.router.backends()[0]!.backend}`])
      return CREDIT.test(table!)
    }
    await until('it has its credit', full)
  })

  it('of HAProxy happens without a control plane, which then finds everything', async () => {
    await world.router.close()
    await killHaproxy()
    assert.equal((await visit(world.http)).body, 'hello')
    assert.equal(await world.replaceRouter(), 'adopted')
    await until('the outage is noted', async () => (await world.router.status()).outages.length === 1)
    assert.equal((await world.server(app)).admin, 'ready')
  })

  it('of the control plane touches neither HAProxy nor what it serves', async () => {
    const { pid, boot } = await world.router.status()
    const drained = await world.serve(await world.instance())
    await world.router.drain(KEY, drained.id)
    await world.router.maintenance('app-2', true)
    assert.equal(await world.replaceRouter(), 'adopted')
    const status = await world.router.status()
    assert.deepEqual([status.pid, status.boot, status.workers, status.outages], [pid, boot, 1, []])
    assert.deepEqual(
      (await world.router.observe(KEY))?.servers.map(({ instance, admin }) => [instance, admin]),
      [
        [app.id, 'ready'],
        [drained.id, 'drain'],
      ],
    )
    await world.router.admit(KEY, drained.id, 100)
    assert.equal((await visit(world.http)).body, 'hello')
    assert.deepEqual(
      world.router.backends().map(({ appId, type, kind }) => [appId, type, kind]),
      [
        ['app-1', 'web', 'plain'],
        ['app-1', 'web', 'stream'],
      ],
    )
  })

  it('of the control plane with other settings is followed by a reload only', async () => {
    const { pid } = await world.router.status()
    Object.assign(world.options, { spareBackends: 4 })
    assert.equal(await world.replaceRouter(), 'adopted')
    assert.equal((await world.router.status()).pid, pid)
    assert.equal((await visit(world.http)).body, 'hello')
  })

  it('of the watchdog happens by itself, and it still restarts HAProxy', async () => {
    const run = join(world.options.directory, 'watchdog.run')
    const first = readRun(run)
    process.kill(first!.pid, 'SIGKILL')
    await until('there is another watchdog', () => readRun(run)?.pid !== first!.pid && isAlive(readRun(run)))
    assert.equal((await visit(world.http)).body, 'hello')
    await killHaproxy()
    assert.equal((await visit(world.http)).body, 'hello')
    await until('the outage is noted', async () => (await world.router.status()).outages.length === 1)
  })

  it('of the watchdog never makes two of them', async () => {
    const { directory } = world.options
    const script = join(directory, 'watchdog.sh')
    const first = readRun(join(directory, 'watchdog.run'))
    const more = [1, 2, 3].map(() =>
      spawn('/bin/sh', [script, directory, '/usr/sbin/haproxy'], { stdio: 'ignore' }),
    )
    await Promise.all(more.map((child) => once(child, 'exit')))
    assert.deepEqual(readRun(join(directory, 'watchdog.run')), first)
    process.kill(first!.pid, 'SIGKILL')
    const rivals = [1, 2, 3].map(() =>
      spawn('/bin/sh', [script, directory, '/usr/sbin/haproxy'], { stdio: 'ignore', detached: true }),
    )
    const living = () => rivals.filter((child) => child.exitCode === null && child.signalCode === null)
    await until(
      'at most one is left',
      () => living().length <= 1 && isAlive(readRun(join(directory, 'watchdog.run'))),
    )
    await killHaproxy()
    assert.equal((await visit(world.http)).body, 'hello')
    assert.equal((await readFile(join(directory, 'haproxy.log'), 'utf8')).includes('[ALERT]'), false)
  })

  it('of the machine leaves no address in the router, and visitors wait', async () => {
    await world.router.down()
    await writeFile(join(world.options.directory, 'machine-boot'), 'an earlier one\n')
    assert.equal(await world.replaceRouter(), 'started')
    assert.deepEqual((await world.router.observe(KEY))?.servers, [])
    const waiting = visit(world.http)
    await world.serve(app)
    assert.equal((await waiting).body, 'hello')
  })

  it('of both begins with what was in rotation', async () => {
    await world.router.down()
    assert.equal(await world.replaceRouter(), 'started')
    assert.equal((await visit(world.http)).body, 'hello')
    assert.deepEqual((await world.router.status()).outages, [])
  })

  it('with a spoilt configuration falls back to the last one that HAProxy took', async () => {
    const config = join(world.options.directory, 'conf.d')
    const before = await readFile(join(config, '20-frontend.cfg'), 'utf8')
    await writeFile(join(config, '20-frontend.cfg'), 'nonsense\n')
    await killHaproxy()
    assert.equal((await visit(world.http)).body, 'hello')
    assert.equal(await readFile(join(config, '20-frontend.cfg'), 'utf8'), before)
  })

  it('that can not work is tried again with pauses, and works as soon as it can', async () => {
    const { directory } = world.options
    const watchdog = readRun(join(directory, 'watchdog.run'))!
    process.kill(watchdog.pid, 'SIGSTOP')
    const master = readRun(join(directory, 'master.run'))!
    process.kill(master.pid, 'SIGKILL')
    await until('HAProxy is gone', () => !isAlive(master))
    const taken = createServer()
    await until('its port is taken', async () => {
      taken.listen(world.http.port, '127.0.0.1')
      return once(taken, 'listening').then(() => true)
    })
    process.kill(watchdog.pid, 'SIGCONT')
    const refusals = async () =>
      (await readFile(join(directory, 'haproxy.log'), 'utf8')).split('Address already in use').length - 1
    const began = performance.now()
    await until('three starts have failed', async () => (await refusals()) >= 4)
    assert.ok(performance.now() - began > 400, 'the pauses grow')
    await new Promise((done) => taken.close(done))
    await until('the app answers', async () => (await visit(world.http)).body === 'hello')
    await until('the outage is noted', async () => (await world.router.status()).outages[0]!.ms > 400)
  })

  it('ends nothing but its own: after down no process is left', async () => {
    const { directory } = world.options
    const runs = ['watchdog.run', 'master.run'].map((file) => readRun(join(directory, file)))
    assert.deepEqual(runs.map(isAlive), [true, true])
    await world.router.down()
    await world.router.down()
    assert.deepEqual(runs.map(isAlive), [false, false])
    await assert.rejects(visit(world.http), { code: 'ECONNREFUSED' })
  })

  async function killHaproxy(): Promise<void> {
    const master = readRun(join(world.options.directory, 'master.run'))
    process.kill(master!.pid, 'SIGKILL')
    await until('HAProxy listens again', async () => {
      const now = readRun(join(world.options.directory, 'master.run'))
      return (
        now?.pid !== master!.pid &&
        isAlive(now) &&
        (await visit(world.http, { host: 'nobody.test' })).status === 404
      )
    })
  }
})

describe('a start that can not work', () => {
  it('says that the address is taken, and leaves nothing behind', async () => {
    const taken = createServer()
    await new Promise<void>((go) => taken.listen(0, '127.0.0.1', go))
    const { port } = taken.address() as { port: number }
    await assert.rejects(HaproxyWorld.open({ http: `127.0.0.1:${port}` }), {
      code: 'router_refused',
      message: /cannot bind socket \(Address already in use\)/,
    })
    await new Promise((done) => taken.close(done))
  })

  it('says that there is no HAProxy', async () => {
    await assert.rejects(HaproxyWorld.open({ program: '/nowhere/haproxy' }), { code: 'setup_missing' })
  })

  it('refuses a directory that HAProxy could not name', async () => {
    await assert.rejects(HaproxyWorld.open({ directory: '/tmp/with space' }), { code: 'invalid_params' })
  })
})
