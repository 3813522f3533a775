import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ago, bytes, count, counted, duration, latencies } from './numbers.ts'
import { ansi, screenOf } from './screen.ts'
import { cut, table } from './table.ts'
import { firstLine, wrapped } from './wrap.ts'

describe('numbers for people', () => {
  it('groups thousands', () => {
    assert.deepEqual([0, 999, 1000, 41_280, 1_234_567].map(count), [
      '0',
      '999',
      '1,000',
      '41,280',
      '1,234,567',
    ])
    assert.deepEqual([counted(1, 'request'), counted(2, 'request')], ['1 request', '2 requests'])
  })

  it('gives durations the unit that fits', () => {
    const shown = [0, 4.13, 12, 340, 1240, 12_400, 125_000, 11_100_000].map(duration)
    assert.deepEqual(shown, [
      '<1 ms',
      '4.1 ms',
      '12 ms',
      '340 ms',
      '1.24 s',
      '12.4 s',
      '2 min 5 s',
      '3 h 5 min',
    ])
  })

  it('puts latencies under one unit', () => {
    assert.equal(latencies([4.1, 4.3, 140], '→'), '4.1 → 4.3 → 140 ms')
    assert.equal(latencies([4.1, 2500], '->'), '4.1 -> 2,500 ms')
    assert.equal(latencies([1240, 2500], '->'), '1.24 -> 2.50 s')
  })

  it('says roughly how long ago, and how big', () => {
    assert.deepEqual([0, 300_000, 7_200_000, 1e9].map(ago), ['now', '5 min ago', '2 h ago', '11 d ago'])
    assert.deepEqual([12, 3482, 1.5 * 2 ** 30].map(bytes), ['12 B', '3.4 KiB', '1.5 GiB'])
  })
})

describe('a table', () => {
  it('aligns its columns, whatever their colours, and cuts what is too wide', () => {
    const rows = [
      [ansi('bold', 'a'), '1', 'short'],
      ['bcd', '23', 'a long last cell'],
    ]
    const columns = [{ head: 'n' }, { head: 'x', align: 'right' as const }, { head: 'why' }]
    assert.deepEqual(table(columns, rows, 16), [
      'n     x  why',
      `${ansi('bold', 'a')}     1  short`,
      'bcd  23  a long…',
    ])
  })

  it('has no line of headings when it has none', () => {
    assert.deepEqual(table([{ head: '' }, { head: '' }], [['a', 'b']]), ['a  b'])
  })

  it('leaves alone what fits, and breaks lines only at spaces', () => {
    assert.equal(cut('abc', 3), 'abc')
    assert.deepEqual(wrapped('aa bb cccccccc d', 5), ['aa bb', 'cccccccc', 'd'])
    assert.deepEqual(wrapped('aa\n  bb cc dd', 7), ['aa', '  bb cc', '  dd'])
    assert.equal(firstLine('web.1 crashed. Its last lines:\n  oh'), 'web.1 crashed.')
    assert.equal(firstLine('web.1 said: no'), 'web.1 said: no')
  })
})

describe('the screen', () => {
  const tty = { isTTY: true, columns: 132 }

  it('has colours on a terminal only, and not with NO_COLOR', () => {
    const red = (output: object, env: NodeJS.ProcessEnv) => screenOf(output, env).paint('red', 'x') !== 'x'
    assert.equal(red(tty, {}), true)
    assert.equal(red({}, {}), false)
    assert.equal(red(tty, { NO_COLOR: '1' }), false)
    assert.equal(red(tty, { TERM: 'dumb' }), false)
    assert.equal(red({}, { FORCE_COLOR: '1' }), true)
  })

  it('is as wide as the terminal, or 100 columns', () => {
    assert.deepEqual([screenOf(tty, {}).width, screenOf({}, {}).width], [132, 100])
  })

  it('draws in ASCII where the locale can not show more', () => {
    const unicode = (env: NodeJS.ProcessEnv) => screenOf(tty, env).unicode
    assert.deepEqual(
      [unicode({}), unicode({ LANG: 'C.UTF-8' }), unicode({ LANG: 'de_DE.ISO-8859-1' })],
      [true, true, false],
    )
  })
})
