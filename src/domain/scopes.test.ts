import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allows, type Scope } from './scopes.ts'

test('a token with a scope is good for what the scope includes, and for nothing else', () => {
  const good = (scope: Scope) =>
    (['identity', 'read', 'write', 'read-protected', 'write-protected', 'global'] as const).filter((needed) =>
      allows([scope], needed),
    )
  assert.deepEqual(good('identity'), ['identity'])
  assert.deepEqual(good('read'), ['read'])
  assert.deepEqual(good('write'), ['read', 'write'])
  assert.deepEqual(good('read-protected'), ['read', 'read-protected'])
  assert.deepEqual(good('write-protected'), ['read', 'write', 'read-protected', 'write-protected'])
  assert.equal(good('global').length, 6)
})
