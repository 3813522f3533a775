import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import type { RuntimeInstance } from '../domain/instance.ts'
import { afterTest } from '../store/testing.ts'
import { issue, makeAuthority } from '../tls/issue.ts'
import { httpsTrouble } from './doctor-network.ts'
import { ALICE, type World, world } from './testing.ts'
import { imageNamed } from './testing-images.ts'

/** What this machine is short of is no matter of the tests. */
const OF_THE_MACHINE = new Set(['server_disk_low', 'server_disk_full', 'server_memory_low', 'one_user'])

async function found({ services }: World): Promise<string[]> {
  const findings = (await services.doctor.look()).filter(({ code }) => !OF_THE_MACHINE.has(code))
  return findings.filter(({ level }) => level !== 'ok').map(({ code, about }) => `${code} ${about}`)
}

/** A data directory of the test's own, which the doctor is told of. */
async function sane(context: TestContext, now?: () => number): Promise<World> {
  const here = await world(context, {}, now)
  const info = await here.deps.server.info()
  here.deps.server.info = async () => ({ ...info, data: here.store.dataDir })
  return here
}

function listening(context: TestContext, host: string): Promise<number> {
  const server = createServer((socket) => socket.end())
  return new Promise((resolve) => {
    server.listen(0, host, () => resolve((server.address() as { port: number }).port))
    afterTest(context, () => server.close())
  })
}

function instance(port: number, change: Partial<RuntimeInstance> = {}): RuntimeInstance {
  return {
    ...{
      id: 'web-1-a',
      kind: 'formation',
      appId: 'a1',
      type: 'web',
      name: 'web.1',
      release: 1,
      generation: 1,
    },
    ...{
      size: 'Eco',
      host: null,
      unreachable: false,
      state: 'running',
      address: { host: '127.0.0.1', port },
    },
    ...{ privateAddress: null, pid: 1, startedAt: 0, signalledAt: null, exit: null },
    ...change,
  }
}

