import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openSeal } from './seal.ts'
import { tempDir } from './testing.ts'

test('what is sealed is opened again, also with the key read anew', (t) => {
  const data = tempDir(t)
  const sealed = openSeal(data).close('päß', 'app')
  assert.equal(openSeal(data).open(sealed, 'app'), 'päß')
  assert.equal(readFileSync(join(data, 'key')).length, 32)
})

test('the same text is sealed differently each time', (t) => {
  const seal = openSeal(tempDir(t))
  assert.notDeepEqual(seal.close('a', 'app'), seal.close('a', 'app'))
})

test('changed bytes, another context and another key are refused', (t) => {
  const seal = openSeal(tempDir(t))
  const sealed = seal.close('a', 'app')
  const changed = Uint8Array.from(sealed, (byte, index) => (index === sealed.length - 1 ? byte ^ 1 : byte))
  assert.throws(() => seal.open(changed, 'app'))
  assert.throws(() => seal.open(sealed, 'another'))
  assert.throws(() => openSeal(tempDir(t)).open(sealed, 'app'))
})

test('a stamp is one of a purpose, an id and a key', (t) => {
  const seal = openSeal(tempDir(t))
  const stamp = seal.stamp('build', '1')
  assert.match(stamp, /^[\w-]{43}$/)
  assert.equal(seal.stamp('build', '1'), stamp)
  const others = [seal.stamp('run', '1'), seal.stamp('build', '2'), openSeal(tempDir(t)).stamp('build', '1')]
  assert.equal(new Set([stamp, ...others]).size, 4)
})
