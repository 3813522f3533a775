import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from '../api/testing.ts'
import { deployed } from '../services/testing.ts'
import { until } from '../services/testing-receiver.ts'
import { cli } from './testing/run-cli.ts'

test('pipelines, domains and webhooks are handled from the command line', async (t) => {
  const api = await liveApi(t)
  const { services, engine, store } = api
  const tasuki = await cli()
  t.after(() => tasuki[Symbol.asyncDispose]())
  const env = { TASUKI_URL: api.url, TASUKI_TOKEN: api.token, TASUKI_APP: 'early' }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await tasuki.run(args, { env })
    return { code, text: stdout + stderr }
  }
  for (const name of ['early', 'late', 'later']) await api.call('POST', '/apps', { name })
  const [late, later] = [await services.apps.find('late'), await services.apps.find('later')]
  await deployed(api, await services.apps.find('early'), 'a')

  assert.match((await run('pipelines:create', 'line', '-a', 'early', '-s', 'staging')).text, /Created line/)
  for (const app of ['late', 'later'])
    assert.equal((await run('pipelines:add', 'line', '-a', app, '-s', 'production')).code, 0)
  assert.match(
    (await run('pipelines:info', 'line')).text,
    /staging +early\nproduction +late\nproduction +later/,
  )

  const ended = (async () => {
    await until('both have begun', async () => (await store.tables.rollouts.running(later.id)) !== null)
    await engine.enter(late.id, 'prepare')
    await engine.finish(late.id, 'failed')
    await engine.finish(later.id)
  })()
  const promoted = await run('pipelines:promote')
  await ended
  assert.equal(promoted.code, 7, promoted.text)
  assert.match(promoted.text, /Promoting early to late, later\./)
  assert.match(promoted.text, /late: v2 failed: The test says so/)
  assert.match(promoted.text, /0 requests while v2 started · 0 lost/)
  assert.equal((await store.tables.apps.byId(later.id))?.servingRelease, 2)

  assert.match((await run('pipelines:promote', '--to', 'early')).text, /can not be promoted to itself/)
  assert.match((await run('pipelines:update', '-s', 'production')).text, /early stands at production/)
  assert.match((await run('pipelines:promote')).text, /Nothing comes after production/)
  assert.equal((await run('pipelines:remove')).code, 0)
  assert.equal((await run('pipelines:rename', 'line', 'track')).code, 0)
  assert.match((await run('pipelines:destroy', 'track')).text, /was not destroyed/)
  assert.equal((await run('pipelines:destroy', 'track', '--confirm', 'track')).code, 0)
  assert.match((await run('pipelines')).text, /There is none yet/)

  assert.match((await run('domains:add', 'www.a.test')).text, /Point its DNS entry at early\.example\.test/)
  assert.match((await run('domains')).text, /www\.a\.test +early\.example\.test/)
  assert.match((await run('domains:info', 'www.a.test')).text, /leads it to the app/)
  assert.equal((await run('domains:remove', 'www.a.test')).code, 0)
  assert.equal((await run('domains:remove', 'www.a.test')).code, 4)

  const added = await run('webhooks:add', '-i', 'api:release,dyno', '-u', 'http://127.0.0.1:9/')
  assert.match(added.text, /is told of api:release, dyno of early\.\nSecret: [0-9a-f]{64}/)
  const [{ id }] = JSON.parse((await run('webhooks', '--json')).text)
  assert.match((await run('webhooks:deliveries')).text, /status/)
  assert.match((await run('webhooks:remove', id)).text, /no longer told of early/)
})
