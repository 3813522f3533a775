import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Directory } from './directory.ts'
import { FIELD_INDEX } from './log-format.ts'
import type { LogLine } from './parse.ts'
import { People, type RouterLine } from './people.ts'

function request(endedAt: number, app: string): LogLine {
  const fields = Object.keys(FIELD_INDEX).map(() => '-')
  fields[FIELD_INDEX.app] = app
  return {
    frontend: 'visitors',
    seq: 0,
    endedAt,
    active: 1,
    connect: 0,
    response: 1,
    status: 200,
    termination: '--',
    retries: 0,
    redispatched: false,
    backend: 'visitors',
    address: null,
    held: null,
    fields,
  }
}

test('more than 5,000 lines in a second are counted and said, app by app, and the next second begins anew', () => {
  const lines: RouterLine[] = []
  const people = new People(new Directory(), (batch) => lines.push(...batch))
  people.listen('all')
  const second = 1_800_000_000_000
  for (let n = 0; n < 6000; n += 1) people.add(request(second + (n % 1000), n % 2 ? 'shop' : 'blog'))
  people.add(request(second + 1500, 'shop'))
  people.flush()
  const made = lines.filter(({ line }) => line.startsWith('at=info'))
  assert.equal(made.length, 5001)
  assert.deepEqual(
    lines.filter(({ line }) => line.includes('L10')).map(({ appId, line }) => [appId, line]),
    ['blog', 'shop'].map((app) => [
      app,
      'Error L10 (output buffer overflow): 500 messages of the router dropped since 2027-01-15T08:00:00.500000+00:00.',
    ]),
  )
})

test('what was left out is said also when no request follows', () => {
  const lines: RouterLine[] = []
  const people = new People(new Directory(), (batch) => lines.push(...batch))
  people.listen('all')
  for (let n = 0; n < 5002; n += 1) people.add(request(1_700_000_000_000, 'shop'))
  people.flush()
  assert.match(lines.at(-1)!.line, /^Error L10 .* 2 messages of the router dropped since/)
})
