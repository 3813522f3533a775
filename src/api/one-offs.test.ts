import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { type TestContext, test } from 'node:test'
import type { InstanceSpec } from '../domain/instance.ts'
import { deployed } from '../services/testing.ts'
import { liveApi } from './testing.ts'

/** An app that has been deployed, and what its one-offs were started with. */
async function shop(t: TestContext) {
  const api = await liveApi(t)
  await deployed(api, await api.services.apps.create('shop', 'me'), 'a')
  const started: { spec: InstanceSpec; terminal?: object }[] = []
  api.deps.runtime.start = async (spec) => void started.push({ spec })
  api.deps.oneOffs.runAttached = async (spec, { tty, columns, lines }) => {
    started.push({ spec, terminal: { tty, columns, lines } })
    const nothing = () => undefined
    const [output, input] = [new PassThrough(), new PassThrough()]
    return { tty, output, input, resize: nothing, signal: nothing, exited: new Promise(nothing) }
  }
  return { ...api, started }
}

test('a one-off is to be attached to where its caller reached the API, and is listed until then', async (t) => {
  const { call, url, services, started } = await shop(t)
  const { status, body } = await call('POST', '/apps/shop/dynos', { command: 'bash', attach: true })
  assert.equal(status, 201)
  assert.match(body.name, /^run\.\d+$/)
  assert.deepEqual(
    [body.type, body.state, body.command, body.size],
    ['run', 'starting', 'bash', 'Standard-1X'],
  )
  const address = new URL(body.attach_url)
  assert.deepEqual([address.protocol, address.host], ['rendezvous:', new URL(url).host])
  const [, id, secret] = /^\/([0-9a-f-]{36})\.([\w-]{43})$/.exec(address.pathname)!
  assert.ok(services.secrets.holds('run', id!, secret!))
  assert.equal(started.length, 0)

  const listed = (await call('GET', '/apps/shop/dynos')).body
  assert.deepEqual(listed, [{ ...body, attach_url: null }])
  assert.deepEqual((await call('GET', `/apps/shop/dynos/${body.id}`)).body, listed[0])
  assert.deepEqual((await call('GET', `/apps/shop/dynos/${body.name}`)).body, listed[0])
  assert.equal((await call('POST', `/apps/shop/dynos/${body.name}/actions/stop`)).status, 202)
  assert.equal((await call('GET', `/apps/shop/dynos/${body.name}`)).status, 404)
})

test('the window of the `heroku` command line, which it gives as numbers, is that of the terminal', async (t) => {
  const { call, services, started } = await shop(t)
  const wishes = [
    [{ env: { TERM: 'xterm', COLUMNS: 120, LINES: 40 } }, { tty: true, columns: 120, lines: 40 }],
    [{ env: { COLUMNS: '0', LINES: 'many' } }, { tty: true, columns: 80, lines: 24 }],
    [{ force_no_tty: true }, { tty: false, columns: 80, lines: 24 }],
    [
      { env: null, force_no_tty: null, size: null, type: null },
      { tty: true, columns: 80, lines: 24 },
    ],
  ] as const
  for (const [wish, terminal] of wishes) {
    const { body } = await call('POST', '/apps/shop/dynos', { command: 'bash', attach: true, ...wish })
    await services.runs.attach(new URL(body.attach_url).pathname.slice(1, 37))
    assert.deepEqual(started.at(-1)?.terminal, terminal)
  }
  assert.equal(started[0]?.spec.env.COLUMNS, '120')
})

test('a one-off that nobody attaches to is started at once, and asks for what it needs', async (t) => {
  const { call, started } = await shop(t)
  const wish = { command: 'node job.js', attach: false, size: 'standard-2x', time_to_live: 60 }
  const { status, body } = await call('POST', '/apps/shop/dynos', wish)
  assert.deepEqual([status, body.attach_url, body.size], [201, null, 'Standard-2X'])
  assert.deepEqual([started[0]?.spec.command, started[0]?.spec.size.name], ['node job.js', 'Standard-2X'])
})

test('a one-off that can not be is refused, and none is started', async (t) => {
  const { call, services, started } = await shop(t)
  await services.apps.create('empty', 'me')
  const refusals: [string, object, number][] = [
    ['empty', { command: 'ls' }, 409],
    ['none', { command: 'ls' }, 404],
    ['shop', {}, 422],
    ['shop', { command: '' }, 422],
    ['shop', { command: 'ls', env: { 'A-B': 'x' } }, 422],
    ['shop', { command: 'ls', env: { A: ['x'] } }, 422],
    ['shop', { command: 'ls', size: 'huge' }, 422],
    ['shop', { command: 'ls', type: 'nothing' }, 404],
    ['shop', { command: 'ls', time_to_live: 86_401 }, 422],
    ['shop', { command: 'ls', time_to_live: 1.5 }, 422],
  ]
  for (const [app, wish, status] of refusals)
    assert.equal((await call('POST', `/apps/${app}/dynos`, wish)).status, status, JSON.stringify(wish))
  assert.deepEqual([started, services.runs.open((await services.apps.find('shop'))!)], [[], []])
})

test('all spellings of stop and restart know one-offs, types and instances, and what there is not', async (t) => {
  const { call, instances, started } = await shop(t)
  const job = async () => (await call('POST', '/apps/shop/dynos', { command: 'a', attach: true })).body.name
  for (const ask of [
    async () => call('DELETE', `/apps/shop/dynos/${await job()}`),
    async () => call('POST', `/apps/shop/dynos/${await job()}/actions/stop`),
    async () => call('DELETE', '/apps/shop/formations/run', (await job()) && undefined),
    async () => call('POST', '/apps/shop/formations/run/actions/stop', (await job()) && undefined),
  ]) {
    assert.equal((await ask()).status, 202)
    assert.deepEqual((await call('GET', '/apps/shop/dynos')).body, [])
  }
  for (const path of ['/apps/shop/dynos/run.1', '/apps/shop/formations/nothing']) {
    assert.equal((await call('DELETE', path)).status, 404)
    assert.equal((await call('POST', `${path}/actions/stop`)).status, 404)
  }
  assert.equal((await call('POST', '/apps/shop/formations/web/actions/stop')).status, 202)
  assert.equal((await call('DELETE', '/apps/shop/dynos')).status, 202)
  assert.deepEqual([instances, started], [[], []])
})

test('a token that is not good for config runs no command, since the command could tell it', async (t) => {
  const { call, started } = await shop(t)
  const tokenFor = async (scope: string) =>
    (await call('POST', '/oauth/authorizations', { scope: [scope] })).body.access_token.token
  const [write, full] = [await tokenFor('write'), await tokenFor('write-protected')]
  for (const path of ['/apps/shop/dynos', '/tasuki/apps/shop/run']) {
    const run = (token: string) =>
      call('POST', path, { command: 'env' }, { authorization: `Bearer ${token}` })
    assert.equal((await run(write)).status, 403)
    assert.equal((await run(full)).status, 201)
  }
  const { body } = await call('POST', '/tasuki/apps/shop/run', { command: 'env' })
  const look = { authorization: `Bearer ${write}` }
  assert.equal((await call('GET', `/tasuki/apps/shop/run/${body.id}`, undefined, look)).status, 403)
  assert.equal(started.length, 1)
})

test('a server without an authority of its own says so', async (t) => {
  const { call } = await liveApi(t)
  const { status, body } = await call('GET', '/tasuki/ca')
  assert.deepEqual([status, body], [200, { certificate: null, fingerprint: null, expires_at: null }])
})
