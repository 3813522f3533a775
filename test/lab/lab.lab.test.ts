import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { run, until } from '../harness/index.ts'
import { type HostName, Lab } from './lab.ts'

const whyNot = Lab.whyNot()

describe('the lab', { skip: whyNot ?? false }, () => {
  let lab: Lab

  before(async () => {
    lab = await Lab.start({ hosts: 2 })
    for (const host of lab.hosts) {
      const serve = `process.on('SIGTERM', () => process.exit()); require('http').createServer((q, r) => r.end('${host}')).listen(3000)`
      await lab.docker(
        host,
        'run',
        '-d',
        '--restart',
        'always',
        '-p',
        '8080:3000',
        'lab/node',
        'node',
        '-e',
        serve,
      )
    }
  })
  after(() => lab?.down())

  /** What its container answers to somebody at the desk; null where there is no answer within a second. */
  async function answer(host: HostName): Promise<string | null> {
    try {
      const response = await fetch(`http://${lab.address(host)}:8080/`, {
        signal: AbortSignal.timeout(1_000),
      })
      return await response.text()
    } catch {
      return null
    }
  }
  const answers = (host: HostName) => until(`${host} to answer`, async () => (await answer(host)) === host)
  const ssh = (host: HostName, command: string) =>
    run('ssh', ['-F', `${lab.directory}/ssh_config`, `deploy@${lab.address(host)}`, command], {
      limitMs: 30_000,
    })

  it('has hosts whose containers answer the desk, and that let in by key who may use Docker', async () => {
    for (const host of lab.hosts) {
      await answers(host)
      const { stdout, code } = await ssh(host, 'id -un && docker ps -q | wc -l')
      assert.deepEqual([code, stdout], [0, 'deploy\n1\n'])
    }
  })

  it('has no way out', async () => {
    await assert.rejects(lab.exec('h1', 'ip route get 198.51.100.1'))
  })

  it('cuts a host off, in silence, and heals it', async () => {
    await lab.cut('h2')
    assert.equal(await answer('h2'), null)
    await answers('h1')
    await lab.heal('h2')
    await answers('h2')
  })

  it('keeps two hosts from each other that everybody else hears', async () => {
    await lab.block('h1', 'h2')
    await assert.rejects(lab.exec('h1', `curl -sf -m 1 http://${lab.address('h2')}:8080/`))
    await answers('h2')
    await lab.heal('h1')
    await lab.heal('h2')
    assert.equal(await lab.exec('h1', `curl -sf -m 5 http://${lab.address('h2')}:8080/`), 'h2')
  })

  it('freezes a host: it takes connections and says nothing', async () => {
    await lab.pause('h2')
    assert.equal(await answer('h2'), null)
    await lab.heal('h2')
    await answers('h2')
  })

  it('takes the power away; the host comes back with its disk and its containers', async () => {
    await lab.exec('h2', 'echo kept > /root/note')
    await lab.kill('h2')
    assert.equal(await answer('h2'), null)
    await lab.start('h2')
    await answers('h2')
    assert.equal(await lab.exec('h2', 'cat /root/note'), 'kept\n')
  })

  it('starts a crashed Docker again, and keeps down what is to stay down', async () => {
    await lab.crash('h1', 'dockerd')
    await until('Docker to answer', () => lab.docker('h1', 'ps').then(Boolean, () => false))
    await lab.stop('h1', 'sshd')
    await until('SSH to refuse', async () => (await ssh('h1', 'true')).code !== 0)
    await lab.resume('h1', 'sshd')
    await until('SSH to let in', async () => (await ssh('h1', 'true')).code === 0)
  })

  it('cuts the SSH connections that are open, and lets in new ones', async () => {
    const open = ssh('h1', 'echo in; sleep 60')
    await until(
      'the connection to be open',
      async () => (await lab.exec('h1', 'pgrep -u deploy -x sleep || true')).trim() !== '',
    )
    await lab.cutSsh('h1')
    assert.equal((await open).code, 255)
    assert.equal((await ssh('h1', 'true')).code, 0)
  })

  it('lives beside another lab, and leaves nothing behind', async () => {
    const other = await Lab.start({ hosts: 1, images: false, disk: '200m' })
    try {
      assert.notEqual(other.address('h1'), lab.address('h1'))
      assert.match(await other.exec('h1', 'df -m / | tail -1'), /\b200\b/)
    } finally {
      await other.down()
    }
    assert.equal(existsSync(other.directory), false)
    for (const list of ['ip netns', 'ip route', 'cat /proc/mounts', 'ls -d /sys/fs/cgroup/*/*']) {
      const { stdout } = await run('sh', ['-c', list])
      assert.equal(stdout.includes(other.name), false, list)
    }
    await answers('h1')
  })
})

describe('a lab whose owner was killed', { skip: whyNot ?? false }, () => {
  it('is swept away by the next that comes up', async () => {
    const script = `import { Lab } from ${JSON.stringify(new URL('lab.ts', import.meta.url).href)}
      const lab = await Lab.start({ hosts: 1, images: false })
      console.log(lab.directory)
      process.kill(process.pid, 'SIGKILL')`
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script])
    const left = stdout.trim()
    assert.equal(existsSync(left), true)
    const next = await Lab.start({ hosts: 1, images: false })
    await next.down()
    assert.equal(existsSync(left), false)
  })
})
