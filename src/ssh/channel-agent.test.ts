import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer } from 'node:net'
import { it } from 'node:test'
import Docker from 'dockerode'
import { ChannelAgent } from './channel-agent.ts'

it('a call whose connection breaks in the middle of the answer is rejected', {
  timeout: 10_000,
}, async () => {
  const server = createServer((socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ID":'))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  const agent = new ChannelAgent(
    { channel: async () => connect(port, '127.0.0.1'), counted: () => undefined },
    '/run/docker.sock',
  )
  const options = { protocol: 'http' as const, host: 'docker', agent }
  try {
    await assert.rejects(new Docker(options).info(), /hang up in the middle of an answer/)
  } finally {
    agent.destroy()
    server.close()
  }
})
