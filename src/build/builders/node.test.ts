import assert from 'node:assert/strict'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { packageJson, type SourceFiles, TestBuilder } from '../testing.ts'

const DEPENDENCIES = { dependencies: { nanoid: '5.1.6' }, devDependencies: { picocolors: '1.1.1' } }

/** The lock file of those two; without addresses, so that it holds for every registry. */
const LOCK = JSON.stringify({
  name: 'app',
  version: '1.0.0',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': { name: 'app', version: '1.0.0', ...DEPENDENCIES },
    'node_modules/nanoid': {
      version: '5.1.6',
      integrity:
        'sha512-c7+7RQ+dMB5dPwwCp4ee1/iV/q2P6aK1mTZcfr1BTuVlyW9hJYiMPybJCcnBlQtuSmTIWNeazm/zqNoZSSElBg==',
      bin: { nanoid: 'bin/nanoid.js' },
    },
    'node_modules/picocolors': {
      version: '1.1.1',
      integrity:
        'sha512-xceH2snhtb5M9liqDsmEw56le376mTZkEX/jEb/RxNFyegNul7eNslCXP9FDj/Lcu0X8KEyMceP2ntpaHrDEVA==',
      dev: true,
    },
  },
})

const SCRIPTS = { start: 'node server.js', build: 'pwd > built; ls node_modules >> built' }

function app(more: Readonly<Record<string, unknown>> = {}, files: SourceFiles = {}): SourceFiles {
  return {
    'package.json': packageJson({ ...DEPENDENCIES, scripts: SCRIPTS, ...more }),
    'package-lock.json': LOCK,
    ...files,
  }
}

describe('the builder of Node apps', () => {
  let bench: TestBuilder

  before(async () => {
    bench = await TestBuilder.open()
  })

  after(() => bench[Symbol.asyncDispose]())

  it('installs what the lock file says, builds with development packages, and leaves them out', async () => {
    const { artifact, tree, log } = await bench.build(app())
    assert.equal(artifact.builder, 'node')
    assert.deepEqual(artifact.processTypes, { web: 'npm start' })
    const installed = JSON.parse(await readFile(join(tree, 'node_modules/nanoid/package.json'), 'utf8'))
    assert.equal(installed.version, '5.1.6')
    assert.match(await readFile(join(tree, 'built'), 'utf8'), /picocolors/)
    await assert.rejects(access(join(tree, 'node_modules/picocolors')), { code: 'ENOENT' })
    assert.deepEqual(await readdir(join(tree, 'node_modules/.bin')), ['nanoid'])
    assert.match(
      log.join('\n'),
      /Installing dependencies: npm ci.*Running the build script.*Removing development/s,
    )
    assert.equal(artifact.env.NODE_ENV, 'production')
  })

  it('uses the packages of the last build as long as the lock file is the same, to the same end', async () => {
    const first = await bench.build(app({}, { note: '1' }))
    const second = await bench.build(app({}, { note: '2' }))
    assert.match(second.log.join('\n'), /Dependencies are unchanged/)
    assert.notEqual(second.artifact.digest, first.artifact.digest)
    await bench.builder.forgetApp('app-1')
    const anew = await bench.build(app({}, { note: '2' }), { env: { OTHER: 'config' } })
    assert.match(anew.log.join('\n'), /Installing dependencies/)
    assert.equal(anew.artifact.digest, second.artifact.digest)
  })

  it('installs anew when a script of the app takes part in the installation', async () => {
    const scripts = { ...SCRIPTS, postinstall: 'cat patch >> node_modules/nanoid/package.json' }
    const { tree } = await bench.build(app({ scripts }, { patch: ' ' }))
    const other = await bench.build(app({ scripts }, { patch: '  ' }))
    const end = async (root: string) =>
      (await readFile(join(root, 'node_modules/nanoid/package.json'), 'utf8')).slice(-3)
    assert.deepEqual([await end(tree), await end(other.tree)], ['}\n ', '\n  '])
  })

  it('keeps development packages when the config asks for it', async () => {
    const { tree } = await bench.build(app(), { env: { NPM_CONFIG_PRODUCTION: 'false' } })
    await access(join(tree, 'node_modules/picocolors'))
  })

  it('runs Heroku’s own scripts around the build', async () => {
    const scripts = {
      start: 'x',
      'heroku-prebuild': 'echo pre >> order',
      build: 'echo build >> order',
      'heroku-postbuild': 'echo post >> order',
      'heroku-cleanup': 'echo clean >> order',
    }
    const { tree } = await bench.build({ 'package.json': packageJson({ scripts }) })
    assert.equal(await readFile(join(tree, 'order'), 'utf8'), 'pre\npost\nclean\n')
  })

  it('refuses a lock file that does not fit package.json', async () => {
    const files = app({ dependencies: { nanoid: '5.1.5' } })
    assert.match((await bench.refusal(files, 'build_failed')).message, /npm ci.*ended with status 1/)
  })

  it('does without npm when there is nothing to install', async () => {
    const { log } = await bench.build({ 'package.json': packageJson({ scripts: { start: 'node x' } }) })
    assert.match(log.join('\n'), /No dependencies to install/)
  })

  it('takes the process types from the Procfile, if there is one', async () => {
    const { artifact } = await bench.build({ 'package.json': packageJson({}), Procfile: 'worker: node w.js' })
    assert.deepEqual(artifact.processTypes, { worker: 'node w.js' })
  })

  it('says what to do when there is nothing to run', async () => {
    const error = await bench.refusal({ 'package.json': packageJson({}) }, 'build_failed')
    assert.match(`${error.message} ${error.next}`, /nothing to run.*Add `"start"/)
  })

  it('says what to do about several lock files, and about tools that are not here', async () => {
    const several = await bench.refusal(app({}, { 'yarn.lock': '' }), 'build_failed')
    assert.match(several.message, /several tools: package-lock\.json, yarn\.lock/)
    for (const [lock, tool] of [
      ['yarn.lock', 'yarn'],
      ['pnpm-lock.yaml', 'pnpm'],
    ] as const) {
      const files = { 'package.json': packageJson({ scripts: SCRIPTS }), [lock]: '' }
      const outcome = await bench.build(files).catch((error: Error) => error)
      // On a machine that has the tool, it runs.
      if (outcome instanceof Error)
        assert.match(outcome.message, new RegExp(`${tool} is not installed on this server|${tool} `))
    }
  })

  it('gives instances the Node that they were built with, first on their PATH', async () => {
    const { artifact } = await bench.build({ 'package.json': packageJson({ scripts: { start: 'x' } }) })
    const [own, toolchain] = artifact.env.PATH!.split(':')
    assert.equal(own, './node_modules/.bin')
    assert.equal(
      toolchain,
      join(bench.dir, `data/toolchain/${(await readdir(join(bench.dir, 'data/toolchain')))[0]}/bin`),
    )
    await access(join(toolchain, 'node'))
  })
})
