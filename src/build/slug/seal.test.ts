import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { sealTree } from './seal.ts'
import { sealInWorker } from './seal-in-worker.ts'

describe('sealing a tree', () => {
  let dir: string
  let count = 0

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'tasuki-seal-'))
  })

  after(() => rmSync(dir, { recursive: true }))

  function tree(change: (root: string) => void = () => undefined): string {
    const root = join(dir, String(++count))
    mkdirSync(join(root, 'lib'), { recursive: true })
    writeFileSync(join(root, 'lib/b.js'), 'b')
    writeFileSync(join(root, 'run'), '#!/bin/sh\n', { mode: 0o700 })
    symlinkSync('lib/b.js', join(root, 'link'))
    change(root)
    return root
  }

  it('gives the same digest for the same content, whatever its times, modes, order and place', () => {
    const first = sealTree(tree())
    const second = sealTree(
      tree((root) => {
        rmSync(join(root, 'lib/b.js'))
        chmodSync(join(root, 'lib'), 0o700)
        writeFileSync(join(root, 'lib/b.js'), 'b', { mode: 0o600 })
        lutimesSync(join(root, 'run'), 1, 1)
      }),
    )
    assert.equal(second.digest, first.digest)
    assert.match(first.digest, /^sha256:[0-9a-f]{64}$/)
    assert.deepEqual([first.bytes, first.files], [11, 2])
  })

  it('gives another digest for any other content, name, kind, executable bit or link', () => {
    const changes: ((root: string) => void)[] = [
      (root) => writeFileSync(join(root, 'lib/b.js'), 'c'),
      (root) => writeFileSync(join(root, 'extra'), ''),
      (root) => mkdirSync(join(root, 'empty')),
      (root) => chmodSync(join(root, 'run'), 0o600),
      (root) => {
        rmSync(join(root, 'link'))
        symlinkSync('run', join(root, 'link'))
      },
      (root) => {
        rmSync(join(root, 'link'))
        writeFileSync(join(root, 'link'), 'lib/b.js')
      },
    ]
    const digests = [tree(), ...changes.map((change) => tree(change))].map((root) => sealTree(root).digest)
    assert.equal(new Set(digests).size, digests.length)
  })

  it('takes away foreign owners, odd modes and set-user-id bits', () => {
    const root = tree((made) => chmodSync(join(made, 'run'), 0o4775))
    sealTree(root)
    assert.equal(lstatSync(join(root, 'run')).mode & 0o7777, 0o755)
    assert.equal(lstatSync(join(root, 'lib/b.js')).mode & 0o7777, 0o644)
    assert.equal(lstatSync(join(root, 'lib')).mode & 0o7777, 0o755)
    assert.equal(lstatSync(join(root, 'lib/b.js')).uid, process.getuid?.())
  })

  it('gives a file of many names a copy of its own', () => {
    const outside = join(dir, 'outside')
    writeFileSync(outside, 'shared', { mode: 0o600 })
    const root = tree((made) => linkSync(outside, join(made, 'hard')))
    sealTree(root)
    assert.equal(lstatSync(join(root, 'hard')).nlink, 1)
    assert.equal(lstatSync(outside).mode & 0o777, 0o600)
  })

  it('makes absolute links into the tree relative and leaves others alone', () => {
    const root = tree((made) => {
      symlinkSync(join(made, 'run'), join(made, 'lib/inside'))
      symlinkSync('/etc/hostname', join(made, 'lib/outside'))
    })
    sealTree(root)
    assert.equal(readlinkSync(join(root, 'lib/inside')), '../run')
    assert.equal(readlinkSync(join(root, 'lib/outside')), '/etc/hostname')
  })

  it('removes pipes and says so', () => {
    const root = tree((made) => execFileSync('mkfifo', [join(made, 'lib/pipe')]))
    const plain = sealTree(tree()).digest
    assert.deepEqual(
      { ...sealTree(root), bytes: 0, files: 0 },
      { digest: plain, bytes: 0, files: 0, removed: ['lib/pipe'] },
    )
  })

  it('does the same on a thread of its own, errors included', async () => {
    const root = tree()
    assert.deepEqual(await sealInWorker(root), sealTree(root))
    await assert.rejects(sealInWorker(join(dir, 'missing')), { code: 'ENOENT' })
  })
})
