import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Check, conditionOf, lineOf, type Stretch, stripOf, upShare } from './health.ts'

const RUNNING = { host: 'h1', unreachable: false, state: 'running', exit: null, signalledAt: null } as const
const UP: Check = { admin: 'ready', health: 'up', passedOnce: true, check: 'HTTP 200 on /health' }

describe('how it stands with an instance', () => {
  it('is what the router says where visitors come', () => {
    const states = [
      UP,
      { ...UP, admin: 'drain' },
      { ...UP, health: 'checking', passedOnce: false },
      { ...UP, health: 'down', check: 'HTTP 503 on /health' },
      null,
    ].map((check) => conditionOf(RUNNING, true, check as Check | null))
    assert.deepEqual(states, [
      { state: 'up', reason: '' },
      { state: 'out', reason: '' },
      { state: 'starting', reason: '' },
      { state: 'down', reason: 'HTTP 503 on /health' },
      { state: 'starting', reason: 'not before the router yet' },
    ])
  })

  it('is up wherever it runs where no visitors come', () => {
    assert.deepEqual(conditionOf(RUNNING, false, null), { state: 'up', reason: '' })
  })

  it('is a crash with its cause, unless it was told to end', () => {
    const exited = { ...RUNNING, state: 'exited' } as const
    const reasons = [
      { code: 3, at: 0, cause: 'exit' },
      { code: 137, at: 0, cause: 'exit' },
      { code: 137, at: 0, cause: 'memory' },
      null,
    ].map((exit) => conditionOf({ ...exited, exit } as Parameters<typeof conditionOf>[0], true, UP)?.reason)
    assert.deepEqual(reasons, [
      'exited with status 3',
      'was ended by signal 9',
      'used more memory than its size has',
      'ended, nobody knows how',
    ])
    assert.equal(conditionOf({ ...exited, signalledAt: 5 }, true, UP), null)
  })

  it('is not known while its host does not answer, whatever was last known', () => {
    assert.deepEqual(conditionOf({ ...RUNNING, unreachable: true }, true, UP), {
      state: 'unreachable',
      reason: 'its host h1 does not answer',
    })
  })
})

function stretch(state: Stretch['state'], from: number, until: number | null): Stretch {
  return { state, reason: '', from, until }
}

describe('a line of several stretches', () => {
  it('has at each time the best of them: a hand-over is no gap', () => {
    const line = lineOf(
      [stretch('up', 0, 50), stretch('out', 50, 60), stretch('starting', 40, 50), stretch('up', 50, null)],
      100,
    )
    assert.deepEqual(line, [{ state: 'up', from: 0, until: 100 }])
  })

  it('keeps holes in which nothing ran, and what ended before another began', () => {
    const line = lineOf([stretch('up', 0, 10), stretch('crashed', 10, 15), stretch('up', 30, 40)], 100)
    assert.deepEqual(
      line.map(({ state, from, until }) => `${state} ${from}-${until}`),
      ['up 0-10', 'crashed 10-15', 'up 30-40'],
    )
  })

  it('shows what is wrong while what is to cure it boots, but a boot by itself where nothing is', () => {
    const line = lineOf(
      [
        stretch('up', 0, 10),
        stretch('crashed', 10, 30),
        stretch('starting', 12, 30),
        stretch('starting', 50, 60),
      ],
      60,
    )
    assert.deepEqual(
      line.map(({ state, from, until }) => `${state} ${from}-${until}`),
      ['up 0-10', 'crashed 10-30', 'starting 50-60'],
    )
  })

  it('is empty of nothing', () => {
    assert.deepEqual(lineOf([], 100), [])
  })
})

describe('a strip', () => {
  const line = lineOf([stretch('up', 0, 52), stretch('down', 52, 53), stretch('up', 53, 80)], 100)

  it('shows the worst of each cell, however short, and tells what did not run from what nobody saw', () => {
    const watched = [{ from: 0, until: 88 }]
    const cells = stripOf(line, watched, { from: 0, until: 100 }, 10)
    assert.deepEqual(cells, [...['up', 'up', 'up', 'up', 'up', 'down', 'up', 'up', 'none', 'unwatched']])
  })

  it('does not let a boot or a hand-over spoil a cell in which it served', () => {
    const line = lineOf([stretch('starting', 0, 5), stretch('up', 5, 8), stretch('out', 8, 10)], 10)
    assert.deepEqual(stripOf(line, [{ from: 0, until: 10 }], { from: 0, until: 10 }, 1), ['up'])
    assert.deepEqual(stripOf(line, [], { from: 0, until: 10 }, 5), [
      'starting',
      'starting',
      'up',
      'up',
      'out',
    ])
    assert.equal(upShare(line, { from: 0, until: 10 }), 1)
  })

  it('takes a cell for watched when somebody looked for most of it', () => {
    const span = { from: 0, until: 20 }
    assert.deepEqual(stripOf([], [{ from: 0, until: 14 }], span, 2), ['none', 'unwatched'])
  })

  it('has a share of the time that it was up, of the time in which it was to run', () => {
    assert.equal(upShare(line, { from: 0, until: 100 }), 79 / 80)
    assert.equal(upShare(line, { from: 52, until: 53 }), 0)
    assert.equal(upShare(line, { from: 90, until: 100 }), null)
  })
})
