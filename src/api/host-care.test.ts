import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { ALICE } from '../services/testing.ts'
import { type LiveApi, liveApi } from './testing.ts'

const KEY = `SHA256:${'a'.repeat(43)}`
const OTHER = `SHA256:${'b'.repeat(43)}`

async function withHost(context: TestContext): Promise<LiveApi> {
  const api = await liveApi(context)
  api.fleet.machine('h1', { hostKey: KEY })
  await api.services.hosts.add({ url: 'ssh://deploy@h1', name: 'h1', privateAddress: '10.0.0.11' }, ALICE)
  return api
}

it('a host is checked by name, and one that is not there is not found', async (context) => {
  const api = await withHost(context)
  const { status, body } = await api.call('GET', '/tasuki/hosts/h1/check')
  assert.equal(status, 200)
  assert.deepEqual(body[0], {
    ...{ code: 'login', level: 'ok', about: 'host h1' },
    ...{ text: 'Lets tasuki in: Debian, Linux 6.1.', next: '' },
  })
  assert.equal((await api.call('GET', '/tasuki/hosts/h9/check')).status, 404)
})

it('a key is trusted that the host shows, and nothing else', async (context) => {
  const api = await withHost(context)
  api.examiner.keys.set('h1', OTHER)
  assert.deepEqual((await api.call('GET', '/tasuki/hosts/h1/key')).body, { pinned: KEY, shown: OTHER })
  const path = '/tasuki/hosts/h1/actions/trust'
  for (const body of [{}, { host_key: 'b' }, { host_key: OTHER, force: true }])
    assert.equal((await api.call('POST', path, body)).status, 422)
  assert.equal((await api.call('POST', path, { host_key: KEY })).status, 409)
  assert.equal((await api.call('GET', '/tasuki/hosts/h1')).body.host_key, KEY)
  const { status, body } = await api.call('POST', path, { host_key: OTHER })
  assert.deepEqual([status, body], [200, { pinned: OTHER, shown: OTHER }])
})

it('only an admin may look after hosts and ask the doctor', async (context) => {
  const api = await withHost(context)
  const created = await api.call('POST', '/tasuki/users', { email: 'bob@example.test' })
  const { password } = created.body
  const login = `Basic ${Buffer.from(`bob@example.test:${password}`).toString('base64')}`
  const made = await api.call('POST', '/oauth/authorizations', {}, { authorization: login })
  const authorization = `Bearer ${made.body.access_token.token}`
  for (const [method, path] of [
    ['GET', '/tasuki/doctor'],
    ['GET', '/tasuki/health/hosts'],
    ['GET', '/tasuki/hosts/h1/check'],
    ['GET', '/tasuki/hosts/h1/key'],
    ['POST', '/tasuki/hosts/h1/actions/trust'],
  ] as const)
    assert.equal((await api.call(method, path, undefined, { authorization })).status, 403, path)
})
