import type { Receipt } from '../../domain/rollout.ts'
import { RECEIPT, wireReceipt } from '../../text/testing/sample-receipt.ts'
import type { JournalRecord, RolloutRecord } from '../wire/rollouts.ts'
import { type Answer, eventStream } from './fake-api.ts'

const STARTED = RECEIPT.startedAt

/** A rollout of `shop` from v6 to v7 as the API tells it. */
export function rolloutRecord(receipt: Receipt | null, change: Partial<RolloutRecord> = {}): RolloutRecord {
  return {
    id: 'r1',
    app: { id: 'a1', name: 'shop' },
    generation: 7,
    kind: 'release',
    strategy: 'rolling',
    from: 6,
    to: 7,
    direction: 'forward',
    status: receipt?.outcome ?? 'running',
    reason: receipt?.reason ?? null,
    paused: false,
    phase: null,
    started_at: new Date(STARTED).toISOString(),
    finished_at: receipt === null ? null : new Date(receipt.finishedAt).toISOString(),
    receipt: receipt === null ? null : wireReceipt(receipt),
    ...change,
  }
}

function record(
  id: number,
  kind: JournalRecord['kind'],
  who: string | null,
  from: number,
  to: number | null,
): JournalRecord {
  const [name = null, release = null] = who === null ? [] : who.split(' v')
  const seen = ['passing', 'healthy', 'idle', 'exited'].includes(kind)
  return {
    id,
    kind,
    instance: who,
    name,
    release: release === null ? null : Number(release),
    note: '',
    state: seen ? 'seen' : to === null ? 'intent' : 'done',
    error: null,
    at: new Date(STARTED + from).toISOString(),
    ended_at: to === null ? null : new Date(STARTED + to).toISOString(),
  }
}

/** One instance handed over. */
export const JOURNAL: readonly JournalRecord[] = [
  record(1, 'open-receipt', null, 0, 0),
  record(2, 'start', 'web.1 v7', 0, 40),
  record(3, 'passing', 'web.1 v7', 600, null),
  record(4, 'healthy', 'web.1 v7', 800, null),
  record(5, 'admit', 'web.1 v7', 800, 1000),
  record(6, 'drain', 'web.1 v6', 1100, 1100),
  record(7, 'idle', 'web.1 v6', 1160, null),
  record(8, 'mark-switched', null, 1200, 1200),
  record(9, 'terminate', 'web.1 v6', 11_200, 11_210),
  record(10, 'exited', 'web.1 v6', 11_400, null),
]

const TURN = record(11, 'turn-back', null, 1300, null)
const TURNED_BACK: readonly JournalRecord[] = [TURN, { ...TURN, state: 'done' as const }].map((turn) => ({
  ...turn,
  note: 'web.1 crashed in the bake with exit code 1.',
}))

/** Routes of a rollout that ends with that receipt. */
export function rolloutRoutes(receipt: Receipt, change: Partial<RolloutRecord> = {}): Record<string, Answer> {
  const record = rolloutRecord(receipt, change)
  const journal = receipt.outcome === 'returned' ? [...JOURNAL.slice(0, 8), ...TURNED_BACK] : JOURNAL
  return {
    'GET /tasuki/rollouts/r1': () => record,
    'GET /tasuki/rollouts/r1/journal': () => journal,
    'GET /tasuki/rollouts/r1/events': (_, response) => {
      const send = eventStream(response)
      for (const entry of journal) send('journal', entry)
      send('end', record)
      response.end()
      return undefined
    },
  }
}
