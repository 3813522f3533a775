import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HaproxyWorld } from './testing/world.ts'

test('one question tells what the checks say of every instance of every app', async () => {
  const world = await HaproxyWorld.open()
  try {
    const other = { appId: 'app-2', type: 'web' }
    await world.prepare()
    await world.prepare(4, other)
    assert.equal((await world.router.checks()).size, 0)
    const serving = await world.serve(await world.instance())
    const elsewhere = await world.serve(await world.instance(), null, other)
    const drained = await world.serve(await world.instance())
    await world.router.drain({ appId: 'app-1', type: 'web' }, drained.id)
    const starting = await world.instance()
    starting.healthy(false)
    await world.assign(starting)
    serving.healthy(false)
    await world.until('the checks have failed', async () => {
      const checks = await world.router.checks()
      return checks.get(serving.id)?.health === 'down' && checks.get(starting.id)?.check !== ''
    })
    const checks = await world.router.checks()
    assert.equal(checks.size, 4)
    assert.deepEqual(checks.get(serving.id), {
      ...{ admin: 'ready', health: 'down', passedOnce: true, check: 'HTTP 503 on /health' },
    })
    assert.deepEqual(checks.get(starting.id), {
      ...{ admin: 'drain', health: 'checking', passedOnce: false, check: 'HTTP 503 on /health' },
    })
    assert.deepEqual([checks.get(drained.id)?.admin, checks.get(drained.id)?.health], ['drain', 'up'])
    assert.deepEqual([checks.get(elsewhere.id)?.admin, checks.get(elsewhere.id)?.health], ['ready', 'up'])
    for (const [key, app] of [
      [other, elsewhere],
      [{ appId: 'app-1', type: 'web' }, serving],
    ] as const) {
      const { passedOnce, check, health } = await world.server(app, key)
      assert.deepEqual({ ...checks.get(app.id), admin: null }, { admin: null, passedOnce, check, health })
    }
  } finally {
    await world.close()
  }
})
