import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { list } from 'tar'
import { TasukiError } from '../domain/errors.ts'
import { type PackedSource, packSource } from './source.ts'

/** A Git repository with one commit, and a change that is in none. */
async function repository(t: TestContext): Promise<string> {
  const room = await mkdtemp(join(tmpdir(), 'tasuki-source-test-'))
  t.after(() => rm(room, { recursive: true }))
  const git = (...args: string[]) => execFileSync('git', ['-C', room, ...args])
  await writeFile(join(room, 'Procfile'), 'web: node server.js\n')
  git('init', '-q')
  git('add', '.')
  git('-c', 'user.name=t', '-c', 'user.email=t@example.test', 'commit', '-q', '-m', 'First')
  await writeFile(join(room, 'server.js'), 'later')
  return room
}

async function names(source: PackedSource): Promise<string[]> {
  const found: string[] = []
  const reader = list({ onReadEntry: (entry) => found.push(String(entry.path).replace('./', '')) })
  reader.end(await buffer(Readable.fromWeb((await source.open()) as never)))
  return found.sort()
}

describe('a source', () => {
  it('is a directory as it lies there, and can be read twice', async (t) => {
    await using source = await packSource(await repository(t), undefined)
    assert.deepEqual(await names(source), ['Procfile', 'server.js'])
    assert.deepEqual(await names(source), ['Procfile', 'server.js'])
    assert.deepEqual([source.commit, source.dirty], [null, true])
  })

  it('is a commit of a directory, without what is not in it', async (t) => {
    await using source = await packSource(await repository(t), 'HEAD')
    assert.deepEqual(
      (await names(source)).filter((name) => !name.includes('pax')),
      ['Procfile'],
    )
    assert.match(source.commit ?? '', /^[0-9a-f]{40}$/)
    assert.equal(source.dirty, false)
  })

  it('is a tarball as it is, of that size', async (t) => {
    const file = join(await repository(t), 'app.tgz')
    await writeFile(file, 'any bytes')
    await using source = await packSource(file, undefined)
    assert.equal(
      String(await buffer(Readable.fromWeb((await source.open()) as never))),
      await readFile(file, 'utf8'),
    )
    assert.equal(source.size, 9)
  })

  it('leaves nothing in the temporary directory, not even while it is in use', async (t) => {
    const room = await repository(t)
    const temporary = await mkdtemp(join(tmpdir(), 'tasuki-source-test-'))
    const { TMPDIR } = process.env
    process.env.TMPDIR = temporary
    t.after(async () => {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
      await rm(temporary, { recursive: true })
    })
    await using source = await packSource(room, undefined)
    assert.deepEqual(await readdir(temporary), [])
    assert.equal((await names(source)).length, 2)
  })

  it('is refused when there is nothing, or no such commit', async (t) => {
    const room = await repository(t)
    for (const [path, ref] of [
      [join(room, 'nowhere')],
      [room, 'no-such-branch'],
      [join(room, 'server.js'), 'HEAD'],
    ]) {
      await assert.rejects(packSource(path ?? '', ref), (error) => {
        assert.ok(error instanceof TasukiError)
        assert.equal(error.code, 'invalid_source')
        return true
      })
    }
  })
})
