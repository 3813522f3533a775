import assert from 'node:assert/strict'
import { test } from 'node:test'
import { liveApi } from '../testing.ts'

const GIT = 'https://git.example.org/pack.git#main'

test('buildpacks are set as the command line does it, and read back', async (t) => {
  const { call } = await liveApi(t)
  await call('POST', '/apps', { name: 'demo' })
  const path = '/apps/demo/buildpack-installations'
  assert.deepEqual((await call('GET', path)).body, [])
  const updates = [{ buildpack: GIT }, { buildpack: 'heroku/nodejs' }]
  const put = await call('PUT', path, { updates }, { range: '' })
  assert.equal(put.status, 200)
  assert.deepEqual(put.body, [
    { ordinal: 0, buildpack: { url: GIT, name: GIT } },
    { ordinal: 1, buildpack: { url: 'urn:buildpack:heroku/nodejs', name: 'heroku/nodejs' } },
  ])
  assert.deepEqual((await call('GET', path)).body, put.body)
  assert.equal((await call('PUT', path, { updates: [] })).status, 200)
  assert.deepEqual((await call('GET', path)).body, [])
})

test('a bad list of buildpacks is refused and changes nothing', async (t) => {
  const { call } = await liveApi(t)
  await call('POST', '/apps', { name: 'demo' })
  const path = '/apps/demo/buildpack-installations'
  await call('PUT', path, { updates: [{ buildpack: GIT }] })
  const twice = await call('PUT', path, { updates: [{ buildpack: GIT }, { buildpack: GIT }] })
  assert.deepEqual([twice.status, twice.body.id], [422, 'invalid_params'])
  for (const body of [{}, { updates: [GIT] }, { updates: [{ buildpack: 1 }] }, { updates: [{}] }]) {
    assert.ok([400, 422].includes((await call('PUT', path, body)).status), JSON.stringify(body))
  }
  assert.equal((await call('GET', path)).body.length, 1)
})

test('the build cache can be purged', async (t) => {
  const { call, deps } = await liveApi(t)
  const app = await call('POST', '/apps', { name: 'demo' })
  const forgotten: string[] = []
  deps.builder.forgetApp = async (id) => void forgotten.push(id)
  assert.equal((await call('DELETE', '/apps/demo/build-cache')).status, 204)
  assert.deepEqual(forgotten, [app.body.id])
})

test('short names are looked up without a token, as the command line does it', async (t) => {
  const { url, call } = await liveApi(t)
  const found = await fetch(`${url}/buildpacks/heroku%2Fnodejs`)
  assert.deepEqual(await found.json(), { name: 'heroku/nodejs', blob_url: 'urn:buildpack:heroku/nodejs' })
  const none = (await (await fetch(`${url}/buildpacks/heroku%2Fcobol`)).json()) as { blob_url: string }
  await call('POST', '/apps', { name: 'demo' })
  const updates = [{ buildpack: none.blob_url }]
  const put = await call('PUT', '/apps/demo/buildpack-installations', { updates })
  assert.match(put.body.message, /no buildpack of the short name "heroku\/cobol" here.*Give the URL/)
  assert.equal((await fetch(`${url}/buildpacks/https:%2F%2Fexample.org%2Fx`)).status, 422)
})
