import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatLine, wanted } from './line.ts'
import { MOST_LINE_BYTES, splitLines } from './split.ts'

describe('a log line', () => {
  it('is written with its time to the microsecond, its source and its dyno', () => {
    const at = Date.UTC(2026, 0, 1) + 7.042
    const line = formatLine({ at, source: 'app', dyno: 'web.1', text: 'hello' })
    assert.equal(line, '2026-01-01T00:00:00.007042+00:00 app[web.1]: hello')
  })

  it('stays one line whatever is in it', () => {
    assert.ok(!/[\r\n]/.test(formatLine({ at: 0, source: 'app', dyno: 'web.1', text: 'a\nb\r\nc' })))
  })

  const lines = [
    'app[web.1]: a',
    'app[web.10]: b',
    'app[worker.1]: c',
    'tasuki[router]: at=info dyno=web.1',
  ].map((rest) => `2026-01-01T00:00:00.000000+00:00 ${rest}`)
  for (const [filter, expected] of [
    [{}, [0, 1, 2, 3]],
    [{ dyno: 'web.1' }, [0]],
    [{ dyno: 'web' }, [0, 1]],
    [{ source: 'tasuki' }, [3]],
    [{ source: 'app', dyno: 'worker' }, [2]],
    [{ dyno: 'router' }, [3]],
    [{ source: 'heroku' }, [3]],
    [{ type: 'web' }, [0, 1]],
    [{ type: 'web', dyno: 'worker.1' }, []],
  ] as const) {
    it(`passes the filter ${JSON.stringify(filter)} as it should`, () => {
      assert.deepEqual(
        lines.filter(wanted(filter)),
        expected.map((at) => lines[at]),
      )
    })
  }
})

describe('output split into lines', () => {
  const split = (text: string | Buffer, last = false) => splitLines(Buffer.from(text as string), last)

  it('keeps a line that has not ended for later, unless nothing more will come', () => {
    assert.deepEqual(split('a\r\n\nb\nrest'), { lines: ['a', '', 'b'], used: 6 })
    assert.deepEqual(split('a\nrest', true), { lines: ['a', 'rest'], used: 6 })
    assert.deepEqual(split(''), { lines: [], used: 0 })
  })

  it('replaces what is no UTF-8', () => {
    assert.deepEqual(split(Buffer.from([0x61, 0xff, 0x62, 0x0a])).lines, ['a\ufffdb'])
  })

  it('splits long lines, never within a character, and loses nothing', () => {
    const text = 'é'.repeat(12_000)
    const { lines, used } = split(`${text}\n`)
    assert.equal(lines.join(''), text)
    assert.ok(lines.every((line) => Buffer.byteLength(line) <= MOST_LINE_BYTES))
    assert.equal(used, 24_001)
    assert.equal(split(`x${text}`).lines.join(''), `x${text}`.slice(0, 10_000))
  })

  it('comes to an end with a long run of broken bytes', () => {
    const { lines, used } = split(Buffer.alloc(25_000, 0x80), true)
    assert.deepEqual([lines.length, used], [3, 25_000])
  })
})
