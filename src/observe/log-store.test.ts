import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { AppLog } from './app-log.ts'
import type { LogFilter } from './line.ts'
import { LogStore } from './log-store.ts'
import { MOST_LINE_BYTES } from './split.ts'

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
  /** Written one by one, so that files are rotated in between. */
  const appendAll = async (from: number, to: number) => {
    for (let n = from; n <= to; n += 1) {
      append(`line ${n}`, { dyno: n % 2 ? 'web.1' : 'web.2' })
      await store.flush('a')
    }
  }
  const text = (line: string) => line.slice(line.indexOf(': ') + 2)
  const last = async (count: number, filter?: LogFilter, app = 'a') =>
    (await store.last(app, count, filter)).lines.map(({ line }) => text(line))
  /** What comes from that number on, until that many have come. */
  const read = async (from: number, count: number, filter: LogFilter = {}) => {
    const seen: { number: number; text: string }[] = []
    for await (const { number, line } of store.from('a', from, filter, new AbortController().signal)) {
      seen.push({ number, text: text(line) })
      if (seen.length === count) break
    }
    return seen
  }

  it('has its last lines, oldest first, as soon as they are appended', async () => {
    for (const line of ['one', 'two', 'three']) append(line)
    assert.deepEqual(await last(2), ['two', 'three'])
    assert.deepEqual(await last(0), [])
    assert.deepEqual(await last(2, {}, 'b'), [])
  })

  it('has them after a restart, and goes on with the next number', async () => {
    append('kept')
    await store.close()
    store = open()
    append('new')
    const { lines, next } = await store.last('a', 9)
    assert.deepEqual(
      lines.map(({ number, line }) => [number, text(line)]),
      [
        [1, 'kept'],
        [2, 'new'],
      ],
    )
    assert.equal(next, 3)
  })

  it('loses only the torn line when the writer died in the middle of one', async () => {
    append('whole')
    await store.close()
    appendFileSync(join(directory, 'a', '000000000000001.log'), '2026-01-01T00:00:00.0000')
    store = open()
    append('after')
    assert.deepEqual(await last(9), ['whole', 'after'])
    assert.deepEqual((await read(2, 1))[0], { number: 2, text: 'after' })
  })

  it('finds lines that pass the filter over several files, and keeps no more files than wanted', async () => {
    append('first', { dyno: 'worker.1' })
    await appendAll(0, 40)
    assert.deepEqual((await last(21, { dyno: 'web.2' })).at(0), 'line 0')
    await appendAll(41, 199)
    assert.equal(readdirSync(join(directory, 'a')).length, 3)
    const left = await last(1000)
    assert.equal(left.at(-1), 'line 199')
    assert.deepEqual(
      left,
      left.toSorted((a, b) => Number(a.slice(5)) - Number(b.slice(5))),
    )
    assert.ok(left.length > 50 && !left.includes('first'))
    assert.equal(statSync(join(directory, 'a')).mode & 0o777, 0o700)
  })

  it('reads a file of many blocks, with characters across their edges, in both directions without a fault', async () => {
    const lines = Array.from({ length: 5000 }, (_, n) => `${'é'.repeat(n % 60)} ${n}`)
    for (const line of lines) append(line)
    assert.deepEqual(await last(5000), lines)
    const forwards = await read(1, 5000)
    assert.deepEqual(
      forwards.map((one) => one.text),
      lines,
    )
    assert.deepEqual([forwards[0]!.number, forwards.at(-1)!.number], [1, 5000])
  })

  it('gives no two lines the same time', async () => {
    for (let n = 0; n < 50; n += 1) append('same')
    const { lines } = await store.last('a', 50)
    assert.equal(new Set(lines.map(({ line }) => line)).size, 50)
  })

  it('splits a line of more than 10,000 bytes', async () => {
    append('é'.repeat(12_000))
    const lines = await last(9)
    assert.equal(lines.join(''), 'é'.repeat(12_000))
    assert.ok(lines.every((line) => Buffer.byteLength(line) <= MOST_LINE_BYTES))
  })

  it('loses files that are too old, and the numbers go on', async () => {
    await appendAll(1, 3)
    const file = join(directory, 'a', '000000000000001.log')
    utimesSync(file, 0, 0)
    const app = new AppLog(join(directory, 'a'), ROTATION)
    await app.expire(Date.now())
    assert.deepEqual(readdirSync(join(directory, 'a')), ['000000000000004.log'])
    utimesSync(join(directory, 'a', '000000000000004.log'), 0, 0)
    await app.expire(Date.now())
    app.add('2026-01-01T00:00:00.000000+00:00 app[web.1]: fresh')
    assert.deepEqual(
      (await app.last(9, () => true)).lines.map(({ number, line }) => [number, text(line)]),
      [[4, 'fresh']],
    )
  })

  it('is gone once removed, those who follow end, and it can begin anew', async () => {
    append('old')
    await store.flush('a')
    const followed = read(1, 99)
    await store.remove('a')
    assert.ok((await followed).length <= 1)
    assert.deepEqual(await last(9), [])
    append('new')
    assert.deepEqual(await last(9), ['new'])
  })

  it('is followed line by line, of the wanted ones only, until stopped', async () => {
    const stop = new AbortController()
    const seen: string[] = []
    const following = (async () => {
      const lines = store.from('a', 1, { dyno: 'web' }, stop.signal)
      for await (const { line } of lines) {
        seen.push(text(line))
        if (seen.length === 1) append('two')
        else stop.abort()
      }
    })()
    append('other', { dyno: 'worker.1' })
    store.append('b', { at: 0, source: 'app', dyno: 'web.1', text: 'of another app' })
    append('one')
    await following
    assert.deepEqual(seen, ['one', 'two'])
  })

  it('goes on for one who comes back after the line that it has seen, over files and a restart', async () => {
    await appendAll(1, 60)
    assert.ok(readdirSync(join(directory, 'a')).length > 1)
    await store.close()
    store = open()
    for (const after of [1, 30, 59])
      assert.deepEqual(
        (await read(after + 1, 60 - after)).map(({ number, text: of }) => [number, of]),
        Array.from({ length: 60 - after }, (_, n) => [after + 1 + n, `line ${after + 1 + n}`]),
      )
  })

  it('tells one who is too slow exactly how many lines are gone, and holds nobody up meanwhile', async () => {
    append('line 1')
    await store.flush('a')
    const lines = store.from('a', 1, {}, new AbortController().signal)
    assert.equal(text((await lines.next()).value!.line), 'line 1')
    await appendAll(2, 300)
    const notice = (await lines.next()).value!
    const [, dropped] =
      /tasuki\[logs\]: Error L11 \(tail buffer overflow\): (\d+) messages dropped since 20/.exec(notice.line)!
    const first = (await lines.next()).value!
    assert.equal(first.number, 2 + Number(dropped))
    assert.equal(notice.number, first.number - 1)
    assert.equal(text(first.line), `line ${first.number}`)
    await lines.return(undefined)
  })

  it('says how many lines were lost to a disk that refused them', async () => {
    const blocked = join(directory, 'c')
    appendFileSync(blocked, 'a file where the directory of the log has to be')
    for (let n = 0; n < 3; n += 1)
      store.append('c', { at: Date.now(), source: 'app', dyno: 'web.1', text: 'lost' })
    await assert.rejects(store.flush('c'))
    rmSync(blocked)
    store.append('c', { at: Date.now(), source: 'app', dyno: 'web.1', text: 'kept' })
    const lines = (await store.last('c', 9)).lines.map(({ line }) => line)
    assert.match(lines[0]!, /app\[web\.1\]: kept$/)
    assert.match(lines[1]!, /tasuki\[logs\]: Error L12 \(local buffer overflow\): 3 messages dropped since/)
  })
})
