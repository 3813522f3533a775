import assert from 'node:assert/strict'
import { test } from 'node:test'
import validators from '@fastify/ajv-compiler'
import serializers from '@fastify/fast-json-stringify-compiler'
import { type FastifySchema, fastify } from 'fastify'
import { lazyCompilers } from './compilers.ts'
import { liveApi } from './testing.ts'

const PARTS = ['body', 'querystring', 'params', 'headers'] as const

test('every schema of the API can be compiled, though each is at its first use only', async (t) => {
  const { routes } = await liveApi(t)
  const validator = validators()({}, { customOptions: { coerceTypes: false } })
  const serializer = serializers()()
  let compiled = 0
  for (const { method, url, schema } of routes) {
    for (const part of PARTS) {
      const given = (schema as FastifySchema | undefined)?.[part]
      if (given === undefined) continue
      assert.doesNotThrow(() => validator({ schema: given } as never), `${part} of ${method} ${url}`)
      compiled += 1
    }
    for (const [status, given] of Object.entries(schema?.response ?? {})) {
      const route = { schema: given, method: String(method), url, httpStatus: status }
      assert.doesNotThrow(() => serializer(route), `${status} of ${method} ${url}`)
      compiled += 1
    }
  }
  assert.ok(compiled > 200, `${compiled} schemas`)
})

test('a schema that is compiled at its first use refuses and shapes as ever', async (t) => {
  const api = fastify({ schemaController: { compilersFactory: lazyCompilers() } })
  t.after(() => api.close())
  const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
  api.post('/', { schema: { body: text, response: { 200: text } } }, async ({ body }) => ({
    ...(body as object),
    secret: 'never shown',
  }))
  const send = (payload: object) => api.inject({ method: 'POST', url: '/', payload })
  for (const _ of ['first', 'second']) {
    const refused = await send({})
    assert.deepEqual([refused.statusCode, refused.json().code], [400, 'FST_ERR_VALIDATION'])
    assert.match(refused.json().message, /required property 'text'/)
    assert.deepEqual((await send({ text: 'good' })).json(), { text: 'good' })
  }
})
