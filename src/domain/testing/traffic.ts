import type { TrafficReport, TrafficWindow } from '../traffic.ts'

/** A window in which nobody came. */
export const NO_WINDOW: TrafficWindow = {
  ms: 0,
  requests: 0,
  byStatus: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, none: 0 },
  p50: null,
  p99: null,
  max: null,
}

/** What a rollout did to traffic when there was none. */
export const NO_TRAFFIC: TrafficReport = {
  before: NO_WINDOW,
  during: NO_WINDOW,
  after: NO_WINDOW,
  lost: { no_response: 0, cut: 0, bad_gateway: 0, no_instance: 0, timeout: 0 },
  retried: 0,
  redispatched: 0,
  held: { requests: 0, longestMs: 0 },
  streams: { opened: 0, closed: 0 },
  aborted: 0,
  byRelease: {},
  complete: true,
  gaps: [],
  outages: [],
}
