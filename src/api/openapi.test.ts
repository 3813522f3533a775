import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { documentText } from './openapi.ts'
import { liveApi } from './testing.ts'

test('docs/openapi.json is the document that is served', async (t) => {
  const { call } = await liveApi(t)
  const { body } = await call('GET', '/schema')
  const kept = await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8')
  assert.ok(kept === documentText(body), 'docs/openapi.json is old: `npm run docs` writes it anew')
})

test('the document says which calls need no token, and names every parameter of a path', async (t) => {
  const { call } = await liveApi(t)
  const { body } = await call('GET', '/schema')
  assert.deepEqual(body.security, [{ bearer: [] }, { basic: [] }])
  assert.deepEqual(body.paths['/health'].get.security, [])
  assert.equal(body.paths['/apps'].get.security, undefined)
  for (const [path, methods] of Object.entries(body.paths as Record<string, Record<string, Operation>>))
    for (const [method, { parameters = [] }] of Object.entries(methods)) {
      const named = parameters.filter((one) => one.in === 'path').map((one) => `{${one.name}}`)
      assert.deepEqual(named.sort(), (path.match(/\{\w+\}/g) ?? []).sort(), `${method} ${path}`)
    }
})

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
}
