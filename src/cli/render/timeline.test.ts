import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { type DrawnEntry, timelineOfJournal, timelineOfReceipt } from '../../text/phases.ts'
import { ansi, PLAIN } from '../../text/screen.ts'
import { RECEIPT } from '../../text/testing/sample-receipt.ts'
import { renderTimeline } from './timeline.ts'

const NARROW = { ...PLAIN, width: 71 }

describe('a timeline as text', () => {
  it('has a row per instance under an axis in seconds, and a legend', () => {
    assert.equal(
      renderTimeline(timelineOfReceipt(RECEIPT), NARROW),
      `          0 s       2 s       4 s       6 s       8 s       10 s
          ├─────────┬─────────┬─────────┬─────────┬─────────┬─────────
web.1 v6  ██████▼─────────────────────────────────────────────────×···
web.1 v7  ░░░▒▒███████████████████████████████████████████████████████
web.2 v6  ██████████▼▼────────────────────────────────────────────×××·
web.2 v7  ░░░░▒▒▒▒▒▒██████████████████████████████████████████████████

          ░░ boot   ▒▒ check   ██ serving   ▼▼ draining   ── warm
          ×× stopping   ·· stopped`,
    )
  })

  it('can be drawn in ASCII', () => {
    assert.equal(
      renderTimeline(timelineOfReceipt(RECEIPT), { ...NARROW, unicode: false }),
      `          0 s       2 s       4 s       6 s       8 s       10 s
          +---------+---------+---------+---------+---------+---------
web.1 v6  ######~-------------------------------------------------x
web.1 v7  ...::#######################################################
web.2 v6  ##########~~--------------------------------------------xxx
web.2 v7  ....::::::##################################################

          .. boot   :: check   ## serving   ~~ draining   -- warm
          xx stopping   (blank) stopped`,
    )
  })

  it('never is wider than the screen, and looks the same in colour', () => {
    for (const width of [40, 60, 80, 100, 200]) {
      const timeline = timelineOfReceipt(RECEIPT)
      const plain = renderTimeline(timeline, { ...PLAIN, width })
      for (const line of plain.split('\n')) assert.ok([...line].length <= width, `${width}: ${line}`)
      const coloured = renderTimeline(timeline, { ...PLAIN, width, paint: ansi })
      assert.equal(stripVTControlCharacters(coloured), plain)
    }
  })

  it('gives what served before another colour than what took over, also in a restart', () => {
    const restart = RECEIPT.instances.map((one) => ({ ...one, release: 7 }))
    const [, , old, fresh] = renderTimeline(timelineOfReceipt({ ...RECEIPT, instances: restart }), {
      ...NARROW,
      paint: ansi,
    }).split('\n')
    assert.ok(old?.includes('\u001b[34m█') && !old.includes('\u001b[32m█'))
    assert.ok(fresh?.includes('\u001b[32m█') && !fresh.includes('\u001b[34m█'))
  })

  it('shows what was too short for a column of its own', () => {
    const short = timelineOfReceipt({
      ...RECEIPT,
      instances: [{ ...RECEIPT.instances[1]!, spawned: 5, passing: 6, admitted: 7, drained: 8, idle: 9 }],
    })
    const row = renderTimeline(short, NARROW).split('\n')[2]
    assert.match(row ?? '', /^web\.1 v7 {2}░▒█▼─+$/)
  })

  it('leaves the time before a late start blank', () => {
    const late = { ...RECEIPT.instances[1]!, spawned: 6000, passing: 8000, admitted: 9000 }
    const row = renderTimeline(timelineOfReceipt({ ...RECEIPT, instances: [late] }), NARROW).split('\n')[2]
    assert.equal(row, `web.1 v7  ${' '.repeat(30)}${'░'.repeat(10)}${'▒'.repeat(5)}${'█'.repeat(15)}`)
  })

  it('says so when nothing has happened', () => {
    assert.equal(renderTimeline({ span: 10, lives: [], marks: [] }), 'Nothing has happened yet.')
  })
})

