import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Subject } from '../e2e/subject.ts'
import { tell, underLoad } from '../e2e/under-load.ts'
import { checkPosts, type LoadOptions, type LoadReport } from '../load/index.ts'

/** Of each kind what a machine with several others on it can carry beside a deploy. */
export const MODEST: Omit<LoadOptions, 'url' | 'host'> = {
  rates: { get: 100, post: 20, fresh: 20, slow: 2 },
  slowMs: 1_000,
  streams: { websocket: 2, events: 2 },
}

/** What may be repeated: an upload and an order may not. */
const IDEMPOTENT = ['get', 'fresh', 'slow'] as const

/**
 * Runs `work`, in which machines fail, and fails unless everything that may be repeated got its answer. Of orders none
 * may be done twice, and none that was answered may be missing.
 */
export async function losesNothingIdempotent(
  t: TestContext,
  subject: Subject,
  work: () => Promise<void>,
  load = MODEST,
): Promise<LoadReport> {
  const report = await underLoad(subject, load, work)
  tell(t, report)
  const lost = Object.fromEntries(IDEMPOTENT.map((kind) => [kind, report.byKind[kind]?.lost ?? 0]))
  const shown = JSON.stringify(report.losses.slice(0, 20), null, 1)
  assert.deepEqual(lost, { get: 0, fresh: 0, slow: 0 }, `lost:\n${shown}`)
  assert.deepEqual(checkPosts(report, await subject.ordersDone()), { missing: [], doubled: [] })
  return report
}
