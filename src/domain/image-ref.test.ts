import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commitOfTag, commitTag, imageRefText, parseImageRef } from './image-ref.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`

test('an image is read as Docker reads it', () => {
  const read: readonly [string, (string | null)[]][] = [
    ['nginx', [null, 'nginx', null, null]],
    ['team/shop:1.2', [null, 'team/shop', '1.2', null]],
    ['localhost/shop', ['localhost', 'shop', null, null]],
    ['10.0.0.5:5001/team/shop:sha-abc', ['10.0.0.5:5001', 'team/shop', 'sha-abc', null]],
    ['Registry.Example/shop', ['registry.example', 'shop', null, null]],
    [`registry.example/a/b__c@${DIGEST}`, ['registry.example', 'a/b__c', null, DIGEST]],
    [`registry.example/a:tag@${DIGEST}`, ['registry.example', 'a', 'tag', DIGEST]],
    ['[fd00::1]:5000/shop:x', ['[fd00::1]:5000', 'shop', 'x', null]],
  ]
  for (const [text, [registry, repository, tag, digest]] of read) {
    const ref = parseImageRef(text)
    assert.deepEqual(ref, { registry, repository, tag, digest }, text)
    assert.equal(imageRefText(ref), text.replace('Registry.Example', 'registry.example'))
  }
})

test('what is no image is refused', () => {
  const wrong = [
    '',
    ' ',
    'Shop',
    'a//b',
    '/a',
    'a:',
    'a:b:c',
    'a@sha256:12',
    'https://registry.example/shop',
    'registry.example/',
    'a b',
    '-a',
    '../etc/passwd',
    'a'.repeat(600),
  ]
  for (const text of wrong) assert.throws(() => parseImageRef(text), { code: 'invalid_params' }, text)
})

test('the tag of a commit tells the commit again', () => {
  assert.equal(commitOfTag(commitTag('4f2a91c')), '4f2a91c')
  for (const tag of ['latest', 'sha-', 'sha-xyz', null]) assert.equal(commitOfTag(tag), null)
})