function entry(kind: DrawnEntry['kind'], who: string | null, at: number, endedAt: number | null): DrawnEntry {
  const [name = null, release = null] = who === null ? [] : who.split(' v')
  const state = endedAt === null ? (SEEN.has(kind) ? 'seen' : 'intent') : 'done'
  const instance = who === null ? null : who
  return {
    kind,
    instance,
    name,
    release: release === null ? null : Number(release),
    note: '',
    state,
    at,
    endedAt,
  }
}

const SEEN = new Set<DrawnEntry['kind']>(['passing', 'healthy', 'idle', 'exited'])

describe('the timeline of a journal', () => {
  const journal = [
    entry('open-receipt', null, 1000, 1000),
    entry('start', 'web.1 v7', 1000, 1100),
    entry('assign', 'web.1 v7', 1100, 1120),
    entry('passing', 'web.1 v7', 2000, null),
    entry('healthy', 'web.1 v7', 2500, null),
    entry('admit', 'web.1 v7', 2500, 3000),
    entry('drain', 'web.1 v6', 3000, 3050),
    entry('idle', 'web.1 v6', 4000, null),
    entry('mark-switched', null, 4000, 4000),
    entry('park', 'web.1 v6', 4000, 4050),
  ]

  it('takes an instance that was not started in it for one that served before', () => {
    const { lives } = timelineOfJournal(journal, 1000, 6000)
    assert.deepEqual(
      lives.map(({ name, release, segments }) => ({ name, release, segments })),
      [
        {
          name: 'web.1',
          release: 6,
          segments: [
            { phase: 'serving', from: 0, to: 2000 },
            { phase: 'draining', from: 2000, to: 3000 },
            { phase: 'warm', from: 3000, to: 5000 },
          ],
        },
        {
          name: 'web.1',
          release: 7,
          segments: [
            { phase: 'boot', from: 0, to: 1000 },
            { phase: 'check', from: 1000, to: 2000 },
            { phase: 'serving', from: 2000, to: 5000 },
          ],
        },
      ],
    )
  })

  it('marks the switch above the axis', () => {
    const lines = renderTimeline(timelineOfJournal(journal, 1000, 6000), NARROW).split('\n')
    assert.equal(lines[0], `${' '.repeat(46)}| switched`)
  })

  it('takes what a control plane sees anew for no news', () => {
    const anew = [
      ...journal.slice(0, 6),
      entry('passing', 'web.1 v6', 2900, null),
      entry('passing', 'web.1 v7', 3500, null),
    ]
    const { lives } = timelineOfJournal(anew, 1000, 4000)
    assert.deepEqual(
      lives.map((life) => life.segments.map((segment) => segment.phase)),
      [['serving'], ['boot', 'check', 'serving']],
    )
  })

  it('takes an admission for done only when it is', () => {
    const asked = [...journal.slice(0, 5), entry('admit', 'web.1 v7', 2500, null)]
    const life = timelineOfJournal(asked, 1000, 3000).lives[0]
    assert.equal(life?.segments.at(-1)?.phase, 'check')
  })

  it('knows that workers serve once they run, and that the release phase is neither', () => {
    const others = [
      entry('start-release-phase', 'release.7 v7', 1000, 1010),
      entry('exited', 'release.7 v7', 2000, null),
      entry('start', 'worker.1 v7', 2000, 2050),
    ]
    const { lives } = timelineOfJournal(others, 1000, 3000)
    assert.deepEqual(
      lives.map((life) => life.segments.map((segment) => segment.phase)),
      [['run', 'stopped'], ['serving']],
    )
  })

  it('shows an instance that is admitted again after it was drained', () => {
    const back = [...journal, entry('turn-back', null, 4500, 4500), entry('admit', 'web.1 v6', 4500, 4600)]
    const life = timelineOfJournal(back, 1000, 6000).lives[0]
    assert.deepEqual(
      life?.segments.map((segment) => segment.phase),
      ['serving', 'draining', 'warm', 'serving'],
    )
  })
})
