import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Frames, logEntry } from './log-frames.ts'
import { LogLines } from './log-lines.ts'
import { LogPosition } from './log-position.ts'

const frame = (stream: number, content: string): Buffer => {
  const header = Buffer.alloc(8)
  header[0] = stream
  header.writeUInt32BE(Buffer.byteLength(content), 4)
  return Buffer.concat([header, Buffer.from(content)])
}
const entry = (stream: number, text: string, at = 'now') => ({ stream, at, text: Buffer.from(text) })

describe('the log of a container', () => {
  it('is cut into its entries, however it arrives', () => {
    const whole = Buffer.concat([
      frame(1, '2026-01-01T00:00:00.5Z one\n'),
      frame(2, '2026-01-01T00:00:01Z ü two\n'),
    ])
    for (let size = 1; size <= whole.length; size += 1) {
      const frames = new Frames()
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, at) =>
        whole.subarray(at * size, (at + 1) * size),
      )
      const entries = pieces.flatMap((piece) => frames.push(piece)).map(logEntry)
      assert.deepEqual(
        entries.map(({ stream, at, text }) => [stream, at, text.toString()]),
        [
          [1, '2026-01-01T00:00:00.5Z', 'one\n'],
          [2, '2026-01-01T00:00:01Z', 'ü two\n'],
        ],
      )
    }
  })

  it('has no line broken by the other stream, and none lost', () => {
    const lines = new LogLines()
    const said = [entry(1, 'lo'), entry(2, 'er'), entry(2, 'ror\n'), entry(1, 'ng\n'), entry(2, 'half')]
    const written = said.flatMap((one) => lines.push(one))
    assert.equal(lines.isWhole, false)
    written.push(...lines.end())
    assert.equal(Buffer.concat(written).toString(), 'error\nlong\nhalf\n')
    assert.equal(lines.isWhole, true)
  })

  it('does not wait for ever for the end of a line', () => {
    const lines = new LogLines()
    const written = lines.push(entry(1, 'prompt'))
    while (written.length < 3_000 && !lines.isWhole) written.push(...lines.push(entry(2, 'x\n')))
    assert.match(Buffer.concat(written).toString(), /x\nprompt\n$/)
  })

  it('is asked for from where it was left, and what was read of that instant is passed over', (t) => {
    const data = mkdtempSync(join(tmpdir(), 'tasuki-position-'))
    t.after(() => rmSync(data, { recursive: true }))
    const first = new LogPosition(data, 'web-1')
    assert.equal(first.since, undefined)
    const [at, earlier, later] = [
      '2026-01-01T00:00:10.5Z',
      '2026-01-01T00:00:10.4999Z',
      '2026-01-01T00:00:10.50000001Z',
    ]
    first.advance([entry(1, 'old', '2026-01-01T00:00:01Z'), entry(1, 'a', at), entry(2, 'b', earlier)])
    const next = new LogPosition(data, 'web-1')
    assert.equal(next.since, '1767225610.490000000')
    const again = [entry(1, 'a', at), entry(2, 'b', earlier), entry(1, 'c', earlier), entry(1, 'd', later)]
    const unread = again.filter(next.unread())
    assert.deepEqual(
      unread.map(({ text }) => text.toString()),
      ['c', 'd'],
    )
    next.advance(unread)
    assert.deepEqual(again.filter(new LogPosition(data, 'web-1').unread()), [])
    next.erase()
    assert.equal(new LogPosition(data, 'web-1').since, undefined)
  })
})
