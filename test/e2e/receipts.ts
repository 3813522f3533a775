import assert from 'node:assert/strict'
import { until } from '../harness/index.ts'
import { type LoadOptions, type LoadReport, type LossCause, startLoad } from '../load/index.ts'
import type { Behaviour, Subject } from './subject.ts'

/** A receipt as the API tells it. */
interface ReceiptView {
  readonly served: number
  readonly lost: number
  readonly outcome: string
  readonly traffic: {
    readonly before: WindowView
    readonly during: WindowView
    readonly after: WindowView
    readonly lost: Readonly<Record<string, number>>
    readonly streams: { readonly opened: number; readonly closed: number }
    readonly outages: readonly { readonly ms: number }[]
    readonly complete: boolean
    readonly gaps: readonly string[]
  }
}

interface WindowView {
  readonly requests: number
  readonly by_status: Readonly<Record<string, number>>
}

/** What a deploy under watch needs: the new instances boot slowly enough for the load to begin before they serve. */
const BOOT_MS = 1_500
/** Long enough for a load that ends at the switch to end before the rollout does. */
const BAKE_SECONDS = { switch: 6, end: 1 }
const SWITCH_MS = 60_000

export interface Watched {
  readonly receipt: ReceiptView
  readonly report: LoadReport
}

export interface Watch {
  readonly behaviour?: Behaviour
  /** Runs after the load has begun, before the new instances are ready. */
  readonly meanwhile?: () => Promise<void>
  /** When the load ends: at the switch (then both have counted the same requests), or with the rollout. */
  readonly until?: 'switch' | 'end'
}

/** Deploys with a load that begins after the receipt was opened, so that no loss is outside of it. */
export async function watchedDeploy(
  subject: Subject,
  load: Omit<LoadOptions, 'url' | 'host'>,
  watch: Watch = {},
): Promise<Watched> {
  const slow = { BEHAVIOUR: 'slow-boot', BOOT_MS, ...watch.behaviour }
  const source = await subject.source(slow, { bake_seconds: BAKE_SECONDS[watch.until ?? 'switch'] })
  await subject.app.must(['deploy', source, '--detach'])
  const id = await until('a rollout that runs', async () => {
    const [newest] = await subject.app.rollouts()
    return newest?.status === 'running' && (await has(subject, newest.id, 'open-receipt')) ? newest.id : null
  })
  const running = await startLoad({ url: subject.server.url, host: subject.app.host, ...load })
  try {
    await watch.meanwhile?.()
    if (watch.until === 'end') await subject.app.settled()
    else await until('the switch', () => isSwitched(subject, id), SWITCH_MS)
  } finally {
    await running.stop()
  }
  const early = await subject.server.get(`/tasuki/rollouts/${id}`)
  if (watch.until !== 'end') assert.equal(early.status, 'running', 'the load ends before the rollout')
  await subject.app.settled()
  const { receipt } = await subject.server.get(`/tasuki/rollouts/${id}`)
  return { receipt, report: await running.ended }
}

/** Throws when the rollout goes back instead: then there will be none. */
async function isSwitched(subject: Subject, id: string): Promise<boolean> {
  const { reason } = await subject.server.get(`/tasuki/rollouts/${id}`)
  if (reason) throw new Error(`the rollout goes back: ${reason}`)
  return has(subject, id, 'mark-switched')
}

async function has(subject: Subject, rollout: string, kind: string): Promise<boolean> {
  const journal: { kind: string; state: string }[] = await subject.server.get(
    `/tasuki/rollouts/${rollout}/journal`,
  )
  return journal.some((entry) => entry.kind === kind && entry.state === 'done')
}

/** The client's causes, counted as the receipt names them. */
function asReceiptCauses(report: LoadReport): Record<string, number> {
  const { byCause } = report
  const of = (...causes: readonly LossCause[]) =>
    causes.reduce((sum, cause) => sum + (byCause[cause] ?? 0), 0)
  return {
    cut: of('cut', 'malformed'),
    // Without an answer from an instance the router gives a 502 or 503, or, on a kept-alive connection, ends that.
    no_answer: of('http_502', 'http_503', 'closed', 'reset'),
    timeout: of('http_504'),
    other: of('refused', 'timeout', 'corrupt'),
  }
}

/** Fails unless the receipt is complete and names exactly the losses that the client counted. */
export function assertSameLosses({ receipt, report }: Watched): void {
  const { lost, complete, gaps } = receipt.traffic
  assert.deepEqual(gaps, [])
  assert.equal(complete, true)
  // The client can not always tell the first three apart; but each 503 that it got is named as one.
  const { no_response = 0, bad_gateway = 0, no_instance = 0, cut, timeout } = lost
  const named = { cut, no_answer: no_response + bad_gateway + no_instance, timeout, other: 0 }
  assert.deepEqual(named, asReceiptCauses(report))
  assert.ok(no_instance >= (report.byCause.http_503 ?? 0), 'each 503 is named')
  assert.equal(receipt.lost, report.lost)
}

/** Fails unless receipt and client have counted the same requests, by class of status. */
export function assertSameCounts({ receipt, report }: Watched): void {
  const { during, after } = receipt.traffic
  const plain = (kind: string) => kind !== 'websocket' && kind !== 'events'
  const sent = Object.entries(report.byKind).filter(([kind]) => plain(kind))
  const expected = sent.reduce((sum, [, counts]) => sum + counts.sent, 0)
  assert.equal(during.requests + after.requests, expected)
  assert.equal(receipt.traffic.streams.opened, report.streams.opened)
}
