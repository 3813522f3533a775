import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ansi, PLAIN } from '../../text/screen.ts'
import { type DrawnHealth, healthLines, type NamedStretch } from './health.ts'

const NOW = Date.UTC(2026, 0, 2, 12)
const MINUTE = 60_000

function stretch(
  name: string,
  state: NamedStretch['state'],
  from: number,
  until: number | null,
  reason = '',
) {
  const at = (minutes: number) => NOW - minutes * MINUTE
  const about = { name, release: 7, host: name === 'web.2' ? 'h2' : null }
  return { ...about, state, reason, from: at(from), until: until === null ? null : at(until) }
}

const HEALTH: DrawnHealth = {
  from: NOW - 1440 * MINUTE,
  until: NOW,
  watched: [{ from: NOW - 720 * MINUTE, until: NOW }],
  stretches: [
    stretch('web.10', 'up', 30, null),
    stretch('web.2', 'up', 720, 36),
    stretch('web.2', 'down', 36, 35.9, 'HTTP 503 on /health'),
    stretch('web.2', 'up', 35.9, 1),
    stretch('web.2', 'unreachable', 1, null, 'its host h2 does not answer'),
  ],
}

describe('health in the terminal', () => {
  it('has three strips for each name, in the order of their numbers, and says what is now', () => {
    const lines = healthLines(HEALTH, PLAIN)
    const [heads, two, ten] = lines
    assert.match(heads!, /24 h +1 h +10 min +up {2}now/)
    assert.match(two!, /^web\.2 {3}·+▇+✗ {2,}▇+✗▇+\? {2,}▇+\?+ {2,}99\.84 % {2}unreachable, 1 min$/)
    assert.match(ten!, /^web\.10 +·+ +▇ {2,}▇+ {2,}▇+ +100 % {2}up, 30 min$/)
    for (const line of lines) assert.ok(line.length <= PLAIN.width, line)
  })

  it('tells what was wrong, newest first, with where and why', () => {
    assert.deepEqual(healthLines(HEALTH, { ...PLAIN, width: 120 }).slice(-2), [
      '2026-01-02 11:59:00  web.2 v7 on h2  unreachable  for 1 min 0 s until now  its host h2 does not answer',
      '2026-01-02 11:24:00  web.2 v7 on h2  down         for 6.00 s               HTTP 503 on /health',
    ])
  })

  it('can be read without colours and without more than ASCII', () => {
    const [, two] = healthLines(HEALTH, { ...PLAIN, unicode: false })
    assert.match(two!, /^web\.2 {3}\.+#+x {2,}#+x#+\? {2,}#+\?+ {2,}/)
    const [, coloured] = healthLines(HEALTH, { ...PLAIN, paint: ansi })
    assert.ok(coloured!.includes(ansi('red', '✗')))
  })

  it('fits a narrow terminal', () => {
    const lines = healthLines(HEALTH, { ...PLAIN, width: 64 })
    assert.match(lines[1]!, /99\.84 % {2}unreachable/)
    for (const line of lines.filter((each) => !each.startsWith('▇'))) assert.ok([...line].length <= 64, line)
  })

  it('explains only the marks that there are', () => {
    const quiet = { ...HEALTH, watched: [{ from: 0, until: NOW }], stretches: HEALTH.stretches.slice(0, 1) }
    assert.equal(healthLines(quiet, PLAIN).at(-1), '▇ up')
  })
})
