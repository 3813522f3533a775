import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { TasukiError } from '../domain/errors.ts'
import { lockData } from './lock.ts'
import { openStore } from './open.ts'
import { tempDir } from './testing.ts'

const inUse = (error: unknown) => error instanceof TasukiError && error.code === 'data_in_use'

test('a second server on the same data is refused, by name of the first, and changes nothing', async (t) => {
  const data = tempDir(t)
  const store = await openStore(data)
  await assert.rejects(openStore(data), (error: TasukiError) => {
    assert.ok(inUse(error))
    assert.match(error.message, new RegExp(`process ${process.pid}`))
    return true
  })
  assert.deepEqual(await store.tables.apps.all(), [])
  await store.close()
  await (await openStore(data)).close()
})

test('the lock of a server that was killed is free at once', async (t) => {
  const data = tempDir(t)
  const code = `
    import { lockData } from ${JSON.stringify(new URL('lock.ts', import.meta.url).href)}
    lockData(${JSON.stringify(data)})
    console.log('locked')
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--input-type=module',
    '-e',
    code,
  ])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  assert.throws(() => lockData(data), inUse)
  child.kill('SIGKILL')
  await once(child, 'exit')
  lockData(data).release()
})

test('a process that the server started does not hold the lock after it', async (t) => {
  const data = tempDir(t)
  const lock = lockData(data)
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'spawn')
  lock.release()
  lockData(data).release()
})
