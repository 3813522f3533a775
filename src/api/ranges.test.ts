import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rangeOf } from './ranges.ts'
import { liveApi } from './testing.ts'

const DEFAULTS = { from: '', after: false, to: '', before: false, order: 'asc', max: 200 }

test('a range is read in every spelling that clients send', () => {
  const spellings: [string, object][] = [
    ['version ..; max=15, order=desc', { field: 'version', max: 15, order: 'desc' }],
    ['version ..; order=desc,max=1', { field: 'version', max: 1, order: 'desc' }],
    ['version ..; order=desc', { field: 'version', order: 'desc' }],
    ['number ..; order=desc,max=1', { field: 'number', max: 1, order: 'desc' }],
    ['id ..; max=1000;', { field: 'id', max: 1000 }],
    ['id ..; max=5000', { field: 'id', max: 1000 }],
    ['', { field: 'name' }],
    ['   ', { field: 'name' }],
    ['name ]demo-staging..; max=2', { field: 'name', from: 'demo-staging', after: true, max: 2 }],
    ['hostname www.example.org..', { field: 'hostname', from: 'www.example.org' }],
    [
      'version [3..9[;order = DESC ;max = 4',
      { field: 'version', from: '3', to: '9', before: true, order: 'desc', max: 4 },
    ],
    [
      'updated_at 2026-01-01T00:00:00.000Z..2026-01-02T00:00:00.000Z',
      { field: 'updated_at', from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' },
    ],
  ]
  for (const [header, expected] of spellings)
    assert.deepEqual(rangeOf(header, 'name'), { ...DEFAULTS, ...expected }, header)
  assert.deepEqual(rangeOf(undefined, 'name'), { ...DEFAULTS, field: 'name' })
  const long = `version ..${' '.repeat(5000)}x`
  for (const bad of ['nonsense', 'version', 'version ..; max=0', 'version ..; max=x', '..', long])
    assert.throws(() => rangeOf(bad, 'name'), { code: 'bad_request' }, bad)
})

test('a client that follows Next-Range reads every app once, in either order', async (t) => {
  const { call, services } = await liveApi(t)
  const names = Array.from({ length: 7 }, (_, n) => `app-${n}`)
  for (const name of names) await services.apps.create(name, 'me')
  const read = async (first: string) => {
    const seen: string[] = []
    for (let range: string | null = first; range !== null; ) {
      const page = await call('GET', '/apps', undefined, { range })
      seen.push(...page.body.map((app: { name: string }) => app.name))
      range = page.headers.get('next-range')
      assert.equal(page.status, range === null ? 200 : 206)
      assert.equal(page.headers.get('accept-ranges'), 'id, name, updated_at')
    }
    return seen
  }
  assert.deepEqual(await read('name ..; max=3'), names)
  assert.deepEqual(await read('name ..; order=desc, max=2'), names.toReversed())
  assert.deepEqual(await read('name app-1..app-5[; max=2'), names.slice(1, 5))
  assert.deepEqual(await read('name app-5..app-1; order=desc,max=2'), names.slice(1, 6).toReversed())
  assert.deepEqual((await read('id ..; max=2')).sort(), names)
  assert.deepEqual((await read('updated_at ..; max=1')).sort(), names)
  const page = await call('GET', '/apps', undefined, { range: 'name ]app-1..; max=2' })
  assert.equal(page.headers.get('content-range'), 'name app-2..app-3')
  const unknown = await call('GET', '/apps', undefined, { range: 'colour ..' })
  assert.deepEqual([unknown.status, unknown.body.id], [416, 'requested_range_not_satisfiable'])
})

test('every list is paged, also the short ones', async (t) => {
  const { call, services } = await liveApi(t)
  const app = await services.apps.create('shop', 'me')
  await services.domains.add(app, 'a.example.org', 'me')
  await services.domains.add(app, 'b.example.org', 'me')
  const read = async (path: string, range: string) => call('GET', path, undefined, { range })
  const first = await read('/apps/shop/domains', 'hostname ..; max=2')
  assert.deepEqual(
    [first.status, first.body.map((one: { hostname: string }) => one.hostname)],
    [206, ['a.example.org', 'b.example.org']],
  )
  const second = await read('/apps/shop/domains', first.headers.get('next-range')!)
  assert.deepEqual([second.status, second.body.length], [200, 1])
  assert.equal((await read('/apps/shop/domains', 'id ..; max=1000;')).body.length, 3)
  const sizes = await read('/dyno-sizes', 'name ..; order=desc,max=1')
  assert.deepEqual([sizes.status, sizes.body[0].name], [206, 'Standard-2X'])
  assert.deepEqual((await read('/addons', 'id ..; max=1')).body, [])
  assert.equal((await read('/dyno-sizes', 'colour ..')).status, 416)
  assert.equal((await read('/dyno-sizes', 'nonsense')).status, 400)
})
