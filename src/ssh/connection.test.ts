import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import ssh2 from 'ssh2'
import { heldLimits } from '../../test/harness/held-limits.ts'
import { until } from '../../test/harness/until.ts'
import { OPEN_MS, SshConnection, type SshState } from './connection.ts'

const { private: KEY } = ssh2.utils.generateKeyPairSync('ed25519')

describe('an SSH connection to a host that misbehaves', () => {
  const closing: (() => void)[] = []
  afterEach(() => {
    for (const close of closing.splice(0).reverse()) close()
  })

  /** An SSH server that lets everybody in, and does that with each connection at the very same moment. */
  async function serve(entered: (socket: Socket, time: number) => void): Promise<number> {
    let times = 0
    const ssh = new ssh2.Server({ hostKeys: [KEY] }, (client) => {
      client.on('error', () => undefined)
    })
    const server: Server = createServer((socket) => {
      closing.push(() => socket.destroy())
      ssh.once('connection', (client) =>
        client.on('authentication', (asked) => {
          asked.accept()
          // It asks first whether its key would do.
          if (asked.method !== 'publickey' || !asked.signature) return
          times += 1
          entered(socket, times)
        }),
      )
      ssh.injectSocket(socket)
    })
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    closing.push(() => server.close())
    return (server.address() as AddressInfo).port
  }

  function open(port: number): SshConnection {
    const target = { name: 'h1', address: '127.0.0.1', port, user: 'deploy', privateKey: KEY, hostKey: null }
    const connection = SshConnection.open(target)
    closing.push(() => connection.close())
    return connection
  }

  it('survives one that breaks in the very moment of the login, and comes back', async () => {
    const port = await serve((socket, time) => {
      if (time <= 3) socket.write(Buffer.alloc(64, 'x'))
    })
    const states: SshState[] = []
    const connection = open(port)
    connection.onState((state) => states.push(state))
    await until('the connection to last', async () => {
      await connection.ready().catch(() => undefined)
      return states.filter((state) => state === 'connected').length === 4 && connection.state === 'connected'
    })
    assert.equal(connection.failure, null)
  })

  it('is closed for good in the middle of connecting', async () => {
    const port = await serve((socket) => socket.resetAndDestroy())
    const connection = open(port)
    const ready = connection.ready()
    connection.close()
    await assert.rejects(ready, { code: 'host_unreachable' })
    assert.equal(connection.state, 'down')
  })

  it('is waited for no longer than for a channel that is never opened', async (t) => {
    const ssh = new ssh2.Server({ hostKeys: [KEY] }, (client) => {
      client.on('error', () => undefined).on('authentication', (asked) => asked.accept())
      // It takes each question, and never answers.
      client.on('session', () => undefined).on('openssh.streamlocal', () => undefined)
    })
    await new Promise<void>((listening) => ssh.listen(0, '127.0.0.1', listening))
    closing.push(() => ssh.close())
    const connection = open((ssh.address() as AddressInfo).port)
    await connection.ready()
    for (const [ask, limitMs] of [
      [() => connection.exec('true', { timeoutMs: 1_000 }), 1_000 + OPEN_MS],
      [() => connection.listens('/run/docker.sock'), OPEN_MS],
    ] as const) {
      const pass = heldLimits(t, limitMs)
      const refused = assert.rejects(ask(), { code: 'host_unreachable' })
      await new Promise((resolve) => setImmediate(resolve))
      pass()
      await refused
      t.mock.restoreAll()
    }
  })
})
