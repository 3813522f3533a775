import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NO_TRAFFIC } from '../../domain/testing/traffic.ts'
import { PLAIN } from '../../text/screen.ts'
import { renderChange } from './change.ts'

const STEP = { ended_at: null, stage: null, app: null, reason: null, user: null, url: null, receipt: null }
const RECEIPT = {
  started_at: '2026-11-22T10:01:00.000Z',
  finished_at: '2026-11-22T10:01:04.500Z',
  served: 1200,
  lost: 3,
  traffic: { ...NO_TRAFFIC, outages: [] },
}

test('a change is a line for each step, with reasons, receipts and addresses below', () => {
  const steps = [
    {
      ...STEP,
      kind: 'pull-request',
      at: '2026-11-22T09:59:58.000Z',
      ended_at: '2026-11-22T09:59:58.000Z',
      status: 'opened',
      text: '#7 Shoes',
      url: 'https://forge.test/7',
    },
    {
      ...STEP,
      kind: 'tests',
      at: '2026-11-22T10:00:00.000Z',
      status: 'running',
      text: 'test run #3 of shoes',
    },
    {
      ...STEP,
      kind: 'release',
      at: RECEIPT.started_at,
      ended_at: RECEIPT.finished_at,
      app: 'shop',
      status: 'failed',
      text: 'v8: Promote',
      reason: 'The release phase exited with 1.',
      receipt: RECEIPT,
    },
  ]
  const change = { commit: 'abcd'.repeat(10), message: 'Sell shoes', author: 'Dev', steps }
  assert.deepEqual(renderChange(change, PLAIN), [
    'abcdabcdabcd  Sell shoes  Dev',
    '',
    '2026-11-22 09:59:58        opened            #7 Shoes',
    '                      https://forge.test/7',
    '           10:00:00        running  goes on  test run #3 of shoes',
    '           10:01:00  shop  failed   4.50 s   v8: Promote',
    '                      The release phase exited with 1.',
    '                      1,203 requests · 3 lost',
  ])
})
