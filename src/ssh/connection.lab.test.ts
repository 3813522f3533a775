import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { after, afterEach, before, describe, it } from 'node:test'
import { until } from '../../test/harness/until.ts'
import { Lab } from '../../test/lab/lab.ts'
import type { TasukiError } from '../domain/errors.ts'
import { SshConnection } from './connection.ts'
import type { SshTarget } from './dial.ts'

const whyNot = Lab.whyNot()
const DOCKER = '/var/run/docker.sock'

describe('an SSH connection', { skip: whyNot ?? false }, () => {
  let lab: Lab
  const opened: SshConnection[] = []
  before(async () => {
    lab = await Lab.start({ hosts: 1, images: false })
  })
  after(() => lab?.down())
  afterEach(() => {
    for (const connection of opened.splice(0)) connection.close()
  })

  function open(change: Partial<SshTarget> = {}): SshConnection {
    const connection = SshConnection.open({
      name: 'h1',
      address: lab.address('h1'),
      port: 22,
      user: 'deploy',
      privateKey: readFileSync(lab.keyFile, 'utf8'),
      hostKey: null,
      ...change,
    })
    opened.push(connection)
    return connection
  }

  it('runs commands, with their input, output and exit status', async () => {
    const connection = open()
    const ran = await connection.exec('cat; id -un; echo oh >&2; exit 3', { input: 'hi\n' })
    assert.deepEqual(ran, { code: 3, stdout: 'hi\ndeploy\n', stderr: 'oh\n' })
    assert.equal((await connection.exec('kill -9 $$')).code, 137)
    assert.equal(connection.calls, 2)
  })

  it('carries more commands at once than a host lets sessions be opened', async () => {
    const connection = open()
    const said = await Promise.all(
      Array.from({ length: 30 }, (_, number) => connection.exec(`echo ${number}`)),
    )
    assert.deepEqual(
      said.map(({ stdout }) => Number(stdout)),
      Array.from({ length: 30 }, (_, number) => number),
    )
  })

  it('ends a command that takes too long, and says so', async () => {
    await assert.rejects(open().exec('sleep 30', { timeoutMs: 200 }), {
      code: 'host_unreachable',
      message: 'The host h1 does not answer: a command took longer than 0.2 s.',
    })
  })

  it('carries forty requests to a socket at once, counting each', async () => {
    const connection = open()
    const agent = connection.agent(DOCKER)
    const get = () =>
      new Promise<number>((resolve, reject) => {
        const asked = request({ agent, path: '/_ping' }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode!))
        })
        asked.once('error', reject).end()
      })
    const answers = await Promise.all(Array.from({ length: 40 }, get))
    assert.deepEqual(new Set(answers), new Set([200]))
    assert.equal(connection.calls, 40)
    agent.destroy()
  })

  it('says when nobody listens at a socket', async () => {
    const connection = open()
    assert.equal(await connection.listens(DOCKER), true)
    assert.equal(await connection.listens('/run/nobody.sock'), false)
  })

  it('lets nothing pass to a host that shows another key than the pinned one', async () => {
    const first = open()
    await first.ready()
    assert.match(first.hostKey!, /^SHA256:[\w+/]{43}$/)
    await open({ hostKey: first.hostKey }).ready()
    const refused = open({ hostKey: 'SHA256:another' })
    await assert.rejects(refused.ready(), (error: TasukiError) => {
      assert.equal(error.code, 'host_refused')
      assert.equal(error.details.hostKey, first.hostKey)
      return true
    })
    await assert.rejects(refused.exec('true'), { code: 'host_refused' })
    assert.equal(refused.state, 'down')
  })

  it('says when the host does not take the key', async () => {
    await assert.rejects(open({ user: 'nobody' }).ready(), {
      code: 'host_refused',
      message: 'The host h1 does not let nobody in with our key.',
    })
  })

  it('says when there is no host', async () => {
    await assert.rejects(open({ port: 23 }).ready(), { code: 'host_unreachable' })
  })

  it('comes back by itself when the host has closed it, and lets callers wait for that', async () => {
    const connection = open()
    await connection.ready()
    const states: string[] = []
    connection.onState((state) => states.push(state))
    await lab.cutSsh('h1')
    await until('the loss to be noticed', () => states.includes('connecting'))
    assert.equal((await connection.exec('echo back')).stdout, 'back\n')
    assert.deepEqual(states, ['connecting', 'connected'])
  })

  it('gives up all that is under way on a host that is cut off, refuses at once from then on, and comes back', async () => {
    const connection = open()
    await connection.ready()
    const pending = connection.exec('sleep 60', { timeoutMs: 60_000 })
    const cutAt = performance.now()
    await lab.cut('h1')
    await assert.rejects(pending, { code: 'host_unreachable' })
    assert.ok(performance.now() - cutAt < 30_000)
    await until('the host to be down', () => connection.state === 'down')
    const asked = performance.now()
    await assert.rejects(connection.exec('true'), { code: 'host_unreachable' })
    assert.ok(performance.now() - asked < 1_000)
    await lab.heal('h1')
    await until('the connection', () => connection.state === 'connected')
    assert.equal((await connection.exec('echo back')).stdout, 'back\n')
  })
})
