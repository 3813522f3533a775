import assert from 'node:assert/strict'
import { it } from 'node:test'
import { EMPTY_MANIFEST } from '../domain/artifact.ts'
import { DEFAULT_SETTINGS, type RolloutSettings } from '../domain/settings.ts'
import { ALICE, deployed } from '../services/testing.ts'
import { artifactNamed } from '../store/testing.ts'
import { type LiveApi, liveApi } from './testing.ts'

const EXTERNAL = {
  ...{ interval_seconds: 5, timeout_seconds: 2, rise: 3, fall: 2, margin_seconds: 1, ports: [8000, 8001] },
}
const STEPS_ASIDE: RolloutSettings = {
  ...DEFAULT_SETTINGS,
  checkPath: '/health',
  preStop: { path: '/shutdown' },
}

async function withApp(api: LiveApi, name: string, settings: RolloutSettings = STEPS_ASIDE): Promise<string> {
  const app = await api.services.apps.create(name, ALICE)
  const manifest = { ...EMPTY_MANIFEST, settings: { web: settings } }
  api.builder = async ({ commit }) => artifactNamed(name, { commit, manifest })
  await deployed(api, app, name)
  return `/tasuki/apps/${name}/router`
}

it('an app is put behind an external balancer and back, by a rollout each time', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api, 'demo')
  const nothing = { external: null, admission_seconds: null, removal_seconds: null, check: null }
  const none = { ...nothing, targets: [], rollout_id: null }
  assert.deepEqual((await api.call('GET', path)).body, none)
  const put = await api.call('PUT', path, { external: EXTERNAL })
  assert.equal(put.status, 200)
  assert.deepEqual(put.body.external, EXTERNAL)
  assert.deepEqual([put.body.admission_seconds, put.body.removal_seconds], [18, 13])
  assert.equal(typeof put.body.rollout_id, 'string')
  const again = await api.call('PUT', path, { external: EXTERNAL })
  assert.equal(again.body.rollout_id, null, 'the same again moves nothing')
  const slower = await api.call('PUT', path, { external: { ...EXTERNAL, interval_seconds: 10 } })
  assert.deepEqual([slower.body.rollout_id, slower.body.admission_seconds], [null, 33], 'nobody has to move')
  const back = await api.call('PUT', path, { external: null })
  assert.equal(typeof back.body.rollout_id, 'string')
  assert.deepEqual((await api.call('GET', path)).body, none)
})

it('what a balancer has to know is each of its ports on each host of the app', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api, 'demo')
  await api.call('PUT', path, { external: EXTERNAL })
  const at = (host: string | null, address: string) => [8000, 8001].map((port) => ({ host, address, port }))
  const known = async () => (await api.call('GET', path)).body
  assert.deepEqual((await known()).targets, at(null, '127.0.0.1'))
  assert.deepEqual((await known()).check, { path: '/health', host: 'demo.example.test' })
  for (const [name, label] of [
    ['h1', 'web'],
    ['h2', 'web'],
    ['h3', 'other'],
  ] as const) {
    api.fleet.machine(`10.0.0.${name[1]}`)
    const url = `ssh://deploy@10.0.0.${name[1]}`
    const added = await api.call('POST', '/tasuki/hosts', { url, name, labels: [label] })
    assert.equal(added.status, 201)
  }
  await api.call('PUT', '/tasuki/apps/demo/placement', { runtime: 'docker', label: 'web' })
  assert.deepEqual((await known()).targets, [...at('h1', '10.0.0.1'), ...at('h2', '10.0.0.2')])
})

it('no two apps can have the same port, and impossible balancers are refused', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api, 'demo')
  const other = await withApp(api, 'other')
  await api.call('PUT', path, { external: EXTERNAL })
  const shared = await api.call('PUT', other, { external: { ...EXTERNAL, ports: [7000, 8001] } })
  assert.equal(shared.status, 422)
  assert.match(shared.body.message, /Port 8001 is known to a balancer as demo's/)
  for (const bad of [
    { ports: [] },
    { ports: [80] },
    { ports: [8001, 8001] },
    { rise: 0 },
    { interval_seconds: 0 },
  ])
    assert.ok(
      (await api.call('PUT', other, { external: { ...EXTERNAL, ports: [7000], ...bad } })).status >= 400,
    )
  assert.equal((await api.call('GET', other)).body.external, null)
})

it('an app that can not step aside is refused, and nothing is changed', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api, 'demo', { ...STEPS_ASIDE, preStop: null })
  const refused = await api.call('PUT', path, { external: EXTERNAL })
  assert.equal(refused.status, 422)
  assert.match(refused.body.message, /no `tasuki.pre_stop`/)
  assert.equal((await api.call('GET', path)).body.external, null)
})

it('an app whose visitors are not seen is not put to sleep, and one that sleeps is not put where they are not', async (context) => {
  const api = await liveApi(context)
  const path = await withApp(api, 'demo')
  await api.call('PATCH', '/tasuki/apps/demo/sleep', { after_idle_seconds: 60 })
  assert.equal((await api.call('PUT', path, { external: EXTERNAL })).status, 409)
  await api.call('PATCH', '/tasuki/apps/demo/sleep', { after_idle_seconds: null })
  assert.equal((await api.call('PUT', path, { external: EXTERNAL })).status, 200)
  await api.engine.finish((await api.services.apps.find('demo')).id, 'succeeded')
  for (const change of [{ after_idle_seconds: 60 }, { state: 'asleep' }]) {
    const refused = await api.call('PATCH', '/tasuki/apps/demo/sleep', change)
    assert.equal(refused.status, 409)
    assert.match(refused.body.message, /external balancer/)
  }
})
