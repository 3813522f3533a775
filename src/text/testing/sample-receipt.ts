import type { InstanceTimes, Receipt } from '../../domain/rollout.ts'
import type { TrafficWindow } from '../../domain/traffic.ts'

function traffic(ms: number, requests: number, latency: [number, number, number] | null): TrafficWindow {
  const [p50, p99, max] = latency ?? [null, null, null]
  const byStatus = { '1xx': 0, '2xx': requests, '3xx': 0, '4xx': 0, '5xx': 0, none: 0 }
  return { ms, requests, byStatus, p50, p99, max }
}

function times(name: string, release: number, at: Partial<InstanceTimes>): InstanceTimes {
  const none = { spawned: null, passing: null, healthy: null, admitted: null }
  const still = { drained: null, idle: null, signalled: null, exited: null }
  return { instance: `${name}-v${release}`, name, release, ...none, ...still, ...at }
}

/** A quiet hand-over from v6 to v7, two instances, nothing lost. */
export const RECEIPT: Receipt = {
  rollout: '0b9e',
  app: 'shop',
  from: 6,
  to: 7,
  outcome: 'succeeded',
  reason: null,
  startedAt: Date.UTC(2026, 0, 2, 3, 4, 5),
  finishedAt: Date.UTC(2026, 0, 2, 3, 4, 17),
  served: 41_280,
  lost: 0,
  traffic: {
    before: traffic(30_000, 30_120, [1.2, 4.1, 12]),
    during: traffic(2000, 1900, [1.3, 4.3, 18.2]),
    after: traffic(10_000, 39_380, [1.2, 4.2, 11.1]),
    lost: { no_response: 0, cut: 0, bad_gateway: 0, no_instance: 0, timeout: 0 },
    retried: 0,
    redispatched: 0,
    held: { requests: 0, longestMs: 0 },
    streams: { opened: 0, closed: 0 },
    aborted: 0,
    byRelease: { '6': 1100, '7': 40_180 },
    complete: true,
    gaps: [],
    outages: [],
  },
  instances: [
    times('web.1', 6, { drained: 1100, idle: 1160, signalled: 11_200, exited: 11_400 }),
    times('web.1', 7, { spawned: 0, passing: 600, healthy: 800, admitted: 1000 }),
    times('web.2', 6, { drained: 2000, idle: 2400, signalled: 11_200, exited: 12_000 }),
    times('web.2', 7, { spawned: 0, passing: 700, healthy: 1100, admitted: 2000 }),
  ],
  overheadMs: 384,
}

/** A hand-over that went wrong in every way that a receipt knows. */
export const LOSSY: Receipt = {
  ...RECEIPT,
  outcome: 'returned',
  reason: 'web.1 crashed in the bake with exit code 1.',
  served: 41_273,
  lost: 7,
  traffic: {
    ...RECEIPT.traffic,
    lost: { no_response: 5, cut: 2, bad_gateway: 0, no_instance: 0, timeout: 0 },
    retried: 3,
    redispatched: 2,
    held: { requests: 12, longestMs: 340 },
    streams: { opened: 4, closed: 2 },
    aborted: 1,
    complete: false,
    gaps: ['the control plane was down for 1.2 s'],
    outages: [{ from: Date.UTC(2026, 0, 2, 3, 4, 6), ms: 812 }],
  },
}

/** A receipt as the API sends it. */
export function wireReceipt(receipt: Receipt): unknown {
  const { traffic, instances, startedAt, finishedAt, overheadMs, ...rest } = receipt
  const { byRelease, held, ...counts } = traffic
  const window = ({ byStatus, ...others }: TrafficWindow) => ({ ...others, by_status: byStatus })
  return {
    ...rest,
    started_at: new Date(startedAt).toISOString(),
    finished_at: new Date(finishedAt).toISOString(),
    overhead_ms: overheadMs,
    instances,
    traffic: {
      ...counts,
      before: window(traffic.before),
      during: window(traffic.during),
      after: window(traffic.after),
      held: { requests: held.requests, longest_ms: held.longestMs },
      by_release: byRelease,
      outages: traffic.outages.map(({ from, ms }) => ({ from: new Date(from).toISOString(), ms })),
    },
  }
}
