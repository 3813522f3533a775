import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ROUTABLE_TYPE } from '../domain/release.ts'
import { ALICE, deployed } from '../services/testing.ts'
import { type LiveApi, liveApi } from './testing.ts'

async function withApp(api: LiveApi): Promise<string> {
  const app = await api.services.apps.create('demo', ALICE)
  await deployed(api, app, 'a')
  return '/tasuki/apps/demo/sleep'
}

it('an app is put to sleep and woken, and what lists it and its dynos says so', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api)
  const before = await api.call('GET', path)
  assert.deepEqual(before.body, { state: 'awake', since: null, after_idle_seconds: null, pool: null })
  const asleep = await api.call('PATCH', path, { state: 'asleep' })
  assert.deepEqual([asleep.status, asleep.body.state], [200, 'asleep'])
  const dynos = await api.call('GET', '/apps/demo/dynos')
  const shown = dynos.body.map((dyno: { name: string; state: string }) => [dyno.name, dyno.state])
  assert.deepEqual(shown, [['web.1', 'idle']])
  const [app] = (await api.call('GET', '/apps')).body
  assert.deepEqual(app.tasuki, { sleep: 'asleep' })
  const formation = await api.call('GET', `/apps/demo/formation/${ROUTABLE_TYPE}`)
  assert.equal(formation.body.quantity, 1)
  const waking = await api.call('PATCH', path, { state: 'awake' })
  assert.equal(waking.body.state, 'waking')
  assert.deepEqual((await api.call('GET', '/apps/demo/dynos')).body, [])
})

it('it can be said after how long without a visitor an app sleeps, and that it does not', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api)
  assert.equal((await api.call('PATCH', path, { after_idle_seconds: 1800 })).body.after_idle_seconds, 1800)
  assert.equal((await api.call('PATCH', path, { state: 'awake' })).body.after_idle_seconds, 1800)
  assert.equal((await api.call('PATCH', path, { after_idle_seconds: null })).body.after_idle_seconds, null)
})

it('bad wishes change nothing', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api)
  for (const body of [
    { state: 'waking' },
    { after_idle_seconds: 0 },
    { after_idle_seconds: 1.5 },
    { sleep: true },
  ])
    assert.equal((await api.call('PATCH', path, body)).status, 422, JSON.stringify(body))
  assert.equal((await api.call('PATCH', path, { after_idle_seconds: 31 * 86_400 })).status, 422)
  await api.services.apps.create('empty', ALICE)
  const refused = await api.call('PATCH', '/tasuki/apps/empty/sleep', { state: 'asleep' })
  assert.deepEqual([refused.status, refused.body.id], [409, 'conflict'])
  assert.equal((await api.call('GET', path)).body.state, 'awake')
})
