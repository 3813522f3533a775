import assert from 'node:assert/strict'
import { lstat, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { gzipSync } from 'node:zlib'
import { Header, type HeaderData } from 'tar'
import { TasukiError } from '../../domain/errors.ts'
import { DEFAULT_LIMITS, type SourceLimits } from './limits.ts'
import { leadsOut } from './links.ts'
import { unpackSource } from './unpack.ts'

interface Entry extends HeaderData {
  readonly content?: string
}

/** A tar archive with just these entries, however odd. */
function tar(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ content = '', ...data }) => {
    const header = Buffer.alloc(512)
    new Header({ mode: 0o644, size: Buffer.byteLength(content), ...data }).encode(header)
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512)
    body.write(content)
    return [header, body]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

function file(path: string, content = 'x', more: Entry = {}): Entry {
  return { path, type: 'File', content, ...more }
}

function link(path: string, linkpath: string, type: 'SymbolicLink' | 'Link' = 'SymbolicLink'): Entry {
  return { path, type, linkpath }
}

/** What is left of earlier tests is not to be taken for what a test has freed. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

describe('unpacking a source', () => {
  let dir: string
  let count = 0

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tasuki-unpack-'))
  })

  after(() => rm(dir, { recursive: true }))

  async function unpack(archive: Buffer, limits: Partial<SourceLimits> = {}): Promise<string> {
    const tarball = join(dir, `${++count}.tar`)
    await writeFile(tarball, archive)
    const target = join(dir, `tree-${count}`)
    await unpackSource(tarball, target, { limits: { ...DEFAULT_LIMITS, ...limits } })
    return target
  }

  /** The refusal's message; asserts that nothing was left. */
  async function refusal(archive: Buffer, code: string, limits?: Partial<SourceLimits>): Promise<string> {
    const error = await unpack(archive, limits).then(
      () => assert.fail('The archive was accepted.'),
      (error: unknown) => error,
    )
    assert.ok(error instanceof TasukiError, String(error))
    assert.equal(error.code, code, error.message)
    const left = await readdir(dir)
    assert.deepEqual(
      left.filter((name) => name.startsWith(`tree-${count}`)),
      [],
    )
    return error.message
  }

  it('writes files, folders, links and the executable bit, from plain and gzipped archives', async () => {
    const archive = tar([
      { path: './', type: 'Directory' },
      file('./a/run', 'echo', { mode: 0o4711 }),
      file('b', 'text', { mode: 0o600 }),
      link('a/to-b', '../b'),
      link('hard', 'b', 'Link'),
      link('nowhere', 'a/missing'),
    ])
    for (const bytes of [archive, gzipSync(archive)]) {
      const tree = await unpack(bytes)
      assert.equal(await readFile(join(tree, 'a/run'), 'utf8'), 'echo')
      assert.equal((await lstat(join(tree, 'a/run'))).mode & 0o7777, 0o755)
      assert.equal((await lstat(join(tree, 'b'))).mode & 0o7777, 0o644)
      assert.equal(await readlink(join(tree, 'a/to-b')), '../b')
      assert.equal(await readFile(join(tree, 'hard'), 'utf8'), 'text')
      assert.equal((await lstat(join(tree, 'hard'))).nlink, 1)
    }
  })

  it('makes the only folder of an archive the root', async () => {
    const tree = await unpack(tar([file('app-4f2c/Procfile', 'web: x'), file('app-4f2c/app-4f2c/deep')]))
    assert.deepEqual((await readdir(tree)).sort(), ['Procfile', 'app-4f2c'])
  })

  it('keeps many files of many chunks whole', async () => {
    const entries = Array.from({ length: 400 }, (_, index) => file(`f/${index}`, String(index).repeat(index)))
    const tree = await unpack(tar([...entries, file('big', 'y'.repeat(3_000_000))]))
    for (const index of [0, 1, 57, 399]) {
      assert.equal(await readFile(join(tree, 'f', String(index)), 'utf8'), String(index).repeat(index))
    }
    assert.equal((await lstat(join(tree, 'big'))).size, 3_000_000)
  })

  it('holds no more than a few chunks in memory', async () => {
    const archive = tar([file('big', 'y'.repeat(96 * 2 ** 20))])
    collectGarbage()
    const before = process.memoryUsage().arrayBuffers
    const seen: number[] = []
    const watching = setInterval(() => seen.push(process.memoryUsage().arrayBuffers - before), 5)
    await unpack(archive)
    clearInterval(watching)
    assert.ok(seen.length > 0, 'it was watched')
    assert.ok(Math.max(...seen) < 48 * 2 ** 20, `${Math.max(...seen)} bytes of buffers`)
  })

  it('refuses paths that lead out', async () => {
    for (const path of ['/etc/passwd', '../x', 'a/../../x', 'a/..']) {
      assert.match(await refusal(tar([file('ok'), file(path)]), 'invalid_source'), /lies outside the source/)
    }
  })

  it('refuses links that lead out, also by way of other links', async () => {
    const attacks = [
      [link('a', '/etc')],
      [link('a', '..')],
      [link('d/a', '../../x')],
      [link('p/q/up', '../..'), link('e', 'p/q/up/../x')],
      [link('a', 'b'), link('b', 'a')],
    ]
    for (const entries of attacks) {
      assert.match(await refusal(tar([file('ok'), ...entries]), 'invalid_source'), /leads out of the source/)
    }
  })

  it('never writes through a link', async () => {
    await refusal(tar([link('a', '.'), file('a/x')]), 'invalid_source')
    await refusal(tar([file('ok'), file('d/f'), link('a', 'd'), link('a/x', '../ok')]), 'invalid_source')
    await refusal(tar([file('ok'), link('a', 'ok'), file('a')]), 'invalid_source')
    await refusal(tar([file('a', '1'), file('a', '2')]), 'invalid_source')
    await refusal(tar([file('a', '1'), file('a/b', '2')]), 'invalid_source')
  })

  it('refuses hard links to what is not in the archive', async () => {
    assert.match(
      await refusal(tar([file('ok'), link('a', 'etc/passwd', 'Link')]), 'invalid_source'),
      /no earlier/,
    )
    assert.match(
      await refusal(tar([file('ok'), link('a', '/etc/passwd', 'Link')]), 'invalid_source'),
      /outside/,
    )
  })

  it('refuses devices and pipes', async () => {
    for (const type of ['CharacterDevice', 'BlockDevice', 'FIFO'] as const) {
      assert.match(await refusal(tar([{ path: 'dev', type }]), 'invalid_source'), new RegExp(type))
    }
  })

  it('refuses archives above the limits: entries, bytes, hard links that multiply, and compression', async () => {
    const many = Array.from({ length: 30 }, (_, index) => file(`${index}`))
    assert.match(await refusal(tar(many), 'too_large', { entries: 20 }), /more than 20 files/)
    assert.match(
      await refusal(tar([file('a', 'x'.repeat(2000))]), 'too_large', { bytes: 1000 }),
      /1000 bytes/,
    )
    const copies = Array.from({ length: 20 }, (_, index) => link(`l${index}`, 'a', 'Link'))
    await refusal(tar([file('a', 'x'.repeat(100)), ...copies]), 'too_large', { bytes: 1000 })
    const bomb = gzipSync(tar([file('zeros', '\0'.repeat(80 * 2 ** 20))]))
    assert.match(await refusal(bomb, 'too_large'), /200 times/)
  })

  it('refuses what is cut short or no archive at all', async () => {
    const whole = tar([file('a', 'x'.repeat(5000)), file('b', 'y'.repeat(5000))])
    for (const bytes of [
      whole.subarray(0, 3000),
      gzipSync(whole).subarray(0, -20),
      Buffer.from('not a tar '.repeat(200)),
      gzipSync(Buffer.from('hello')),
      Buffer.alloc(0),
    ]) {
      await refusal(bytes, 'invalid_source')
    }
  })

  it('leaves nothing when it is aborted', async () => {
    const tarball = join(dir, 'aborted.tar')
    await writeFile(tarball, tar([file('a')]))
    const target = join(dir, 'aborted')
    await assert.rejects(unpackSource(tarball, target, { signal: AbortSignal.abort() }), {
      name: 'AbortError',
    })
    await assert.rejects(lstat(target), { code: 'ENOENT' })
  })
})

describe('following a link', () => {
  const links = new Map([
    ['a', 'b/c'],
    ['b/up', '..'],
    ['b/out', 'up/../x'],
    ['loop', 'loop/x'],
  ])

  it('sees where the kernel would end up', () => {
    assert.equal(leadsOut('a', links), false)
    assert.equal(leadsOut('b/up', links), false)
    assert.equal(leadsOut('b/out', links), true)
    assert.equal(leadsOut('loop', links), true)
    assert.equal(leadsOut('plain/file', links), false)
  })
})
