import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { run } from '../../../test/harness/run.ts'
import { until } from '../../../test/harness/until.ts'
import { Lab } from '../../../test/lab/lab.ts'
import type { InstanceSpec, RuntimeInstance } from '../../domain/instance.ts'
import { isExited, specOf, waitFor, waitForTail } from '../contract.ts'
import { rawLogsOf } from '../raw-logs.ts'
import { type Bench, type BenchOptions, IMAGE, makeBench } from './testing.ts'

const whyNot = Lab.whyNot()
const DIGEST = 'sha256:tests'

/** Answers with what it is asked for, on both ports, until SIGTERM. */
const SERVER = `node -e "
  const { createServer } = require('http')
  const answer = (what) => createServer((q, r) => {
    console.log(q.method, q.url, 'at', q.socket.localPort)
    if (q.url === '/crash') process.exit(9)
    r.end(JSON.stringify(what) + '\\n')
  })
  const { PORT, TASUKI_PRIVATE_PORT, ...env } = process.env
  answer({ env: { PORT, ...env }, uid: process.getuid() }).listen(PORT, () => console.log('serving'))
  answer({ private: true }).listen(TASUKI_PRIVATE_PORT)
  process.on('SIGTERM', () => process.exit(0))
"`
const COUNTER = `node -e "let n = 0; setInterval(() => console.log(++n), 10)"`

