import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { checkPosts, type LoadOptions, type LoadReport, startLoad } from '../load/index.ts'
import type { Subject } from './subject.ts'

/** All kinds at once, a thousand requests a second together. */
export const FULL: Omit<LoadOptions, 'url' | 'host'> = {
  rates: { get: 720, post: 250, fresh: 100, slow: 3, upload: 2 },
  slowMs: 1_000,
  streams: { websocket: 10, events: 5 },
}

/** Of each kind a little: for tests that are about something else than quantity. */
export const LIGHT: Omit<LoadOptions, 'url' | 'host'> = {
  rates: { get: 150, post: 50, fresh: 20, slow: 2, upload: 1 },
  slowMs: 1_000,
  streams: { websocket: 4, events: 2 },
}

/** Runs `work` while the subject is under load, and returns what became of every request. */
export async function underLoad(
  subject: Subject,
  load: Omit<LoadOptions, 'url' | 'host'>,
  work: () => Promise<void>,
): Promise<LoadReport> {
  const running = await startLoad({ url: subject.server.url, host: subject.app.host, ...load })
  try {
    await work()
  } finally {
    await running.stop()
  }
  return running.ended
}

/** The same, and fails unless every request got its answer and every POST was done exactly once. */
export async function losesNothing(
  t: TestContext,
  subject: Subject,
  load: Omit<LoadOptions, 'url' | 'host'>,
  work: () => Promise<void>,
): Promise<LoadReport> {
  const report = await underLoad(subject, load, work)
  tell(t, report)
  assert.deepEqual(report.byCause, {}, `lost:\n${JSON.stringify(report.losses.slice(0, 20), null, 1)}`)
  const bad = Object.keys(report.byStatus).filter((status) => Number(status) >= 400)
  assert.deepEqual(bad, [], `answers with an error: ${JSON.stringify(report.byStatus)}`)
  await ordersDoneOnce(subject, report)
  return report
}

/** Fails unless each order that was answered was carried out exactly once, and each lost one at most once. */
export async function ordersDoneOnce(subject: Subject, report: LoadReport): Promise<void> {
  assert.deepEqual(checkPosts(report, await subject.ordersDone()), { missing: [], doubled: [] })
}

/** One line of figures for whoever reads the test's output. */
export function tell(t: TestContext, report: LoadReport): void {
  const seconds = (report.endedAt - report.startedAt) / 1_000
  const rate = Math.round(report.sent / seconds)
  const releases = Object.keys(report.byRelease).length
  const closed = Object.values(report.streams.closed).reduce((sum, many) => sum + many, 0)
  t.diagnostic(
    `${report.sent} requests (${rate}/s) · ${report.lost} lost · ${releases} releases · ` +
      `p50 ${report.p50} p99 ${report.p99} max ${report.max} ms · ${closed} of ${report.streams.opened} streams closed`,
  )
}
