import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PLAIN } from '../../text/screen.ts'
import { logLine, renderLogLine } from './log-line.ts'
import { renderPlan } from './plan.ts'

describe('a log line', () => {
  it('is read in its parts, and shown as it came', () => {
    const text = '2026-01-02T03:04:05.678901+00:00 app[web.1]: listening on 4000'
    const line = logLine(text)
    assert.deepEqual([line.source, line.dyno, line.message], ['app', 'web.1', 'listening on 4000'])
    assert.equal(renderLogLine(line, PLAIN), text)
  })

  it('is all message when it has another form', () => {
    assert.equal(renderLogLine(logLine('what is this'), PLAIN), 'what is this')
  })
})

describe('a plan', () => {
  it('lists the steps, what they take, and the risks at the end', () => {
    const text = renderPlan(
      {
        app: 'shop',
        from: 6,
        to: 7,
        strategy: 'rolling',
        steps: [
          { operation: 'start', instance: 'web.1', release: 7, note: 'first of the new set' },
          { operation: 'finish', instance: null, release: null, note: '' },
        ],
        risks: [{ code: 'single_instance', text: 'web has one instance only.' }],
        peak: { instances: 2, memory_mib: 1024 },
        slots: 4,
      },
      PLAIN,
    )
    assert.equal(
      text,
      `From v6 to v7, rolling

  1  start   web.1 v7  first of the new set
  2  finish

At most 2 instances at once, 1024 MiB of memory, 4 slots in the router.

One risk:
  - web has one instance only.`,
    )
  })
})
