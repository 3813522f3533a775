import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { localPathOf, parseBuildpack, parseBuildpacks } from './buildpack.ts'

describe('a buildpack', () => {
  for (const [given, place] of [
    ['https://github.com/a/b', { kind: 'git', url: 'https://github.com/a/b', ref: null }],
    ['https://github.com/a/b.git#v1.2', { kind: 'git', url: 'https://github.com/a/b.git', ref: 'v1.2' }],
    ['https://git.example/a/b#feat/x', { kind: 'git', url: 'https://git.example/a/b', ref: 'feat/x' }],
    ['http://127.0.0.1:80/a.git', { kind: 'git', url: 'http://127.0.0.1/a.git', ref: null }],
    ['http://[::1]:8000/a', { kind: 'git', url: 'http://[::1]:8000/a', ref: null }],
    ['file:///srv/packs/a#main', { kind: 'git', url: 'file:///srv/packs/a', ref: 'main' }],
    ['https://example.org/a.tgz', { kind: 'archive', url: 'https://example.org/a.tgz' }],
    ['https://example.org/a.tar.gz?x=1', { kind: 'archive', url: 'https://example.org/a.tar.gz?x=1' }],
    ['/srv/packs/a', { kind: 'folder', path: '/srv/packs/a' }],
    ['heroku/nodejs', { kind: 'own', builder: 'node' }],
    ['urn:buildpack:heroku/nodejs', { kind: 'own', builder: 'node' }],
    ['tasuki/static', { kind: 'own', builder: 'static' }],
  ] as const) {
    it(`can be given as ${given}`, () => assert.deepEqual(parseBuildpack(given).place, place))
  }

  it('is called what it was given as, and a short name the same in each spelling', () => {
    const { url, name } = parseBuildpack('https://github.com/a/b#v1')
    assert.deepEqual([url, name], ['https://github.com/a/b#v1', 'https://github.com/a/b#v1'])
    const short = parseBuildpack('heroku/nodejs')
    assert.deepEqual([short.url, short.name], ['urn:buildpack:heroku/nodejs', 'heroku/nodejs'])
    assert.deepEqual(parseBuildpack('urn:buildpack:heroku/nodejs'), short)
    const registry = 'https://buildpack-registry.s3.amazonaws.com/buildpacks/heroku/nodejs.tgz'
    assert.deepEqual(parseBuildpack(registry), short)
    assert.equal(parseBuildpack(registry.replace('nodejs', 'ruby')).place.kind, 'archive')
  })

  for (const given of [
    '',
    'x',
    'a b',
    'https://github.com/a/b\nc',
    'ftp://example.org/a',
    'ssh://git@example.org/a',
    'git@github.com:a/b.git',
    'ext::sh -c id',
    'http://example.org/a',
    'http://169.254.169.254/latest',
    'http://127.0.0.1.example.org/a',
    'file://host/a',
    'https://user:secret@example.org/a',
    'https://example.org/a#--upload-pack=x',
    'https://example.org/a#a..b',
    'https://example.org/a#%E0%A4%A',
    'https://example.org/a.tgz#main',
    '/srv/../etc',
    'constructor/x',
    '__proto__/x',
    `https://example.org/${'a'.repeat(1000)}`,
  ]) {
    it(`can not be given as ${JSON.stringify(given.slice(0, 60))}`, () => {
      assert.throws(() => parseBuildpack(given), { code: 'invalid_params' })
    })
  }

  it('of a short name that is not here says what to give instead', () => {
    assert.throws(
      () => parseBuildpack('heroku/python'),
      (error: { next: string }) => /https:\/\/github\.com\/heroku\/heroku-buildpack-python/.test(error.next),
    )
  })

  it('that is refused does not show its password', () => {
    for (const given of ['https://me:secret@example.org/a', 'ssh://me:secret@example.org/a']) {
      assert.throws(
        () => parseBuildpack(given),
        (error: Error) => !JSON.stringify([error, error.message]).includes('secret'),
      )
    }
  })

  it('can be there once only, and not with twenty others', () => {
    assert.throws(() => parseBuildpacks(['heroku/nodejs', 'urn:buildpack:heroku/nodejs']), /twice/)
    const many = Array.from({ length: 21 }, (_, index) => `https://example.org/${index}`)
    assert.throws(() => parseBuildpacks(many), /20 buildpacks at most/)
    assert.equal(parseBuildpacks(many.slice(1)).length, 20)
  })

  it('tells where it lies on the server', () => {
    assert.equal(localPathOf(parseBuildpack('file:///srv/a%20b#x')), '/srv/a b')
    assert.equal(localPathOf(parseBuildpack('/srv/a')), '/srv/a')
    assert.equal(localPathOf(parseBuildpack('https://example.org/a')), null)
  })
})
