import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { promisify } from 'node:util'
import { ourPack, scriptPack } from '../buildpacks/testing.ts'
import { packageJson, TestBuilder } from '../testing.ts'

const asRoot = process.getuid?.() === 0
const PAGE = { 'page.txt': 'hello' }

describe('a build with buildpacks', () => {
  let bench: TestBuilder
  let packs: string
  let tools: string
  let pages: string

  before(async () => {
    packs = await mkdtemp(join(tmpdir(), 'tasuki-packs-'))
    await chmod(packs, 0o755)
    bench = await TestBuilder.open({ localBuildpacks: [packs] })
    tools = await ourPack(packs, 'tools')
    pages = await ourPack(packs, 'pages')
  })

  after(async () => {
    await bench[Symbol.asyncDispose]()
    await rm(packs, { recursive: true })
  })

  /** A pack whose compile is that script. */
  const compiling = (compile: string) =>
    scriptPack(packs, { compile, release: 'echo "default_process_types: {web: x}"' })

  it('runs them in order, each with what the earlier ones have exported', async () => {
    const env = { GREETING: 'to you', SECRET: 'x' }
    const { artifact, tree, log } = await bench.build(PAGE, {
      buildpacks: [tools, pages],
      env,
      commit: 'c0ffee',
    })
    assert.equal(artifact.builder, 'buildpacks')
    assert.equal(await readFile(join(tree, '.pages/page'), 'utf8'), 'HELLOto you')
    const text = log.join('\n')
    assert.match(text, /-----> Tools app, by the buildpack \/.*pack-tools/)
    assert.match(text, /-----> Tools for \S+, source c0ffee/)
    assert.match(text, /-----> Pages app[\s\S]*Made 11 bytes of pages/)
    await bench.refusal(PAGE, 'build_failed', { buildpacks: [pages, tools] })
  })

  it('compiles what is tested as they do that, where they do it in another way', async () => {
    const two = await scriptPack(packs, { compile: 'echo no; exit 1', 'test-compile': 'echo "for $1"' })
    const one = await scriptPack(packs, { compile: 'echo as always' })
    const { artifact, log } = await bench.build(PAGE, { buildpacks: [two, one], environment: 'test' })
    assert.deepEqual([artifact.processTypes, artifact.builder], [{}, 'buildpacks'])
    assert.match(log.join('\n'), /for \S+[\s\S]*as always/)
    const failing = await scriptPack(packs, { 'test-compile': 'exit 3' })
    const error = await bench.refusal(PAGE, 'build_failed', { buildpacks: [failing], environment: 'test' })
    assert.match(error.message, /bin\/test-compile of the buildpack \S+ ended with status 3/)
  })

  it('takes process types from bin/release, over which the Procfile wins', async () => {
    const plain = await bench.build(PAGE, { buildpacks: [tools, pages] })
    assert.deepEqual(plain.artifact.processTypes, {
      web: 'exec /usr/bin/python3 .pages/serve.py',
      console: 'echo "$TOOLS"',
    })
    const { artifact } = await bench.build(
      { ...PAGE, Procfile: 'web: mine\nworker: w\n' },
      { buildpacks: [tools, pages] },
    )
    assert.deepEqual(artifact.processTypes, { web: 'mine', console: 'echo "$TOOLS"', worker: 'w' })
    assert.deepEqual(Object.keys(artifact.manifest.settings).sort(), ['console', 'web', 'worker'])
  })

  it('gives the config of bin/release to be set at first, over which app.json wins', async () => {
    const { artifact } = await bench.build(PAGE, { buildpacks: [tools, pages] })
    assert.equal(artifact.manifest.env.PAGES_MODE?.value, 'plain')
    const other = await bench.build(
      { ...PAGE, 'app.json': '{"env":{"PAGES_MODE":"fancy"}}' },
      { buildpacks: [tools, pages] },
    )
    assert.equal(other.artifact.manifest.env.PAGES_MODE?.value, 'fancy')
  })

  it('serves a folder of files that a buildpack has made, when app.json says so', async () => {
    const pack = await scriptPack(packs, { compile: 'mkdir $1/out; echo hi > $1/out/index.html' })
    const files = { x: '', 'app.json': '{"tasuki":{"static":"out"}}' }
    const { artifact } = await bench.build(files, { buildpacks: [pack] })
    assert.match(artifact.processTypes.web!, /static-server.* 'out'$/)
    assert.match(artifact.env.PATH!, /toolchain/)
  })

  it('lets a buildpack make the Procfile', async () => {
    const pack = await scriptPack(packs, { compile: `echo 'web: made' > $1/Procfile` })
    const { artifact } = await bench.build({ x: '' }, { buildpacks: [pack] })
    assert.deepEqual(artifact.processTypes, { web: 'made' })
    const silent = await scriptPack(packs, {})
    const error = await bench.refusal({ x: '' }, 'build_failed', { buildpacks: [silent] })
    assert.match(error.message, /nothing to run/)
  })

  it('fails when bin/detect does, and says of which buildpack', async () => {
    const error = await bench.refusal({ other: '' }, 'build_failed', { buildpacks: [tools, pages] })
    assert.match(error.message, /not made for the buildpack \/.*pack-pages.*status 1: there is no page\.txt/)
    assert.match(error.next, /buildpacks:remove/)
  })

  it('fails when bin/compile does, with its status and its last lines', async () => {
    const pack = await compiling('echo working; echo "no compiler" >&2; exit 7')
    const error = await bench.refusal(PAGE, 'build_failed', { buildpacks: [pack] })
    assert.match(
      error.message,
      /bin\/compile of the buildpack .* ended with status 7:\nworking\nno compiler$/,
    )
    assert.equal(error.details.status, 7)
  })

  it('fails when bin/release does, or writes something else than YAML', async () => {
    for (const [release, message] of [
      ['exit 3', /bin\/release ended with status 3/],
      ['echo "a: b: c"', /is not YAML/],
      ['echo "default_process_types: [web]"', /no mapping for default_process_types/],
      ['echo "default_process_types: {web x: y}"', /can not be/],
    ] as const) {
      const error = await bench.refusal(PAGE, 'build_failed', {
        buildpacks: [await scriptPack(packs, { release })],
      })
      assert.match(error.message, message)
    }
  })

  it('says what a folder that is no buildpack lacks', async () => {
    const empty = join(packs, 'empty')
    await mkdir(empty)
    const error = await bench.refusal(PAGE, 'build_failed', { buildpacks: [empty] })
    assert.match(error.message, /has no bin\/detect and no bin\/compile/)
    await writeFile(join(empty, 'buildpack.toml'), '')
    await mkdir(join(empty, 'bin'))
    await writeFile(join(empty, 'bin/build'), '')
    const native = await bench.refusal(PAGE, 'build_failed', { buildpacks: [empty] })
    assert.match(native.message, /Cloud Native Buildpack/)
  })

  it('uses those of app.json as long as nobody has decided', async () => {
    const files = { ...PAGE, 'app.json': JSON.stringify({ buildpacks: [{ url: tools }, { url: pages }] }) }
    const { artifact } = await bench.build(files, { buildpacks: null })
    assert.deepEqual(artifact.manifest.buildpacks, [tools, pages])
    assert.equal(artifact.builder, 'buildpacks')
    await bench.refusal(files, 'build_failed', { buildpacks: [] })
  })

  it('knows our own builders by short names, alone and between others', async () => {
    const files = {
      'package.json': packageJson({ scripts: { start: 'x', build: 'shout < page.txt > loud' } }),
      ...PAGE,
    }
    const both = await bench.build(files, { buildpacks: [tools, 'heroku/nodejs'] })
    assert.equal(await readFile(join(both.tree, 'loud'), 'utf8'), 'HELLO')
    assert.equal(both.artifact.processTypes.web, 'npm start')
    assert.match(both.artifact.env.PATH!, /node_modules\/\.bin:.*toolchain/)
    const after = await scriptPack(packs, { compile: 'node -p "1 + 1" > $1/sum' })
    const other = await bench.build(
      { ...files, Procfile: 'web: y' },
      { buildpacks: [tools, 'heroku/nodejs', after] },
    )
    assert.equal(await readFile(join(other.tree, 'sum'), 'utf8'), '2\n')
    const alone = { ...files, Procfile: 'web: y', 'index.html': '' }
    const artifact = (await bench.build(alone, { buildpacks: ['tasuki/static'] })).artifact
    assert.equal(artifact.builder, 'static')
    const error = await bench.refusal(PAGE, 'build_failed', { buildpacks: ['heroku/nodejs'] })
    assert.match(error.message, /not made for the buildpack heroku\/nodejs/)
  })

  it('gives config vars as files only, and a clean environment', async () => {
    process.env.TASUKI_TEST_SECRET = 'of the server'
    const pack = await compiling('env > $1/env.txt; ls $3 > $1/config.txt; cat "$3/QUOTED" > $1/quoted.txt')
    const config = { QUOTED: `it's "so"\nand so\n`, PATH: '/nowhere', LD_PRELOAD: '/app/x.so' }
    const { tree } = await bench.build(PAGE, { buildpacks: [pack], env: config, commit: 'abc' })
    delete process.env.TASUKI_TEST_SECRET
    const env = await readFile(join(tree, 'env.txt'), 'utf8')
    assert.doesNotMatch(env, /TASUKI|QUOTED|nowhere|PRELOAD/)
    for (const line of [/^SOURCE_VERSION=abc$/m, /^STACK=\S+$/m, /^REQUEST_ID=[\w-]{36}$/m])
      assert.match(env, line)
    assert.equal(await readFile(join(tree, 'config.txt'), 'utf8'), 'LD_PRELOAD\nPATH\nQUOTED\n')
    assert.equal(await readFile(join(tree, 'quoted.txt'), 'utf8'), config.QUOTED)
  })

  it('shows the app at /app, which is also where the build happens', {
    skip: !asRoot && 'needs root',
  }, async () => {
    const pack = await compiling('pwd > $1/where; echo $1 >> /app/where; ln -s /app/where $1/link')
    const { tree } = await bench.build(PAGE, { buildpacks: [pack] })
    assert.equal(await readFile(join(tree, 'where'), 'utf8'), '/app\n/app\n')
    assert.equal(JSON.parse(await readFile(join(tree, '.tasuki/slug.json'), 'utf8')).atAppPath, true)
    assert.equal(existsSync('/app/where'), false)
  })

  it('sees nothing of other apps and of the data directory', { skip: !asRoot && 'needs root' }, async () => {
    const other = await bench.build({ Procfile: 'web: x', 'secret.txt': 'theirs' }, { appId: 'other' })
    const data = join(bench.dir, 'data')
    await writeFile(join(data, 'state.db'), 'all', { mode: 0o644 })
    const pack = await compiling(`
      for path in ${data} ${data}/artifacts ${data}/build ${data}/buildpacks ${data}/build-cache; do
        ls $path > /dev/null 2>&1 && echo "listed $path"
      done >> $1/found
      cat ${other.tree}/secret.txt ${data}/state.db /etc/shadow >> $1/found 2>/dev/null
      touch ${data}/x ${data}/toolchain/x /usr/bin/x >> $1/found 2>/dev/null && echo wrote >> $1/found
      umount /app 2>/dev/null && echo unmounted >> $1/found
      for uid in 0 ${process.getuid?.()}; do setpriv --reuid $uid true 2>/dev/null && echo "became $uid" >> $1/found; done
      touch $1/found`)
    const { tree } = await bench.build(PAGE, { buildpacks: [pack] })
    assert.equal(await readFile(join(tree, 'found'), 'utf8'), '')
  })

  it('can not have the server read a file for it through a link', async () => {
    const pack = await compiling('rm -f $1/Procfile; ln -s /etc/shadow $1/Procfile')
    const error = await bench.refusal(PAGE, 'invalid_source', { buildpacks: [pack] })
    assert.match(error.message, /Procfile is a link/)
  })

  it('goes without /app where the server may not mount, and says so', {
    skip: !asRoot && 'covered by the others',
  }, async () => {
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
    const text = `
      const { TestBuilder } = await import(${module('../testing.ts')})
      const { ourPack } = await import(${module('../buildpacks/testing.ts')})
      await using bench = await TestBuilder.open({ localBuildpacks: [${JSON.stringify(tmpdir())}] })
      const buildpacks = [await ourPack(bench.dir, 'tools'), await ourPack(bench.dir, 'pages')]
      const { artifact, log } = await bench.build({ 'page.txt': 'hello' }, { buildpacks })
      console.log(log.join('\\n'), Object.keys(artifact.processTypes))`
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups']
    const node = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      text,
    ]
    const env = { PATH: process.env.PATH, TMPDIR: tmpdir(), HOME: '/' }
    const { stdout } = await promisify(execFile)('setpriv', [...nobody, ...node], { env })
    assert.match(
      stdout,
      /can not show the app to its buildpacks at \/app[\s\S]*Made 5 bytes[\s\S]*'web', 'console'/,
    )
  })

  it('leaves nothing when it fails', async () => {
    const before = await readdir(join(bench.dir, 'data/artifacts'))
    await bench.refusal(PAGE, 'build_failed', { buildpacks: [await compiling('exit 1')] })
    assert.deepEqual(await readdir(join(bench.dir, 'data/artifacts')), before)
    assert.deepEqual(await readdir(join(bench.dir, 'data/build')), [])
  })
})
