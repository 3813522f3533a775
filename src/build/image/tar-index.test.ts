import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { TarIndex } from './tar-index.ts'

const hashOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`
const LONG = `${'long-name-'.repeat(15)}x`

for (const format of ['gnu', 'pax', 'ustar'])
  test(`any entries of an archive can be left out: ${format}`, (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'tasuki-tar-'))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    mkdirSync(join(dir, 'in/sub'), { recursive: true })
    const long = format === 'ustar' ? 'short' : LONG
    const files = {
      a: 'first',
      'sub/b': 'x'.repeat(100_000),
      [long]: 'named at length',
      z: 'last',
      empty: '',
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, 'in', name), text)
    symlinkSync('../a', join(dir, 'in/sub/link'))
    const archive = execFileSync('tar', [
      `--format=${format}`,
      '--sort=name',
      '-C',
      join(dir, 'in'),
      '-c',
      '.',
    ])

    for (const size of [1, 511, 512, 4096, archive.length]) {
      const index = new TarIndex()
      for (let at = 0; at < archive.length; at += size) index.take(archive.subarray(at, at + size))
      assert.equal(index.entries.length, 8, `chunks of ${size}`)
      const left = new Set([hashOf(files['sub/b']!), hashOf(files[long]!)])
      const kept = index.entries.filter(({ digest }) => !left.has(digest))
      assert.equal(kept.length, 6)
      const parts = [...kept.map(({ start, end }) => archive.subarray(start, end)), Buffer.alloc(1024)]
      const listed = execFileSync('tar', ['-t'], { input: Buffer.concat(parts) }).toString()
      assert.deepEqual(listed.trim().split('\n').sort(), [
        './',
        './a',
        './empty',
        './sub/',
        './sub/link',
        './z',
      ])
      const whole = index.entries.map(({ start, end }) => archive.subarray(start, end))
      assert.ok(Buffer.concat(whole).equals(archive.subarray(0, index.entries.at(-1)!.end)))
    }
  })
