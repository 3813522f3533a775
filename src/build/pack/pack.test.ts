import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { list } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import { unpackSource } from '../source/unpack.ts'
import { packDirectory } from './directory.ts'
import { packGitRef } from './git.ts'
import type { Packed } from './packed.ts'

describe('packing', () => {
  let dir: string
  let count = 0

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tasuki-packing-'))
  })

  after(() => rm(dir, { recursive: true }))

  async function folder(files: Readonly<Record<string, string>>): Promise<string> {
    const root = join(dir, `app-${++count}`)
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), content)
    }
    return root
  }

  function git(root: string, ...args: string[]): string {
    const who = ['-c', 'user.name=Test', '-c', 'user.email=test@example.com', '-c', 'init.defaultBranch=main']
    return execFileSync('git', [...who, '-C', root, ...args], { encoding: 'utf8' }).trim()
  }

  async function repository(files: Readonly<Record<string, string>>): Promise<string> {
    const root = await folder(files)
    git(root, 'init', '-q')
    git(root, 'add', '.')
    git(root, 'commit', '-q', '-m', 'first')
    return root
  }

  async function names(packed: Packed): Promise<string[]> {
    const found: string[] = []
    await list({ file: packed.file, onReadEntry: ({ path }) => found.push(path.replace(/^\.\//, '')) })
    return found.filter((path) => path !== '' && !path.endsWith('/')).sort()
  }

  async function refusal(packing: Promise<Packed>, code: string): Promise<string> {
    const error = await packing.then(
      () => assert.fail('It was packed.'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TasukiError, String(error))
    assert.equal(error.code, code)
    return error.message
  }

  it('leaves out what .gitignore and .slugignore name, .git and node_modules', async () => {
    const root = await repository({
      '.gitignore': '*.log\n/build/\nsecret/*\n!secret/keep\n',
      '.slugignore': 'docs\n',
      'app.js': '1',
      'debug.log': 'x',
      'build/out': 'x',
      'docs/a.md': 'x',
      'lib/build/kept': '1',
      'lib/.gitignore': '!important.log\nlocal\n',
      'lib/important.log': '1',
      'lib/other.log': 'x',
      'lib/local/x': 'x',
      'secret/keep': '1',
      'secret/lose': 'x',
      'node_modules/a/index.js': 'x',
      '@odd/name': '1',
    })
    await using packed = await packDirectory(root)
    assert.deepEqual(await names(packed), [
      '.gitignore',
      '.slugignore',
      '@odd/name',
      'app.js',
      'lib/.gitignore',
      'lib/build/kept',
      'lib/important.log',
      'secret/keep',
    ])
  })

  it('keeps contents, executable bits and links, so that unpacking gives the same', async () => {
    const root = await folder({ 'bin/run': '#!/bin/sh\n', '@file': 'at', 'with space é': 'x' })
    await chmod(join(root, 'bin/run'), 0o755)
    await symlink('bin/run', join(root, 'start'))
    await using packed = await packDirectory(root)
    const target = join(dir, 'unpacked')
    await unpackSource(packed.file, target)
    const entries = await readdir(target, { recursive: true })
    assert.deepEqual(entries.sort(), ['@file', 'bin', 'bin/run', 'start', 'with space é'])
    assert.equal(await readFile(join(target, 'start'), 'utf8'), '#!/bin/sh\n')
    execFileSync(join(target, 'bin/run'))
  })

  it('knows the commit, and whether there is more than it', async () => {
    const root = await repository({ 'app.js': '1' })
    const commit = git(root, 'rev-parse', 'HEAD')
    await using clean = await packDirectory(root)
    assert.deepEqual([clean.commit, clean.dirty], [commit, false])
    await writeFile(join(root, 'new.js'), '2')
    await using dirty = await packDirectory(root)
    assert.deepEqual([dirty.commit, dirty.dirty], [commit, true])
    await using outside = await packDirectory(await folder({ a: '1' }))
    assert.deepEqual([outside.commit, outside.dirty], [null, false])
  })

  it('packs a commit as it was, from a branch, a tag, or the beginning of its id', async () => {
    const root = await repository({ 'app.js': '1', 'old.js': '1' })
    const commit = git(root, 'rev-parse', 'HEAD')
    git(root, 'tag', 'v1')
    git(root, 'rm', '-q', 'old.js')
    git(root, 'commit', '-q', '-m', 'second')
    await writeFile(join(root, 'uncommitted.js'), '2')
    for (const ref of ['v1', commit.slice(0, 8), 'main~1']) {
      await using packed = await packGitRef(root, ref)
      assert.deepEqual([packed.commit, packed.dirty], [commit, false])
      assert.deepEqual(await names(packed), ['app.js', 'old.js'])
    }
    await using newest = await packGitRef(root, 'main')
    assert.deepEqual(await names(newest), ['app.js'])
  })

  it('refuses links that lead out of the folder', async () => {
    const root = await folder({ a: '1' })
    await symlink('/etc/passwd', join(root, 'stolen'))
    assert.match(await refusal(packDirectory(root), 'invalid_source'), /stolen leads out of the folder/)
    await writeFile(join(root, '.slugignore'), 'stolen\n')
    await using packed = await packDirectory(root)
    assert.deepEqual(await names(packed), ['.slugignore', 'a'])
  })

  it('refuses what is no folder, is empty, is no commit, or is not in Git', async () => {
    assert.match(await refusal(packDirectory(join(dir, 'missing')), 'invalid_source'), /There is no folder/)
    const empty = await folder({ 'node_modules/x': '1' })
    assert.match(await refusal(packDirectory(empty), 'invalid_source'), /nothing to deploy/)
    const root = await repository({ a: '1' })
    assert.match(await refusal(packGitRef(root, '--output=x'), 'invalid_params'), /no commit "--output=x"/)
    assert.match(await refusal(packGitRef(empty, 'main'), 'invalid_source'), /not in a Git repository/)
  })

  it('leaves no file behind once it is disposed of', async () => {
    const packed = await packDirectory(await folder({ a: '1' }))
    await packed[Symbol.asyncDispose]()
    await assert.rejects(readFile(packed.file), { code: 'ENOENT' })
    await assert.rejects(readdir(dirname(packed.file)), { code: 'ENOENT' })
  })
})
