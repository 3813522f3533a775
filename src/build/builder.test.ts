import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Builder } from './builder.ts'
import { packageJson, TestBuilder } from './testing.ts'

const START = packageJson({ scripts: { start: 'node server.js' } })

describe('the builder', () => {
  let bench: TestBuilder

  before(async () => {
    bench = await TestBuilder.open()
  })

  after(() => bench[Symbol.asyncDispose]())

  it('makes a slug of anything with a Procfile, as it is', async () => {
    const files = { Procfile: 'web: python3 -m http.server $PORT\nworker: ./w\n', w: '#!/bin/sh\n' }
    const { artifact, tree } = await bench.build(files, { commit: 'abc' })
    assert.deepEqual(
      { ...artifact, digest: '', env: {}, size: 0, manifest: null },
      {
        digest: '',
        kind: 'slug',
        size: 0,
        commit: 'abc',
        builder: 'procfile',
        processTypes: { web: 'python3 -m http.server $PORT', worker: './w' },
        manifest: null,
        env: {},
      },
    )
    assert.deepEqual(await bench.builder.metadata(artifact.digest), artifact)
    assert.deepEqual((await readdir(tree)).sort(), ['.tasuki', 'Procfile', 'w'])
    assert.equal((await stat(tree)).mode & 0o777, 0o755)
    assert.equal((await stat(join(tree, 'w'))).uid, process.getuid?.())
  })

  it('reads the settings of app.json for the process types that there are', async () => {
    const { artifact, log } = await bench.build({
      Procfile: 'web: a\nworker: b\n',
      'app.json': JSON.stringify({ tasuki: { rise: 2, types: { clock: { fall: 3 } } } }),
    })
    assert.deepEqual(Object.keys(artifact.manifest.settings), ['web', 'worker'])
    assert.equal(artifact.manifest.settings.worker?.rise, 2)
    assert.match(log[0]!, /!\s+app\.json: tasuki\.types\.clock: the app has no such process type/)
  })

  it('makes another artifact for an environment of which app.json says something', async () => {
    const source = { Procfile: 'web: a\n', 'app.json': '{"environments": {"review": {"env": {"A": "1"}}}}' }
    const serving = (await bench.build(source)).artifact
    const review = (await bench.build(source, { environment: 'review' })).artifact
    assert.deepEqual([Object.keys(serving.manifest.env), Object.keys(review.manifest.env)], [[], ['A']])
    assert.notEqual(serving.digest, review.digest)
  })

  it('makes of a source that is tested an artifact of its own, which need not be anything that runs', async () => {
    const library = { 'package.json': packageJson({ scripts: { test: 'node --test' } }), 'index.js': '' }
    await bench.refusal(library, 'build_failed')
    const { artifact, tree } = await bench.build(library, { environment: 'test' })
    assert.deepEqual([artifact.processTypes, artifact.manifest.scripts], [{}, { test: 'npm test' }])
    assert.ok((await readdir(tree)).includes('index.js'))
    const own = { 'app.json': '{"environments": {"test": {"scripts": {"test": "sh t"}}}}', t: 'exit 0\n' }
    assert.equal((await bench.build(own, { environment: 'test' })).artifact.manifest.scripts.test, 'sh t')
    const app = { Procfile: 'web: a\n' }
    const serving = (await bench.build(app)).artifact
    assert.notEqual((await bench.build(app, { environment: 'test' })).artifact.digest, serving.digest)
  })

  it('serves a folder that app.json names, also one that a build script makes', async () => {
    const plain = await bench.build({ 'site/index.html': 'x', 'app.json': '{"tasuki":{"static":"site"}}' })
    assert.match(plain.artifact.processTypes.web!, /^exec node \.tasuki\/static-server\/main\.[jt]s 'site'$/)
    const built = await bench.build({
      'package.json': packageJson({ scripts: { build: 'mkdir out && echo hi > out/index.html' } }),
      'app.json': '{"tasuki":{"static":"out"}}',
    })
    assert.equal(await readFile(join(built.tree, 'out/index.html'), 'utf8'), 'hi\n')
    assert.ok((await readdir(join(built.tree, '.tasuki/static-server'))).length > 3)
    const missing = { 'package.json': START, 'app.json': '{"tasuki":{"static":"out"}}' }
    assert.match((await bench.refusal(missing, 'build_failed')).message, /no folder "out" to serve/)
  })

  it('adds a launcher to what has a .profile or .profile.d, and to nothing else', async () => {
    for (const path of ['.profile', '.profile.d/a.sh']) {
      const { tree } = await bench.build({ Procfile: 'web: x', [path]: 'export A=1' })
      assert.equal((await stat(join(tree, '.tasuki/launch'))).mode & 0o777, 0o755)
      assert.equal(
        JSON.parse(await readFile(join(tree, '.tasuki/slug.json'), 'utf8')).launcher,
        '.tasuki/launch',
      )
    }
    const { tree } = await bench.build({ Procfile: 'web: y' })
    assert.deepEqual(await readdir(join(tree, '.tasuki')), ['slug.json'])
  })

  it('finds a static site by its index.html', async () => {
    for (const [path, root] of [
      ['index.html', '.'],
      ['public/index.html', 'public'],
      ['dist/index.html', 'dist'],
    ] as const) {
      const { artifact } = await bench.build({ [path]: 'x', 'robots.txt': '' })
      assert.equal(artifact.builder, 'static')
      assert.ok(artifact.processTypes.web!.endsWith(`'${root}'`))
    }
  })

  it('answers from its cache when source, config and toolchain are the same, with the new commit', async () => {
    const files = { 'package.json': START, 'server.js': '1' }
    const first = await bench.build(files, { commit: 'one', env: { A: '1', B: '2' } })
    const same = await bench.build(files, { commit: 'two', env: { B: '2', A: '1' } })
    assert.deepEqual(same.artifact, { ...first.artifact, commit: 'two' })
    assert.match(same.log.join('\n'), /Same source and config/)
    assert.equal(same.log.length, 1)
    const otherApp = await bench.build(files, { appId: 'app-2', env: { A: '1', B: '2' } })
    assert.equal(otherApp.log.length, 1)
  })

  it('builds again when the source differs, or config that a build could see', async () => {
    const files = { 'package.json': START, 'server.js': '2' }
    await bench.build(files, { env: { A: '1' } })
    assert.ok((await bench.build(files, { env: { A: '2' } })).log.length > 1)
    assert.ok((await bench.build({ ...files, 'server.js': '3' }, { env: { A: '1' } })).log.length > 1)
    const plain = { Procfile: 'web: x' }
    await bench.build(plain, { env: { A: '1' } })
    assert.equal((await bench.build(plain, { env: { A: '2' } })).log.length, 1)
  })

  it('gives the same digest in another place and at another time', async () => {
    const files = {
      'package.json': packageJson({ scripts: { start: 'x', build: 'date +%N > .stamp; rm .stamp' } }),
    }
    const here = await bench.build(files)
    await using elsewhere = await TestBuilder.open()
    const there = await elsewhere.build(files)
    assert.equal(there.artifact.digest, here.artifact.digest)
    assert.notEqual(there.tree, here.tree)
  })

  it('refuses a source of no known kind, and bad files, leaving nothing', async () => {
    const before = await readdir(join(bench.dir, 'data/artifacts'))
    await bench.refusal({ 'main.c': 'int main;' }, 'build_failed')
    await bench.refusal({ Procfile: 'nonsense' }, 'invalid_procfile')
    await bench.refusal({ Procfile: 'web: x', 'app.json': '{' }, 'invalid_app_json')
    await bench.refusal({ 'package.json': '[]' }, 'invalid_source')
    await bench.refusal({ 'package.json': '{' }, 'invalid_source')
    await bench.refusal({ 'Procfile/x': '', other: '' }, 'invalid_source')
    assert.deepEqual(await readdir(join(bench.dir, 'data/artifacts')), before)
    assert.deepEqual(await readdir(join(bench.dir, 'data/build')), [])
  })

  it('collects artifacts that are neither kept nor fresh, and builds them anew when they come again', async () => {
    const sources = ['a', 'b', 'c'].map((name) => ({ Procfile: `web: ${name}` }))
    const built = await Promise.all(
      sources.map((files, index) => bench.build(files, { appId: `gc-${index}` })),
    )
    const [kept, old, fresh] = built.map(({ artifact }) => artifact.digest) as [string, string, string]
    const all = (await readdir(join(bench.dir, 'data/artifacts'))).map((name) => `sha256:${name}`)
    const keep = new Set(all.filter((digest) => digest !== old && digest !== fresh))
    const longAgo = new Date(Date.now() - 3_600_000)
    for (const digest of [kept, old]) {
      await utimes(join(bench.builder.artifactPath(digest), '../artifact.json'), longAgo, longAgo)
    }
    assert.deepEqual(await bench.builder.collect(keep), [old])
    await assert.rejects(bench.builder.metadata(old), { code: 'not_found' })
    await bench.builder.metadata(fresh)
    assert.ok((await bench.build(sources[1]!)).log.length > 1)
    await bench.builder.remove(fresh)
    await bench.builder.remove(fresh)
    await assert.rejects(bench.builder.metadata(fresh), { code: 'not_found' })
    assert.equal((await readdir(join(bench.dir, 'data/toolchain'))).length, 1)
  })

  it('takes no path for a digest', async () => {
    for (const digest of ['../../etc', 'sha256:../x', `sha256:${'A'.repeat(64)}`]) {
      assert.throws(() => bench.builder.artifactPath(digest), { code: 'invalid_params' })
    }
  })

  it('clears away half-made artifacts and workplaces when it opens', async () => {
    const data = join(bench.dir, 'data')
    await mkdir(join(data, 'artifacts/.new-abc/slug'), { recursive: true })
    await mkdir(join(data, 'build/build-old/source'), { recursive: true })
    await writeFile(join(data, 'build/build-old/build.json'), '')
    await Builder.open({ data })
    assert.deepEqual(
      (await readdir(join(data, 'artifacts'))).filter((name) => name.startsWith('.')),
      [],
    )
    assert.deepEqual(await readdir(join(data, 'build')), [])
  })
})
