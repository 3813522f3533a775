import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { keptProber } from './prober.ts'

function file(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tasuki-prober-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'prober.json')
}

async function listener(t: TestContext, port: number) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  t.after(() => server.close())
}

test('the prober listens where no outgoing connection and no instance can be when HAProxy starts again', async (t) => {
  for (let time = 0; time < 20; time += 1) {
    const { address } = await keptProber(file(t), false)
    assert.ok(address.port >= 1024 && address.port < 20_000, `${address.port}`)
  }
})

test('the prober stays where it was, unless somebody else has come there while HAProxy was away', async (t) => {
  const path = file(t)
  const first = await keptProber(path, false)
  assert.deepEqual((await keptProber(path, false)).address, first.address)
  await listener(t, first.address.port)
  assert.deepEqual((await keptProber(path, true)).address, first.address)
  const second = await keptProber(path, false)
  assert.notEqual(second.address.port, first.address.port)
  assert.notEqual(second.secret, first.secret)
  assert.deepEqual((await keptProber(path, false)).address, second.address)
})