describe('instances on a Docker host', { skip: whyNot ?? false }, () => {
  let lab: Lab
  const benches: Bench[] = []
  before(async () => {
    lab = await Lab.start({ hosts: 1, disk: '700m' })
  })
  after(() => lab?.down())
  afterEach(async () => {
    for (const bench of benches.splice(0)) await bench.close()
  })

  function bench(options: BenchOptions = {}): Bench {
    const made = makeBench(lab, 'h1', { provedMs: 200, ...options })
    benches.push(made)
    return made
  }

  async function started(
    on: Bench,
    command: string,
    more: Partial<InstanceSpec> = {},
  ): Promise<InstanceSpec> {
    const spec = specOf(DIGEST, command, more)
    await on.runtime.start(spec)
    return spec
  }

  /** It serves; where, and what it answered. */
  async function serving(on: Bench, { id }: InstanceSpec): Promise<RuntimeInstance> {
    await waitForTail(on.runtime, id, 'serving')
    return (await on.runtime.list()).find((one) => one.id === id)!
  }

  const inspected = async (id: string, format: string) =>
    (await lab.docker('h1', 'inspect', id, '--format', format)).trim()

  /** Docker brings it back from now on. */
  const proved = ({ id }: InstanceSpec) =>
    until(
      'the instance to have proved itself',
      async () => (await inspected(id, '{{.HostConfig.RestartPolicy.Name}}')) === 'unless-stopped',
    )

  const copies = async ({ id }: InstanceSpec) =>
    (await lab.docker('h1', 'ps', '-q', '--filter', `label=tasuki.instance=${id}`))
      .trim()
      .split('\n')
      .filter(Boolean)

  it('are published at a port that others know beforehand, and only there', async () => {
    const on = bench()
    const known = { knownPorts: [8000] }
    const first = await started(on, SERVER, known)
    assert.equal((await serving(on, first)).address!.port, 8000)
    await assert.rejects(started(on, SERVER, known), { code: 'no_port' })
    await on.runtime.remove(first.id)
    const listen = "require('net').createServer().listen(8000)"
    await lab.docker(
      'h1',
      'run',
      '-d',
      '--name',
      'stranger',
      '--network',
      'host',
      IMAGE,
      'node',
      '-e',
      listen,
    )
    await until('the stranger to listen', async () => (await lab.exec('h1', 'ss -ltnH')).includes(':8000'))
    await assert.rejects(started(on, SERVER, known), { code: 'no_port' })
    await lab.docker('h1', 'rm', '-f', 'stranger')
    const next = await started(on, SERVER, known)
    assert.equal((await serving(on, next)).address!.port, 8000)
  })

  it('run in what the platform promises, published on the private address only', async () => {
    const on = bench()
    const spec = await started(on, SERVER, {
      env: { GREETING: `it's "me" $HOME`, HOST: '1.2.3.4' },
      commit: 'abc',
    })
    const { address, privateAddress } = await serving(on, spec)
    assert.equal(address!.host, lab.address('h1'))
    const { env, uid } = (await (await fetch(`http://${address!.host}:${address!.port}/`)).json()) as {
      env: Record<string, string>
      uid: number
    }
    assert.deepEqual(
      [env.GREETING, env.HOST, env.PORT, env.TASUKI_APP, env.TASUKI_RELEASE, env.TASUKI_COMMIT, env.DYNO],
      [`it's "me" $HOME`, '0.0.0.0', '8080', 'demo', 'v1', 'abc', 'web.1'],
    )
    assert.equal(env.TASUKI_INSTANCE, spec.id)
    assert.equal(uid, 10_001)
    const asked = await fetch(`http://${privateAddress!.host}:${privateAddress!.port}/`)
    assert.deepEqual(await asked.json(), { private: true })
    const listening = await lab.exec(
      'h1',
      `ss -ltnH | awk '{print $4}' | grep -E ':(${address!.port}|${privateAddress!.port})$'`,
    )
    assert.deepEqual(
      listening.trim().split('\n').sort(),
      [address!, privateAddress!].map(({ host, port }) => `${host}:${port}`).sort(),
    )
  })

  it('are given no more than they need', async () => {
    const on = bench()
    const { id } = await started(on, SERVER, { readOnly: true })
    const config = JSON.parse(await inspected(id, '{{json .HostConfig}}')) as Record<string, unknown>
    assert.deepEqual(
      [config.SecurityOpt, config.CapDrop, config.Privileged, config.ReadonlyRootfs, config.Init],
      [['no-new-privileges'], ['ALL'], false, true, true],
    )
    assert.deepEqual(
      [config.Memory, config.MemorySwap, config.CpuShares],
      [512 * 2 ** 20, 512 * 2 ** 20, 1024],
    )
    assert.equal(config.PidsLimit, 1024)
    assert.equal(config.Ulimits, null)
    const wrote = await lab.docker(
      'h1',
      'exec',
      id,
      'sh',
      '-c',
      'echo x >/tmp/x && ! echo x >/x && echo refused',
    )
    assert.match(wrote, /refused/)
  })

  it('keep the user, the port and the stop signal that an image names', async () => {
    const program = `process.on('SIGINT', () => process.exit(5)); setInterval(() => {}, 1e6); console.log(process.getuid(), process.env.PORT)`
    const lines = [
      'FROM lab/node',
      'USER app',
      'EXPOSE 3000',
      'STOPSIGNAL SIGINT',
      `CMD ${JSON.stringify(['node', '-e', program])}`,
    ]
    mkdirSync(join(lab.root('h1'), 'tmp/own'))
    writeFileSync(join(lab.root('h1'), 'tmp/own/Dockerfile'), lines.join('\n'))
    await lab.exec('h1', 'DOCKER_BUILDKIT=0 docker build -q -t own /tmp/own')
    const on = bench({ image: async () => 'own' })
    const spec = await started(on, '')
    await waitForTail(on.runtime, spec.id, '1000 3000')
    await on.runtime.signal(spec.id, 'SIGTERM')
    const { exit, signalledAt } = await waitFor(on.runtime, spec.id, isExited)
    assert.equal(exit?.code, 5)
    assert.ok(signalledAt)
  })

  it('that need a shell may finish what they are at when they are asked to stop', async () => {
    const on = bench()
    const finish = `node -e "process.on('SIGTERM', () => setTimeout(() => { console.log('finished'); process.exit(0) }, 300)); console.log('serving'); setInterval(() => {}, 1e6)"`
    const spec = await started(on, `cd / && ${finish}; echo never`)
    await serving(on, spec)
    await on.runtime.signal(spec.id, 'SIGTERM')
    const { exit } = await waitFor(on.runtime, spec.id, isExited)
    assert.equal(exit?.code, 143)
    assert.deepEqual(await on.runtime.tail(spec.id, 5), ['serving', 'finished'])
  })

  it('are ended for memory, and that is said', async () => {
    const on = bench()
    const hungry = `node -e "const all = []; setInterval(() => all.push(Buffer.alloc(16 << 20, 1)), 5)"`
    const size = { name: 'Standard-1X', memoryMiB: 96, cpuShares: 100 }
    const { id } = await started(on, hungry, { size })
    const { exit } = await waitFor(on.runtime, id, isExited)
    assert.deepEqual([exit?.code, exit?.cause], [137, 'memory'])
  })

  it('are seen to crash once, and are not started a second time', async () => {
    const on = bench()
    const spec = await started(on, SERVER)
    const { address } = await serving(on, spec)
    await proved(spec)
    await fetch(`http://${address!.host}:${address!.port}/crash`).catch(() => null)
    const { exit } = await waitFor(on.runtime, spec.id, isExited)
    assert.equal(exit?.code, 9)
    await until(
      'Docker to leave it',
      async () => (await inspected(spec.id, '{{.State.Status}}')) === 'exited',
    )
    assert.deepEqual(await copies(spec), [])
  })

  it('come back with Docker, and with the host', async () => {
    const on = bench()
    const spec = await started(on, SERVER)
    const before = await serving(on, spec)
    await proved(spec)
    for (const what of ['dockerd', 'power'] as const) {
      if (what === 'power') {
        await lab.kill('h1')
        await lab.start('h1')
      } else {
        await lab.stop('h1', 'dockerd')
        await until('Docker to end', () =>
          on.runtime.list().then(
            () => false,
            () => true,
          ),
        )
        await lab.resume('h1', 'dockerd')
      }
      const back = await until(`the instance after ${what}`, async () => {
        const [one] = await on.runtime.list().catch(() => [])
        return one?.state === 'running' && one.startedAt > before.startedAt ? one : null
      })
      assert.deepEqual({ ...back, pid: 0, startedAt: 0 }, { ...before, pid: 0, startedAt: 0 })
      assert.equal((await copies(spec)).length, 1)
      await until('it to answer', () =>
        fetch(`http://${back.address!.host}:${back.address!.port}/`).catch(() => null),
      )
    }
  })

  it('are known again by the next control plane, with all that has happened meanwhile', async () => {
    const first = bench()
    const [stays, ends, stopped] = await Promise.all([
      started(first, SERVER),
      started(first, 'sleep 1; exit 4', { kind: 'release-phase', type: 'release', name: 'release.1' }),
      started(first, `trap '' TERM; echo serving; while :; do sleep 0.05; done`),
    ])
    await serving(first, stopped)
    await first.runtime.signal(stopped.id, 'SIGTERM')
    const before = await first.runtime.list()
    first.leave()
    await until(
      'the command to end',
      async () => (await inspected(ends.id, '{{.State.Status}}')) === 'exited',
    )
    const second = bench({ data: first.data, server: first.data })
    const now = new Map((await second.runtime.list()).map((one) => [one.id, one]))
    const was = new Map(before.map((one) => [one.id, one]))
    assert.deepEqual(now.get(stays.id), was.get(stays.id))
    assert.equal(now.get(stopped.id)?.signalledAt, was.get(stopped.id)?.signalledAt)
    assert.equal(now.get(ends.id)?.exit?.code, 4)
    benches.splice(benches.indexOf(first), 1)
  })

  it('leave nothing here when their host is let go of, and run on', async () => {
    const on = bench()
    const spec = await started(on, SERVER)
    await serving(on, spec)
    assert.equal(rawLogsOf(on.data).exists(spec.id), true)
    on.leave()
    on.runtime.forget()
    assert.equal(rawLogsOf(on.data).exists(spec.id), false)
    assert.deepEqual(readdirSync(join(on.data, 'docker', 'log-positions')), [])
    assert.equal((await copies(spec)).length, 1)
    benches.splice(benches.indexOf(on), 1, bench({ data: on.data, server: on.data }))
  })

  it('belong to one control plane, though another uses the same host', async () => {
    const [one, other] = [bench(), bench()]
    const spec = await started(one, SERVER)
    assert.deepEqual(await other.runtime.list(), [])
    await other.runtime.signal(spec.id, 'SIGKILL')
    await assert.rejects(other.runtime.start(spec), { code: 'conflict' })
    assert.equal((await one.runtime.list()).length, 1)
  })

  it('leave every line of their output, once, though the connection breaks while they write', async () => {
    const on = bench()
    const { id } = await started(on, COUNTER)
    const lines = () => Number(on.written().trim().split('\n').at(-1))
    for (const goal of [50, 150, 250]) {
      await until(`line ${goal}`, () => lines() >= goal)
      await lab.cutSsh('h1')
    }
    await until('line 300', () => lines() >= 300)
    on.leave()
    const next = bench({ data: on.data, server: on.data })
    benches.splice(benches.indexOf(on), 1)
    await until('line 400', () => lines() >= 400)
    await next.runtime.signal(id, 'SIGKILL')
    await waitFor(next.runtime, id, isExited)
    await next.runtime.tail(id, 1)
    const all = next.written().trim().split('\n').map(Number)
    assert.deepEqual(
      all,
      Array.from(all, (_, index) => index + 1),
    )
  })

  it('leave long lines whole, and the last one though it has no end', async () => {
    const on = bench()
    const program = `console.log('o'.repeat(100000)); console.error('e'.repeat(50000)); process.stdout.write('no end')`
    const { id } = await started(on, `node -e "${program}"; sleep 0.3`, { kind: 'release-phase' })
    await waitFor(on.runtime, id, isExited)
    assert.deepEqual((await on.runtime.tail(id, 3)).at(-1), 'no end')
    const lines = on
      .written()
      .split('\n')
      .map((line) => [line[0], line.length])
    assert.deepEqual(lines.toSorted().slice(1), [
      ['e', 50_000],
      ['n', 6],
      ['o', 100_000],
    ])
  })

  it('are started once, though answers get lost', async () => {
    const on = bench()
    await on.runtime.list()
    const spec = specOf(DIGEST, SERVER)
    let tries = 0
    const start = async () => {
      for (;;) {
        tries += 1
        // On a busy machine every try could be cut off.
        const cut = tries <= 3 ? lab.cutSsh('h1') : null
        const done = await on.runtime.start(spec).then(
          () => true,
          (error: { code: string }) => {
            assert.equal(error.code, 'host_unreachable')
            return false
          },
        )
        await cut
        if (done) return
      }
    }
    await start()
    await on.runtime.start(spec)
    await serving(on, spec)
    assert.equal((await copies(spec)).length, 1)
    assert.equal((await on.runtime.list()).length, 1)
    assert.ok(tries < 10)
  })

  it('take another port where one is taken', async () => {
    const port = 18_000
    await lab.docker(
      'h1',
      'run',
      '-d',
      '--name',
      'squatter',
      '-p',
      `${lab.address('h1')}:${port}:80`,
      'lab/node',
      'sleep',
      '600',
    )
    const on = bench({ ports: { first: port, last: port + 2 } })
    const spec = await started(on, SERVER)
    const { address, privateAddress } = await serving(on, spec)
    assert.deepEqual([address!.port, privateAddress!.port].sort(), [port + 1, port + 2])
    await assert.rejects(started(on, SERVER), { code: 'no_port' })
    assert.equal((await on.runtime.list()).length, 1)
    await lab.docker('h1', 'rm', '-f', 'squatter')
  })

  it('that can not be started leave nothing behind', async () => {
    const on = bench({ image: async () => 'no-such-image' })
    await assert.rejects(started(on, SERVER), { code: 'invalid_params' })
    assert.deepEqual(await on.runtime.list(), [])
  })

  it('are asked to stop at their private port, or by a command in their environment', async () => {
    const on = bench()
    const { id } = await started(on, SERVER, { env: { WHO: 'me' } })
    await waitForTail(on.runtime, id, 'serving')
    await on.runtime.preStop(id, { path: '/stop' }, 20_000)
    await waitForTail(on.runtime, id, 'POST /stop at 8081')
    await on.runtime.preStop(id, { path: '/gone', port: 'public' }, 20_000)
    await waitForTail(on.runtime, id, 'POST /gone at 8080')
    await on.runtime.preStop(id, { command: 'echo "$WHO ends $DYNO"' }, 20_000)
    await waitForTail(on.runtime, id, 'me ends web.1')
    await assert.rejects(on.runtime.preStop(id, { command: 'exit 3' }, 20_000), /status 3/)
    await assert.rejects(on.runtime.preStop(id, { command: 'sleep 30' }, 300), /in time/)
  })

  it('are asked to stop at the port of visitors by the very command that the documentation has', async () => {
    const page = readFileSync(new URL('../../../docs/docker.md', import.meta.url), 'utf8')
    const [command] = /\{"command": "curl [^}]*\}/.exec(page) ?? assert.fail('there is no such command')
    const on = bench()
    const { id } = await started(on, SERVER)
    await waitForTail(on.runtime, id, 'serving')
    const hook = JSON.parse(command) as { command: string }
    await assert.rejects(on.runtime.preStop(id, hook, 20_000), /status 127/, 'its image has no curl')
    await putCurl(id)
    await on.runtime.preStop(id, hook, 20_000)
    await waitForTail(on.runtime, id, 'POST /shutdown at 8080')
  })

  /** This machine's own, with what it needs, into a container. */
  async function putCurl(id: string): Promise<void> {
    const tree = mkdtempSync(join(tmpdir(), 'tasuki-curl-'))
    try {
      const needed = `{ echo /usr/bin/curl; ldd /usr/bin/curl | grep -o '/[^ ]*'; } | sed 's,^/lib,/usr/lib,'`
      const copied = await run('sh', ['-ec', `${needed} | xargs cp -L --parents -t ${tree}`])
      assert.equal(copied.code, 0, copied.stderr)
      await lab.docker('h1', 'cp', `${tree}/usr`, `${id}:/`)
    } finally {
      rmSync(tree, { recursive: true })
    }
  }

  it('cost few calls over SSH', async () => {
    const on = bench({ provedMs: 60_000 })
    await on.runtime.list()
    const calls = () => on.host.ssh!.calls
    await until('the connection to be quiet', async () => {
      const before = calls()
      await new Promise((resolve) => setTimeout(resolve, 100))
      return calls() === before
    })
    const before = calls()
    const spec = await started(on, SERVER)
    await serving(on, spec)
    const start = calls() - before
    await on.runtime.signal(spec.id, 'SIGTERM')
    await waitFor(on.runtime, spec.id, isExited)
    await on.runtime.remove(spec.id)
    const stop = calls() - before - start
    assert.ok(start <= 6, `${start} calls for a start`)
    assert.ok(stop <= 4, `${stop} calls for a stop`)
  })

  it('are refused on a full disk, which is said, and leave nothing behind', async () => {
    const on = bench()
    await on.runtime.list()
    await lab.exec('h1', 'dd if=/dev/zero of=/var/full bs=1M 2>/dev/null; true')
    try {
      const need = { artifact: DIGEST, appId: 'app-a', instances: [{ size: 'Standard-1X', count: 1 }] }
      await assert.rejects(on.runtime.prepare(need), { code: 'disk_full' })
      await assert.rejects(started(on, SERVER), { code: 'disk_full' })
      assert.deepEqual(await on.runtime.list(), [])
    } finally {
      await lab.exec('h1', 'rm /var/full')
    }
    await serving(on, await started(on, SERVER))
  })

  it('tell how much memory they use, by app', async () => {
    const on = bench()
    const spec = await started(on, SERVER, { appId: 'app-m' })
    await waitForTail(on.runtime, spec.id, 'serving')
    const used = (await on.runtime.memoryByApp()).get('app-m')!
    assert.ok(used > 2 ** 20 && used < 512 * 2 ** 20, `${used} bytes`)
  })
})
