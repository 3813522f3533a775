import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JournalEntry, Rollout } from '../domain/rollout.ts'
import { NO_TRAFFIC, NO_WINDOW } from '../domain/testing/traffic.ts'
import type { TrafficReport, TrafficWindow } from '../domain/traffic.ts'
import { makeReceipt, timesOf } from './receipt.ts'

const ROLLOUT: Rollout = {
  id: 'r',
  appId: 'a',
  generation: 2,
  kind: 'release',
  target: { generation: 2, release: 3 },
  base: { generation: 1, release: 2 },
  strategy: 'rolling',
  direction: 'forward',
  reason: null,
  backOutcome: null,
  releasePhaseDone: true,
  switched: true,
  paused: false,
  outcome: null,
  startedAt: 1000,
  finishedAt: null,
}

function window(requests: number): TrafficWindow {
  return {
    ...NO_WINDOW,
    requests,
    byStatus: { ...NO_WINDOW.byStatus, '2xx': requests },
    p50: 1,
    p99: 2,
    max: 3,
  }
}

function traffic(lost: number): TrafficReport {
  const windows = { before: window(10), during: window(100), after: window(50) }
  return { ...NO_TRAFFIC, ...windows, lost: { ...NO_TRAFFIC.lost, no_response: lost } }
}

let next = 0
function entry(
  kind: JournalEntry['kind'],
  instance: string | null,
  at: number,
  endedAt: number | null = at,
): JournalEntry {
  next += 1
  return {
    id: next,
    appId: 'a',
    rollout: 'r',
    generation: 2,
    kind,
    instance,
    name: instance && 'web.1',
    release: instance === 'old' ? 2 : 3,
    note: '',
    state: 'done',
    error: null,
    at,
    endedAt,
  }
}

const JOURNAL = [
  entry('prepare', null, 1000, 1010),
  entry('start', 'new', 1020, 1030),
  entry('passing', 'new', 1230),
  entry('healthy', 'new', 1430),
  entry('admit', 'new', 1440, 1445),
  entry('drain', 'old', 1450, 1460),
  entry('mark-switched', null, 1465, 1470),
  entry('idle', 'old', 1560),
  entry('park', 'old', 3465, 3470),
  entry('terminate', 'old', 3480, 3485),
  entry('exited', 'old', 3500),
  entry('finish', null, 3510, null),
]

test('a receipt counts what was served and lost during the rollout and its bake', () => {
  const receipt = makeReceipt({
    app: 'shop',
    rollout: ROLLOUT,
    outcome: 'succeeded',
    entries: JOURNAL,
    traffic: traffic(4),
    finishedAt: 3520,
  })
  assert.equal(receipt.lost, 4)
  assert.equal(receipt.served, 146)
  assert.deepEqual([receipt.from, receipt.to], [2, 3])
})

test('the overhead leaves out boot, waiting for requests in flight, and the bake', () => {
  const receipt = makeReceipt({
    app: 'shop',
    rollout: ROLLOUT,
    outcome: 'succeeded',
    entries: JOURNAL,
    traffic: traffic(0),
    finishedAt: 3520,
  })
  const boot = 1230 - 1030
  const drainAndBake = 3465 - 1460
  assert.equal(receipt.overheadMs, 3520 - 1000 - boot - drainAndBake)
})

test("the time of the release phase is the app's own", () => {
  const phase = [entry('start-release-phase', null, 1012, 1014), entry('pass-release-phase', null, 1018)]
  const ended = {
    app: 'shop',
    rollout: ROLLOUT,
    outcome: 'succeeded',
    traffic: traffic(0),
    finishedAt: 3520,
  } as const
  const without = makeReceipt({ ...ended, entries: JOURNAL }).overheadMs
  assert.equal(makeReceipt({ ...ended, entries: [...phase, ...JOURNAL] }).overheadMs, without - 4)
})

test('what happened to each instance is told in ms since the start, the first time of each kind', () => {
  const [fresh, old] = timesOf([...JOURNAL, entry('healthy', 'new', 9000)], 1000)
  assert.deepEqual(fresh, {
    instance: 'new',
    name: 'web.1',
    release: 3,
    spawned: 30,
    passing: 230,
    healthy: 430,
    admitted: 445,
    drained: null,
    idle: null,
    signalled: null,
    exited: null,
  })
  assert.equal(old!.drained, 460)
  assert.equal(old!.signalled, 2480)
})
