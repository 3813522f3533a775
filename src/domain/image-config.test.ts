import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageConfig, imageProcessTypes, revisionOf } from './image-config.ts'

test("an image's own command is its web, unless the Procfile has one", () => {
  const cmd = imageConfig({ Cmd: ['node', 'app.js'] })
  const entry = imageConfig({ Entrypoint: '/start' })
  assert.deepEqual(imageProcessTypes(cmd, null), { web: '' })
  assert.deepEqual(imageProcessTypes(entry, { worker: 'work' }), { web: '', worker: 'work' })
  assert.deepEqual(imageProcessTypes(cmd, { web: 'serve', worker: 'work' }), { web: 'serve', worker: 'work' })
  assert.deepEqual(imageProcessTypes(imageConfig({}), { worker: 'work' }), { worker: 'work' })
  assert.throws(() => imageProcessTypes(imageConfig({ Cmd: null, Entrypoint: [] }), null), {
    code: 'build_failed',
  })
})

test('the commit of an image is read from its label, if it is one', () => {
  const of = (revision: string) =>
    revisionOf(imageConfig({ Labels: { 'org.opencontainers.image.revision': revision } }))
  assert.equal(of('4f2a91c'), '4f2a91c')
  assert.equal(of('a b'), null)
  assert.equal(of(''), null)
})
