import assert from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Finding } from '../../src/domain/finding.ts'
import { TestServer, until } from '../harness/index.ts'
import { type HostName, Lab } from './lab.ts'

const whyNot = Lab.whyNot()

/** As `hosts:bootstrap --json` tells it. */
interface SetUp {
  readonly url: string
  readonly host_key: string
  readonly steps: readonly { readonly state: string; readonly text: string }[]
}

describe('hosts are set up, checked, trusted and watched', { skip: whyNot ?? false }, () => {
  let lab: Lab
  let server: TestServer
  const setUps = new Map<HostName, SetUp>()

  before(async () => {
    lab = await Lab.start({ hosts: 2 })
    server = await TestServer.start()
    await mkdir(join(server.directory, 'bin'))
    const known = join(server.directory, 'known_hosts')
    const ssh = join(server.directory, 'bin/ssh')
    await writeFile(ssh, `#!/bin/sh\nPATH=$OLD_PATH exec ssh -o UserKnownHostsFile=${known} "$@"\n`)
    await chmod(ssh, 0o755)
  })
  after(async () => {
    await server?.close()
    await lab?.down()
  })

  const tasuki = (...args: string[]) => {
    const path = process.env.PATH ?? ''
    return server.cli(args, { env: { PATH: `${server.directory}/bin:${path}`, OLD_PATH: path } })
  }
  const bootstrap = (host: HostName, ...flags: string[]) =>
    tasuki('hosts:bootstrap', lab.url(host, 'root'), '--identity', lab.keyFile, '--accept-new', ...flags)
  /** All that is not as it should be. */
  const wrongOf = (findings: readonly Finding[]) =>
    findings.filter(({ level }) => level !== 'ok').map(({ code, about }) => `${code} ${about}`)
  const wrong = async (host: HostName) => wrongOf(await server.get(`/tasuki/hosts/${host}/check`))
  const reachable = async (name: string) =>
    (await server.get('/tasuki/hosts')).find((host: { name: string }) => host.name === name)?.reachable

  /** How it last stood with a host, as it was written down. */
  const lastOf = async (host: HostName): Promise<{ readonly state: string } | undefined> => {
    const { stretches } = await server.get('/tasuki/health/hosts')
    return stretches.filter(({ name }: { name: string }) => name === host).at(-1)
  }

  it('a dry run of the set-up changes nothing; a set-up can be run again', async () => {
    const dry = await bootstrap('h1', '--dry-run')
    assert.match(dry.stdout, /would {3}Make the user tasuki[\s\S]*would {3}Let the control plane in/)
    await assert.rejects(lab.exec('h1', 'id tasuki'))
    const ran = await Promise.all(lab.hosts.map((host) => bootstrap(host, '--json')))
    for (const [index, { stdout, stderr }] of ran.entries()) {
      const made: SetUp = JSON.parse(stdout)
      const done = made.steps.filter(({ state }) => state === 'done').map(({ text }) => text)
      assert.match(
        done.join('\n'),
        /Make the user tasuki[\s\S]*Let tasuki use Docker[\s\S]*by its key/,
        stderr,
      )
      setUps.set(lab.hosts[index]!, made)
    }
    assert.doesNotMatch((await bootstrap('h1')).stdout, /^(done|failed)/m)
    assert.match(
      await lab.exec('h1', 'cat /home/tasuki/.ssh/authorized_keys'),
      /^restrict,port-forwarding ssh-ed25519 \S+ \S+\n$/,
    )
  })

  it('a host that was set up is taken in with the key that the set-up told, and nothing is missing there', async () => {
    for (const [name, { host_key: key, url }] of setUps) {
      const added = await tasuki('hosts:add', url, '--name', name, '--host-key', key)
      assert.equal(added.code, 0, added.stderr)
    }
    // The lab's Docker ends its containers with itself.
    const { stdout } = await tasuki('hosts:check', '--json')
    assert.deepEqual(wrongOf(JSON.parse(stdout)), ['no_live_restore host h1', 'no_live_restore host h2'])
  })

  it('says of each what is missing, and is not held up by one that is dead', async () => {
    await lab.stop('h1', 'dockerd')
    await until('Docker to be down', async () => (await wrong('h1')).includes('docker_silent host h1'))
    await lab.resume('h1', 'dockerd')
    await until('Docker to be up', async () => !(await wrong('h1')).includes('docker_silent host h1'))
    await lab.exec('h1', 'gpasswd -d tasuki docker')
    const denied = await wrong('h1')
    assert.ok(denied.includes('docker_denied host h1'), String(denied))
    await bootstrap('h1')
    await lab.exec('h1', 'iptables -I INPUT -p tcp --dport 19000:19999 -j DROP')
    assert.ok((await wrong('h1')).includes('not_reached host h1'))
    await lab.exec('h1', 'iptables -D INPUT -p tcp --dport 19000:19999 -j DROP')
    await lab.cut('h2')
    const began = performance.now()
    const all = JSON.parse((await tasuki('hosts:check', '--json')).stdout)
    assert.ok(performance.now() - began < 30_000)
    assert.deepEqual(wrongOf(all), ['no_live_restore host h1', 'host_unreachable host h2'])
    await until('the silence to be written down', async () => (await lastOf('h2'))?.state === 'unreachable')
    await lab.heal('h2')
    await until('the host to be seen again', async () => (await reachable('h2')) === true)
  })

  it('keeps when a host did not answer, over a restart of the control plane', async () => {
    await until('the end of the silence to be written down', async () => (await lastOf('h2'))?.state === 'up')
    await server.kill()
    await server.restart()
    const { stretches } = await server.get('/tasuki/health/hosts')
    const silent = stretches.filter((one: { state: string }) => one.state === 'unreachable')
    assert.ok(silent.some((one: { name: string; reason: string }) => one.name === 'h2' && one.reason !== ''))
    const { stdout } = await tasuki('health', '--hosts')
    assert.match(stdout, /h1 .*\nh2 [\s\S]*unreachable/)
  })

  it('refuses a host whose key has changed, until somebody says that it is right', async () => {
    const key = 'ssh_host_ed25519_key'
    await lab.exec('h1', `cd /etc/ssh && rm ${key}* && ssh-keygen -q -t ed25519 -N '' -f ${key}`)
    await lab.crash('h1', 'sshd')
    await lab.cutSsh('h1')
    await until('the host to be refused', async () => (await reachable('h1')) === false)
    const shown = (await lab.exec('h1', `ssh-keygen -lf /etc/ssh/${key}.pub`)).split(' ')[1]!
    await until('its key to be refused', async () => (await wrong('h1'))[0] === 'host_refused host h1')
    const refused = await tasuki('hosts:check', 'h1')
    assert.match(refused.stdout, /shows another key \(SHA256:/)
    // Until it tries again, the connection that is kept tells what its last try met: an sshd that was not up yet.
    await until('the reason to be told', async () => {
      const { failure } = await server.get('/tasuki/hosts/h1')
      return /shows another key \(SHA256:\S+\) than the one that was accepted \(SHA256:/.test(failure ?? '')
    })
    const unasked = await tasuki('hosts:trust', 'h1')
    assert.notEqual(unasked.code, 0)
    const other = await tasuki('hosts:trust', 'h1', '--key', `SHA256:${'a'.repeat(43)}`)
    assert.match(other.stderr, /not the key that was given/)
    assert.equal(await reachable('h1'), false)
    const trusted = await tasuki('hosts:trust', 'h1', '--key', shown)
    assert.equal(trusted.code, 0, trusted.stderr)
    await until('the host to be connected to', async () => (await reachable('h1')) === true)
  })

  it('finds passwords, containers of root and open ports on hosts', async () => {
    await lab.exec('h2', "sed -i '1i PasswordAuthentication yes' /etc/ssh/sshd_config")
    await lab.crash('h2', 'sshd')
    await lab.docker(
      'h1',
      'run',
      '-d',
      '--name',
      'careless',
      '-p',
      '8080:80',
      '-u',
      '0',
      'lab/node',
      'sleep',
      '600',
    )
    await until('the doctor to find all of it', async () => {
      const found = wrongOf(await server.get('/tasuki/doctor'))
      return ['ssh_passwords host h2', 'runs_as_root host h1', 'published_publicly host h1'].every((one) =>
        found.includes(one),
      )
    })
    const safe = await bootstrap('h2', '--no-passwords')
    assert.match(safe.stdout, /done {4}Let SSH take keys only/, safe.stderr)
    assert.ok(!(await wrong('h2')).includes('ssh_passwords host h2'))
  })
})
