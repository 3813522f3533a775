import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { processesOf, serverFor, signal, TestServer, until } from './index.ts'

test('a server starts, is killed, starts again on the same data, and leaves nothing behind', async (t) => {
  const server = await serverFor(t)
  const first = await server.get('/tasuki/server')
  assert.equal(first.pid, server.pid)
  await server.kill()
  assert.equal(server.running, false)
  assert.ok(server.processes().length > 0, 'the router serves on')
  await server.restart()
  const second = await server.get('/tasuki/server')
  assert.equal(second.router.pid, first.router.pid)
  assert.notEqual(second.pid, first.pid)
  await server.close()
  assert.deepEqual(processesOf(server.directory), [])
  assert.equal(existsSync(server.directory), false)
})

test('a killed server is swept away too', async () => {
  const server = await TestServer.start()
  signal(server.pid, 'SIGKILL')
  await until('its end', () => !server.running)
  await server.close()
  assert.deepEqual(processesOf(server.directory), [])
})

test('a command that fails gives its exit code and says why', async (t) => {
  const server = await serverFor(t)
  const ran = await server.cli(['ps', '-a', 'nowhere'])
  assert.equal(ran.code, 4)
  assert.match(ran.stderr, /nowhere/)
})

test('a server that can not start says why', async () => {
  await assert.rejects(TestServer.start({ flags: ['--ports', 'nonsense'] }), /not a range of ports/)
})
