import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { AppLog } from './app-log.ts'
import { LogStore } from './log-store.ts'

const ROTATION = { fileBytes: 2_000, files: 3, ageMs: 60_000 }

describe('the log of an app', () => {
  let directory: string
  let store: LogStore
  let failures: unknown[]
  const open = () =>
    new LogStore({ directory, rotation: ROTATION, log: { error: (details) => failures.push(details) } })
  beforeEach(() => {
    failures = []
    directory = mkdtempSync(join(tmpdir(), 'tasuki-logs-'))
    store = open()
  })
  afterEach(async () => {
    await store.close()
    rmSync(directory, { recursive: true, force: true })
    assert.deepEqual(failures, [])
  })
  const append = (text: string, more = {}) =>
    store.append('a', { at: Date.UTC(2026, 0, 1), source: 'app', dyno: 'web.1', text, ...more })
  const texts = (lines: readonly string[]) => lines.map((line) => line.slice(line.indexOf(': ') + 2))

  it('has its last lines, oldest first, as soon as they are appended', async () => {
    for (const text of ['one', 'two', 'three']) append(text)
    assert.deepEqual(texts(await store.last('a', 2)), ['two', 'three'])
    assert.deepEqual(await store.last('b', 2), [])
  })

  it('has them after a restart', async () => {
    append('kept')
    await store.close()
    store = open()
    append('new')
    assert.deepEqual(texts(await store.last('a', 9)), ['kept', 'new'])
  })

  it('finds lines that pass the filter over several files, and keeps no more files than wanted', async () => {
    append('first', { dyno: 'worker.1' })
    for (let n = 0; n < 40; n += 1) {
      append(`line ${n}`, { dyno: n % 2 ? 'web.1' : 'web.2' })
      await store.flush('a')
    }
    assert.deepEqual(texts(await store.last('a', 20, { dyno: 'web.2' })).at(0), 'line 0')
    for (let n = 40; n < 200; n += 1) {
      append(`line ${n}`)
      await store.flush('a')
    }
    assert.equal(readdirSync(join(directory, 'a')).length, 3)
    const left = texts(await store.last('a', 1000))
    assert.equal(left.at(-1), 'line 199')
    assert.deepEqual(
      left,
      left.toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5))),
    )
    assert.ok(left.length > 50 && !left.includes('first'))
    assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o700)
  })

  it('reads a file of many blocks, with characters across their edges, backwards without a fault', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `${'é'.repeat(n % 60)} ${n}`)
    for (const text of lines) append(text)
    assert.deepEqual(texts(await store.last('a', 5000)), lines)
  })

  it('gives no two lines the same time', async () => {
    for (let n = 0; n < 50; n += 1) append('same')
    assert.equal(new Set(await store.last('a', 50)).size, 50)
  })

  it('loses files that are too old', async () => {
    const app = new AppLog(join(directory, 'a'), ROTATION)
    append('new')
    await store.flush('a')
    const old = join(directory, 'a', '1.log')
    writeFileSync(old, 'old\n')
    utimesSync(old, 0, 0)
    await app.expire(Date.now())
    assert.deepEqual(readdirSync(join(directory, 'a')), ['current.log'])
  })

  it('is gone once removed, and can begin anew', async () => {
    append('old')
    await store.remove('a')
    assert.deepEqual(await store.last('a', 9), [])
    append('new')
    assert.deepEqual(texts(await store.last('a', 9)), ['new'])
  })

  it('is followed line by line, of the wanted dyno only, until stopped', () => {
    const seen: string[] = []
    const stop = store.follow('a', { dyno: 'web' }, (line) => void seen.push(line))
    append('one')
    append('other', { dyno: 'worker.1' })
    store.append('b', { at: 0, source: 'app', dyno: 'web.1', text: 'of another app' })
    append('two')
    stop()
    append('three')
    assert.deepEqual(texts(seen), ['one', 'two'])
  })

  it('tells a slow follower how much it has missed, and never waits for it', async () => {
    const seen: string[] = []
    const free = Promise.withResolvers<void>()
    const whole = Promise.withResolvers<void>()
    const stop = store.follow('a', {}, async (line) => {
      seen.push(line)
      await free.promise
      if (line.endsWith('after')) whole.resolve()
      if (line.includes('L10')) append('after')
    })
    const other: string[] = []
    store.follow('a', {}, (line) => void other.push(line))
    for (let n = 0; n < 5000; n += 1) append(`line ${n}`)
    assert.equal(other.length, 5000)
    free.resolve()
    await whole.promise
    stop()
    assert.equal(seen.length, 1003)
    assert.match(seen.at(-2)!, /tasuki\[logs\]: Error L10 \(output buffer overflow\): 3999 lines dropped$/)
  })

  it('drops a follower that fails, and says so', async () => {
    store.follow('a', {}, () => {
      throw new Error('gone away')
    })
    append('one')
    append('two')
    assert.equal(failures.length, 1)
    failures = []
  })
})
