import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogLine, parseLine } from './parse.ts'
import { Position, type PositionState } from './position.ts'

const text = (seq: number, frontend = 'visitors', id = seq) =>
  `T1 4711 ${seq} 1795297969126 4 0 0 0 4 0 200 -- 0 106 ${frontend} app s1 127.0.0.1 5000 - id-${id} shop 127.0.0.1 HTTP/1.1 GET host /`

const NEW: PositionState = { pid: 4711, start: '815', last: null, sequences: {} }

interface Taken {
  readonly fresh: number[]
  readonly past: number[]
}

/** Gives the position these lines and says what it made of each. */
function take(position: Position, lines: readonly string[]): Taken {
  const taken: Taken = { fresh: [], past: [] }
  for (const each of lines) {
    const line = parseLine(each) as LogLine
    position.take(
      each,
      line,
      ({ seq }) => taken.fresh.push(seq),
      ({ seq }) => taken.past.push(seq),
    )
  }
  return taken
}

const from = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)
const texts = (first: number, last: number) => from(first, last).map((seq) => text(seq))

test('a new worker is read from its first line on', () => {
  const position = new Position(NEW)
  position.reconnected()
  assert.deepEqual(take(position, texts(0, 9)).fresh, from(0, 9))
  assert.equal(position.missing, 0)
})

test('after a restart each line is counted once, and older ones are told as past', () => {
  const before = new Position(NEW)
  take(before, texts(0, 99))
  const position = new Position(JSON.parse(JSON.stringify(before)))
  position.reconnected()
  const { fresh, past } = take(position, texts(50, 120))
  assert.deepEqual(past, from(50, 99))
  assert.deepEqual(fresh, from(100, 120))
  assert.equal(position.missing, 0)
})

test('a second connection of the same process does not tell the past again', () => {
  const position = new Position(NEW)
  take(position, texts(0, 9))
  position.reconnected()
  const { fresh, past } = take(position, texts(0, 12))
  assert.deepEqual(past, [])
  assert.deepEqual(fresh, [10, 11, 12])
})

test('when the last line has been overwritten, the younger ones count and the rest is missing', () => {
  const position = new Position(NEW)
  take(position, texts(0, 9))
  position.reconnected()
  const { fresh } = take(position, texts(1000, 1400))
  assert.deepEqual(fresh, from(1000, 1400))
  assert.equal(position.missing, 990)
})

test('lines of two threads with the same number are not a gap', () => {
  const position = new Position(NEW)
  take(position, [text(0), text(1), text(1, 'visitors', 99), text(3), text(4)])
  assert.equal(position.missing, 0)
})

test('a line that never comes is missing', () => {
  const position = new Position(NEW)
  take(position, [text(0), text(1), text(3), text(4)])
  assert.equal(position.missing, 1)
})

test('each frontend has its own count, with and without TLS together', () => {
  const position = new Position(NEW)
  take(position, [text(0), text(0, 'internal'), text(1, 'visitors~'), text(2), text(1, 'internal')])
  assert.equal(position.missing, 0)
})

test('a process id that comes back is another worker', () => {
  assert.notEqual(new Position(NEW).worker, new Position({ ...NEW, start: '816' }).worker)
})
