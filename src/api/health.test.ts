import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ALICE } from '../services/testing.ts'
import { liveApi } from './testing.ts'

it('how it stood with an app over time is told to whoever sees it, of the hosts only to an admin', async (context) => {
  const api = await liveApi(context)
  const app = await api.services.apps.create('demo', ALICE)
  const { health } = api.store.tables
  const now = Date.now()
  const about = { kind: 'instance', appId: app.id, subject: 'web-1-a', name: 'web.1', release: 3 } as const
  const down = { ...about, host: 'h1', state: 'down', reason: 'HTTP 503 on /health' } as const
  const id = await health.begin({ ...down, fromAt: now - 5_400_000 })
  await health.end([id], now - 5_000_000)
  await health.begin({ ...about, host: null, state: 'up', reason: '', fromAt: now - 60_000 })
  const { status, body } = await api.call('GET', '/tasuki/apps/demo/health')
  assert.equal(status, 200)
  assert.deepEqual(body.stretches[0], {
    ...{ subject: 'web-1-a', name: 'web.1', release: 3, host: 'h1', state: 'down' },
    reason: 'HTTP 503 on /health',
    from: new Date(now - 5_400_000).toISOString(),
    until: new Date(now - 5_000_000).toISOString(),
  })
  assert.equal(body.stretches[1].until, null)
  assert.equal(Date.parse(body.until) - Date.parse(body.from), 86_400_000)
  const short = await api.call('GET', '/tasuki/apps/demo/health?minutes=60')
  assert.deepEqual(
    short.body.stretches.map((stretch: { state: string }) => stretch.state),
    ['up'],
  )
  assert.equal((await api.call('GET', '/tasuki/apps/demo/health?minutes=soon')).status, 422)
  assert.deepEqual((await api.call('GET', '/tasuki/health/hosts')).body.stretches, [])
})
