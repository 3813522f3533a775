import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, it } from 'node:test'
import { list } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import { unpackSource } from '../source/unpack.ts'
import { type Packed, packDirectory, packGitRef } from './index.ts'

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

  async function stored({ stream }: Packed): Promise<string> {
    const file = join(dir, `packed-${++count}.tgz`)
    await pipeline(stream, createWriteStream(file))
    return file
  }

  async function names(packed: Packed): Promise<string[]> {
    const found: string[] = []
    await list({
      file: await stored(packed),
      onReadEntry: ({ path }) => found.push(path.replace(/^\.\//, '')),
    })
    return found.filter((path) => path !== '' && !path.endsWith('/')).sort()
  }

  async function refusal(packing: Promise<Packed>): Promise<string> {
    const error = await packing.then(
      () => assert.fail('It was packed.'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TasukiError, String(error))
    assert.equal(error.code, 'invalid_source')
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
    const packed = await packDirectory(root)
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
    const packed = await packDirectory(root)
    const target = join(dir, 'unpacked')
    await unpackSource(await stored(packed), target)
    const entries = await readdir(target, { recursive: true })
    assert.deepEqual(entries.sort(), ['@file', 'bin', 'bin/run', 'start', 'with space é'])
    assert.equal(await readFile(join(target, 'start'), 'utf8'), '#!/bin/sh\n')
    execFileSync(join(target, 'bin/run'))
  })

  it('knows the commit, and whether there is more than it', async () => {
    const root = await repository({ 'app.js': '1' })
    const commit = git(root, 'rev-parse', 'HEAD')
    const clean = await packDirectory(root)
    assert.deepEqual([clean.commit, clean.dirty], [commit, false])
    await writeFile(join(root, 'new.js'), '2')
    const dirty = await packDirectory(root)
    assert.deepEqual([dirty.commit, dirty.dirty], [null, true])
    const outside = await packDirectory(await folder({ a: '1' }))
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
      const packed = await packGitRef(root, ref)
      assert.deepEqual([packed.commit, packed.dirty], [commit, false])
      assert.deepEqual(await names(packed), ['app.js', 'old.js'])
    }
    const newest = await packGitRef(root, 'main')
    assert.deepEqual(await names(newest), ['app.js'])
  })

  it('refuses links that lead out of the folder', async () => {
    const root = await folder({ a: '1' })
    await symlink('/etc/passwd', join(root, 'stolen'))
    assert.match(await refusal(packDirectory(root)), /stolen leads out of the folder/)
    await writeFile(join(root, '.slugignore'), 'stolen\n')
    const packed = await packDirectory(root)
    assert.deepEqual(await names(packed), ['.slugignore', 'a'])
  })

  it('refuses what is no folder, is empty, is no commit, or is not in Git', async () => {
    assert.match(await refusal(packDirectory(join(dir, 'missing'))), /There is no folder/)
    const empty = await folder({ 'node_modules/x': '1' })
    assert.match(await refusal(packDirectory(empty)), /holds no file/)
    const root = await repository({ a: '1' })
    assert.match(await refusal(packGitRef(root, '--output=x')), /no commit "--output=x"/)
    assert.match(await refusal(packGitRef(empty, 'main')), /not in a Git repository/)
  })

  it('fails rather than ending early when Git does', async () => {
    const root = await repository({ a: 'x'.repeat(1000) })
    const tree = git(root, 'rev-parse', 'HEAD:a')
    await rm(join(root, '.git/objects', tree.slice(0, 2)), { recursive: true })
    await assert.rejects(stored(await packGitRef(root, 'HEAD')), { code: 'invalid_source' })
  })
})