describe('the doctor', () => {
  it('finds nothing on a server that is as it should be', async (context) => {
    assert.deepEqual(await found(await sane(context)), [])
  })

  it('finds secrets that others can read', async (context) => {
    const here = await sane(context)
    chmodSync(join(here.store.dataDir, 'key'), 0o640)
    assert.deepEqual(await found(here), ['secret_readable server'])
    const keys = ['ca.key', 'tls.pem', 'registry/ca.key', 'ssh/id_ed25519']
    for (const file of keys) {
      const path = join(here.store.dataDir, file)
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, '', { mode: 0o644 })
    }
    assert.equal((await found(here)).length, 1 + keys.length)
  })

  it('finds a router that is down, and when it was down today', async (context) => {
    const here = await sane(context)
    const info = await here.deps.server.info()
    const now = Date.now()
    const outages = [
      { from: now - 3_600_000, ms: 800 },
      { from: now - 90 * 3_600_000, ms: 500 },
    ]
    here.deps.server.info = async () => ({ ...info, router: { ...info.router, pid: null, outages } })
    assert.deepEqual(await found(here), ['router_down server', 'router_outages server'])
    const findings = await here.services.doctor.look()
    assert.match(
      findings.find(({ code }) => code === 'router_outages')!.text,
      /once in the last day, for 0\.8 s/,
    )
  })

  it('finds processes that answer past the router, and no others', async (context) => {
    const outside = Object.values(networkInterfaces())
      .flatMap((all) => all ?? [])
      .find(({ internal, family }) => !internal && family === 'IPv4')
    if (!outside) return context.skip('this machine has no address but the loopback one')
    const here = await sane(context)
    here.instances.push(instance(await listening(context, '127.0.0.1')))
    assert.deepEqual(await found(here), [])
    const port = await listening(context, '0.0.0.0')
    here.instances.push(instance(port, { id: 'web-2-a', name: 'web.2' }))
    const all = await here.services.doctor.look()
    const findings = all.filter(({ level, code }) => level !== 'ok' && !OF_THE_MACHINE.has(code))
    assert.ok(findings.length > 0)
    assert.ok(findings.every((one) => one.code === 'reached_past_router' && one.about === 'instance web-2-a'))
    assert.ok(findings.some(({ text }) => text.includes(`${outside.address}:${port}`)))
  })

  it('finds what has been down for more than a minute, with the reason', async (context) => {
    const clock = { now: 10_000_000 }
    const here = await sane(context, () => clock.now)
    const app = await here.services.apps.create('shop', ALICE)
    const about = {
      kind: 'instance',
      appId: app.id,
      subject: 'web-1-a',
      name: 'web.1',
      release: 1,
      host: null,
    } as const
    await here.store.tables.health.begin({
      ...about,
      state: 'down',
      reason: 'HTTP 503 on /health',
      fromAt: clock.now,
    })
    clock.now += 30_000
    assert.deepEqual(await found(here), [])
    clock.now += 95_000
    const [finding] = await here.services.doctor.look()
    assert.equal(finding?.text, 'web.1 has been down for 2 minutes: HTTP 503 on /health.')
    // Another of that name serves: it is being handed over.
    await here.store.tables.health.begin({
      ...about,
      subject: 'web-1-b',
      state: 'up',
      reason: '',
      fromAt: clock.now,
    })
    clock.now += 10_000
    assert.deepEqual(await found(here), [])
  })

  it('finds domains without HTTPS, not the server’s own names', async (context) => {
    const here = await sane(context)
    const app = await here.services.apps.create('shop', ALICE)
    assert.deepEqual(await found(here), [])
    await here.services.domains.add(app, 'nowhere.invalid', ALICE)
    assert.deepEqual(await found(here), ['no_https domain nowhere.invalid'])
  })

  it('finds apps that serve another image than latest is now, and registries that do not answer', async (context) => {
    const here = await sane(context)
    here.fleet.machine('h1')
    await here.services.hosts.add({ url: 'ssh://deploy@h1', privateAddress: '10.0.0.1' }, ALICE)
    const app = await here.services.apps.create('shop', ALICE)
    const image = 'registry.example/team/shop'
    here.images.inRegistries.set(`${image}:latest`, imageNamed('a'))
    await here.services.imageDeploys.deploy(app, { image: `${image}:latest` }, ALICE)
    await here.engine.finish(app.id)
    assert.deepEqual(await found(here), [])
    here.images.inRegistries.set(`${image}:latest`, imageNamed('b', { id: `sha256:${'e'.repeat(64)}` }))
    assert.deepEqual(await found(here), ['latest_drift app shop'])
    here.images.inRegistries.clear()
    assert.deepEqual(await found(here), [])
    here.images.down.add('registry.example')
    assert.deepEqual(await found(here), [`registry_silent images ${image}`])
  })

  it('has each host looked at', async (context) => {
    const here = await sane(context)
    for (const name of ['h1', 'h2']) {
      here.fleet.machine(name)
      await here.services.hosts.add({ url: `ssh://deploy@${name}`, privateAddress: '10.0.0.1' }, ALICE)
    }
    here.examiner.facts.set('h2', { logins: ['publickey', 'password'] })
    assert.deepEqual(await found(here), ['ssh_passwords host h2'])
  })
})

describe('HTTPS of a name', () => {
  it('is in trouble where nobody listens, and where the certificate is nobody’s', async () => {
    const own = await issue(await makeAuthority('nobody', Date.now()), ['localhost'], Date.now())
    const server = createTlsServer(own)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const trouble = await httpsTrouble('localhost', port)
    await new Promise((resolve) => server.close(resolve))
    assert.equal(trouble, 'its certificate is of nobody that browsers trust')
    assert.equal(await httpsTrouble('localhost', port), 'the connection is refused')
    assert.equal(await httpsTrouble('nowhere.invalid'), 'its name leads nowhere')
  })
})
