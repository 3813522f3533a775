import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { Builder } from '../builder.ts'
import { packageJson, TestBuilder } from '../testing.ts'
import { nameOf } from '../workshop.ts'
import { ourPack, scriptPack } from './testing.ts'

const APP = { x: '', Procfile: 'web: x' }
/** Counts the builds whose cache it got, and does something more. */
const counting = (more = '') => `
  echo $(( $(cat $2/count 2>/dev/null || echo 0) + 1 )) > $2/count
  cp $2/count $1/count
  ${more}`

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10)
}

describe('the cache of an app’s buildpacks', () => {
  let bench: TestBuilder
  let packs: string
  let pack: string
  let apps = 0

  before(async () => {
    packs = await mkdtemp(join(tmpdir(), 'tasuki-packs-'))
    await chmod(packs, 0o777)
    bench = await TestBuilder.open({ localBuildpacks: [packs], cacheBytes: 2 ** 20 })
    pack = await scriptPack(packs, { compile: counting() })
  })
  after(async () => {
    await bench[Symbol.asyncDispose]()
    await rm(packs, { recursive: true })
  })

  async function count(appId: string, buildpack = pack): Promise<number> {
    const { tree } = await bench.build(APP, { buildpacks: [buildpack], appId })
    return Number(await readFile(join(tree, 'count'), 'utf8'))
  }

  it('is there for the next build of the app, and for no other app', async () => {
    const [one, other] = [`app-${++apps}`, `app-${++apps}`]
    assert.deepEqual([await count(one), await count(one), await count(other)], [1, 2, 1])
    const tools = await ourPack(packs, 'tools')
    const build = () => bench.build(APP, { buildpacks: [tools], appId: one })
    assert.match((await build()).log.join('\n'), /Making shout/)
    assert.match((await build()).log.join('\n'), /Using shout from the cache/)
  })

  it('stays as it was when a build fails', async () => {
    const app = `app-${++apps}`
    await count(app)
    const failing = await scriptPack(packs, { compile: counting('exit 1') })
    await bench.refusal(APP, 'build_failed', { buildpacks: [failing], appId: app })
    assert.equal(await count(app), 2)
  })

  it('stays as it was when a build is stopped while it writes', async () => {
    const app = `app-${++apps}`
    await count(app)
    const slow = await scriptPack(packs, {
      compile: counting(`echo half > $2/half; touch ${packs}/busy-${app}; sleep 4321`),
    })
    const stop = new AbortController()
    const stopped = bench.refusal(APP, 'build_failed', {
      buildpacks: [slow],
      appId: app,
      signal: stop.signal,
    })
    await until(() => existsSync(join(packs, `busy-${app}`)))
    stop.abort()
    await stopped
    assert.equal(await count(app), 2)
    const listing = await scriptPack(packs, { compile: 'ls $2 > $1/count' })
    const { tree } = await bench.build(APP, { buildpacks: [listing], appId: app })
    assert.equal(await readFile(join(tree, 'count'), 'utf8'), 'count\n')
  })

  it('stays as it was when the whole server is killed while a build writes', async () => {
    await using killed = await TestBuilder.open({ localBuildpacks: [packs] })
    const data = join(killed.dir, 'data')
    await killed.build(APP, { buildpacks: [pack], appId: 'a' })
    const slow = await scriptPack(packs, {
      compile: counting(`echo $$ > ${packs}/pid.new; mv ${packs}/pid.new ${packs}/pid; exec sleep 4321`),
    })
    const server = startServer(data, packs, await killed.tarball(APP), slow)
    await until(() => existsSync(join(packs, 'pid')) || server.exitCode !== null)
    const orphan = Number(await readFile(join(packs, 'pid'), 'utf8'))
    server.kill('SIGKILL')
    await until(() => server.signalCode !== null)
    await using next = await reopened(killed)
    await until(() => !existsSync(`/proc/${orphan}`))
    assert.deepEqual(await readdir(join(data, 'build')), [])
    const { tree } = await next.build(APP, { buildpacks: [pack], appId: 'a' })
    assert.equal(Number(await readFile(join(tree, 'count'), 'utf8')), 2)
  })

  it('is given up when it grows too large, which the log says', async () => {
    const app = `app-${++apps}`
    await count(app)
    const large = await scriptPack(packs, {
      compile: counting('dd if=/dev/zero of=$2/big bs=1M count=2 2>/dev/null'),
    })
    const { log } = await bench.build(APP, { buildpacks: [large], appId: app })
    assert.match(log.join('\n'), /want to keep too much/)
    assert.equal(await count(app), 1)
  })

  it('can be purged, also while a build is at work', async () => {
    const app = `app-${++apps}`
    await count(app)
    await bench.builder.forgetApp(app)
    assert.equal(await count(app), 1)
    const go = join(packs, `go-${app}`)
    const waiting = await scriptPack(packs, {
      compile: counting(`touch ${packs}/at-${app}; until [ -e ${go} ]; do sleep 0.01; done`),
    })
    const building = count(app, waiting)
    await until(() => existsSync(join(packs, `at-${app}`)))
    await bench.builder.forgetApp(app)
    await writeFile(go, '')
    assert.equal(await building, 2)
    assert.equal(await count(app), 1)
  })

  it('of our own builders too can be purged, which disturbs no build', async () => {
    const app = `app-${++apps}`
    const go = join(packs, `go-${app}`)
    const script = `touch ${packs}/at-${app}; until [ -e ${go} ]; do sleep 0.01; done`
    const files = { 'package.json': packageJson({ scripts: { start: 'x', build: script } }) }
    const building = bench.build(files, { appId: app })
    await until(() => existsSync(join(packs, `at-${app}`)))
    const cache = join(bench.dir, 'data/build-cache', nameOf(app))
    await bench.builder.forgetApp(app)
    assert.equal(existsSync(cache), true)
    await writeFile(go, '')
    await building
    assert.equal(existsSync(cache), false)
    await bench.builder.forgetApp(app)
  })

  it('is closed to everybody while no build has it', async () => {
    assert.equal((await stat(join(bench.dir, 'data/buildpack-cache'))).mode & 0o777, 0o700)
  })
})

/** The builder that a new server opens on the data of a dead one. */
async function reopened(dead: TestBuilder): Promise<TestBuilder> {
  return TestBuilder.on(
    dead.dir,
    await Builder.open({ data: join(dead.dir, 'data'), localBuildpacks: [tmpdir()] }),
  )
}

/** A process of its own that builds, and can be killed. */
function startServer(data: string, packs: string, tarball: string, pack: string): ChildProcess {
  const module = new URL('../builder.ts', import.meta.url).href
  const text = `
    const { Builder } = await import(${JSON.stringify(module)})
    const builder = await Builder.open({ data: ${JSON.stringify(data)}, localBuildpacks: [${JSON.stringify(packs)}] })
    const request = { appId: 'a', source: { tarball: ${JSON.stringify(tarball)} }, buildpacks: [${JSON.stringify(pack)}] }
    const signal = new AbortController().signal
    await builder.build({ ...request, commit: null, env: {}, log: () => undefined, signal })`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', text]
  return spawn(process.execPath, args, { stdio: 'inherit' })
}
